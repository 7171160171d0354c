import { reasons as reasonTable, type SaidReason } from '../reason.ts';
import { instant } from '../time/rfc3339.ts';
import type { DecideInput } from './decide-input.ts';
import type { Plan } from './plan.ts';
import { reasonsOf } from './plan-reasons.ts';

/**
 * The plan on a clock that is not believed: none, with the reason (P5). If the clock was set back behind the set that is
 * live, the previous set is offered at once (architecture, Clock): bringing it back is a person's decision, since certmend cannot
 * tell whether the clock was wrong then or is wrong now.
 */
export function deferred(input: DecideInput): Plan {
  const { findings } = input.assessment;
  const clock = findings.filter(({ code }) => reasonTable[code].about === 'clock');
  const authorities = findings.filter(({ code, severity }) => code === 'AuthorityExpired' && severity === 'critical');
  const offer = offerOf(input);
  return {
    decision: 'deferred',
    actions: [],
    source: { kind: 'none' },
    reasons: [...reasonsOf(clock), ...(offer === undefined ? [] : [offer]), ...reasonsOf(authorities)],
  };
}

function offerOf({ assessment, previous, now }: DecideInput): SaidReason | undefined {
  const ahead = assessment.findings.find(({ code }) => code === 'LeafNotYetValid');
  if (ahead === undefined || previous === undefined) return undefined;
  if (now < previous.notBefore || now > previous.notAfter) return undefined;
  const { generation, notAfter } = previous;
  const message =
    `the set in use is not valid yet by this clock; if the clock is right, generation ${generation} is valid until ` +
    `${instant(notAfter)}: certmend rollback ${generation} --yes`;
  return { code: 'LeafNotYetValid', id: ahead.id, message };
}
