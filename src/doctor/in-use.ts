import { inUseClause } from '../assess/in-use.ts';
import type { Survey } from '../survey/survey.ts';
import { ill, well, type Examined } from './examined.ts';

/** Does what runs serve what is on disk? Nothing where nobody answers. What is old and still lasts is no fault yet. */
export function inUse({ assessment, layout }: Pick<Survey, 'assessment' | 'layout'>): readonly Examined[] {
  const served = assessment.rows.flatMap((row) =>
    row.served === undefined ? [] : [{ id: row.id, current: row.served.current }],
  );
  const ending = assessment.findings.filter(({ code }) => code === 'ServedExpiring');
  if (ending.length > 0) {
    const level = ending.some(({ severity }) => severity === 'critical') ? 'critical' : 'warning';
    // The command that the messages end with is the hint here.
    const told = ending.map(({ message }) => message.replace(/: systemctl restart \S+$/, ''));
    return [ill('in-use', level, told.join('; '), `systemctl restart ${layout.unit}`)];
  }
  return served.length === 0 ? [] : [well('in-use', inUseClause(served))];
}
