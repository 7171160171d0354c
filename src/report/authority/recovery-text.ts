import { type Paper, printable } from '../../terminal/paper.ts';
import { headLine, rootFact, wrap } from '../../terminal/report-lines.ts';
import type { RecoveryReport } from './recovery.ts';

const verdicts: Readonly<
  Record<RecoveryReport['decision'], readonly [text: string, ink: 'green' | 'yellow' | undefined]>
> = {
  recovered: ['recovered', 'green'],
  'would-recover': ['would recover', 'yellow'],
  'nothing-to-do': ['nothing to do', 'green'],
  undone: ['undone', 'green'],
  'statement-written': ['statement written', 'yellow'],
  'would-write-statement': ['would write a statement', 'yellow'],
};

export function recoveryText(report: RecoveryReport, paper: Paper): string {
  const { decision, layout, nodeName, root, authorities, writes, original, statement, datastore, tokenCaHash } = report;
  const [verdict, ink] = verdicts[decision];
  const head = headLine(
    verdict,
    ink,
    [nodeName === '' ? layout : `${layout} on ${nodeName}`, ...rootFact(root), report.at],
    paper,
  );
  const lines: (readonly [name: string, text: string])[] = [
    ...authorities.flatMap(({ id, certificates }) =>
      certificates.map(
        ({ subject, notAfter, notAfterOld }) =>
          [
            id,
            `${subject}: ${notAfterOld.slice(0, 10)} becomes ${notAfter.slice(0, 10)}, same key, same name`,
          ] as const,
      ),
    ),
    ...(datastore === null ? [] : [['datastore', `${datastore.kind}, ${datastore.key}`] as const]),
    ...writes.map(
      ({ path, what, offset, length }) =>
        [
          'writes',
          offset === null
            ? `${path}: ${what} (${String(length)} bytes)`
            : `${path}: bytes ${String(offset)} to ${String(offset + length - 1)}, ${what}`,
        ] as const,
    ),
    ...(original === null ? [] : [['original', original] as const]),
    ...(statement === null ? [] : [['statement', statement] as const]),
    ...(tokenCaHash === null ? [] : [['token', `the CA hash in a full token becomes ${tokenCaHash}`] as const]),
    ...report.notes.map((note) => ['note', note] as const),
    ...report.next.map((step, index) => [index === 0 ? 'next' : '', `${String(index + 1)}. ${step}`] as const),
  ];
  const indent = Math.max(0, ...lines.map(([name]) => name.length)) + 4;
  const width = (paper.columns ?? Infinity) - indent;
  const body = lines.map(
    ([name, text]) => `  ${name.padEnd(indent - 3)} ${wrap(printable(text), width, ' '.repeat(indent))}\n`,
  );
  return `${head}${lines.length === 0 ? '' : '\n'}${body.join('')}`;
}
