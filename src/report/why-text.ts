import { instantOf } from '../state/rfc3339.ts';
import { durationText, wholeSeconds } from './duration.ts';
import { type Ink, paint, type Paper } from './paper.ts';
import { printable } from './printable.ts';
import type { WhyReport } from './why-report.ts';

const writingText: Readonly<Record<WhyReport['writing'], string>> = {
  protected: 'protected: certmend never writes it',
  'reissued-by-the-product': 'the product makes it anew at each start; certmend leaves it alone',
  'issued-by-certmend': 'certmend may replace it',
  'never-written': 'certmend watches it and does not write it',
};

const nextText: Readonly<Record<string, string>> = {
  valid: 'becomes valid',
  renewal: 'enters the renewal window',
  warning: 'a warning from then on',
  critical: 'critical from then on',
  end: 'expires',
};

const outcomeInk: Readonly<Record<string, Ink>> = { passed: 'green', finding: 'red', skipped: 'faint' };

/** What would be done has a place in time: a start of the unit, and for one that runs a term. */
function when({ actions, unit, restartBefore, at }: WhyReport): readonly string[] {
  if (restartBefore !== null) {
    const now = instantOf(at) ?? 0;
    const before = instantOf(restartBefore) ?? now;
    const term = before < now ? 'now' : `before ${wholeSeconds(restartBefore)} (${durationText(before - now)})`;
    return [`  when: at the next start of ${printable(unit)}, which runs: restart it ${term}\n`];
  }
  return actions.length === 0 ? [] : [`  when: at the next start of ${printable(unit)}\n`];
}

/** The trace for a person: the entry, each question with its answer and figures, what is found, what is done, what is next. */
export function whyText(report: WhyReport, paper: Paper): string {
  const identity = [report.subject, report.issuer === null ? null : `signed by ${report.issuer}`].filter(
    (part) => part !== null,
  );
  const validity = report.notAfter === null ? [] : [`${report.notBefore ?? ''} to ${report.notAfter}`];
  return [
    `${paint(report.id, 'bold', paper)}  ${report.status ?? 'absent'}\n`,
    ...[
      report.path,
      ...identity,
      ...validity,
      `used by ${report.consumer ?? 'unknown'}; ${writingText[report.writing]}`,
    ].map((line) => `  ${printable(line)}\n`),
    '\n',
    ...report.rules.map(({ asks, outcome, code, inputs }) => {
      const figures = Object.entries(inputs).map(([name, value]) => `${name}=${value}`);
      const answer = code ?? outcome;
      return (
        `  ${paint(answer.padEnd(20), outcomeInk[outcome], paper)} ${asks}\n` +
        (outcome === 'skipped' || figures.length === 0
          ? ''
          : `${' '.repeat(23)}${paint(printable(figures.join('  ')), 'faint', paper)}\n`)
      );
    }),
    '\n',
    ...(report.findings.length === 0 ? ['  nothing is wrong with it\n'] : []),
    ...report.findings.map(({ code, severity, message }) => `  ${severity} ${code}: ${printable(message)}\n`),
    `  now: ${report.actions.length === 0 ? 'nothing would be done' : report.actions.map(({ kind, reason }) => `${kind} (${reason})`).join(', ')}\n`,
    ...when(report),
    ...(report.clock.believed ? [] : [`  the clock is not believed: ${report.clock.evidence[0] ?? 'no evidence'}\n`]),
    ...(report.next === null
      ? []
      : [`  next: ${report.next.at}, when it ${nextText[report.next.what] ?? report.next.what}\n`]),
  ].join('');
}
