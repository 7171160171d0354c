import { isEndOfLeaf } from '../assess/rules/restart.ts';
import type { Assessment } from '../assess/assessment.ts';
import type { Explanation } from '../assess/explain.ts';
import type { Entry } from '../layout/entry.ts';
import { isOfAgentPart } from '../layout/written-files.ts';
import type { Plan } from '../plan/plan.ts';
import { rfc3339, instantOf } from '../time/rfc3339.ts';
import { apiVersion, type DocumentHeader } from './document.ts';
import { liveText, type LiveReport } from './live.ts';
import { durationText, wholeSeconds } from '../time/span.ts';
import { paint, type Ink, type Paper, printable } from '../terminal/paper.ts';

/** The decision about one entry: what was asked, with which figures, what came out, and what would be done. */
export interface WhyReport extends DocumentHeader<'Explanation'> {
  readonly at: string;
  readonly root: string;
  readonly id: string;
  readonly entryKind: string;
  readonly path: string;
  readonly consumer: string | null;
  /** What certmend may do with the file, by the layout. */
  readonly writing:
    'protected' | 'reissued-by-the-product' | 'signed-by-a-server' | 'issued-by-certmend' | 'never-written';
  readonly status: string | null;
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  readonly rules: readonly {
    readonly rule: string;
    readonly asks: string;
    readonly outcome: string;
    readonly code: string | null;
    readonly inputs: Readonly<Record<string, string>>;
  }[];
  readonly findings: readonly {
    readonly code: string;
    readonly severity: string;
    readonly message: string;
    readonly answer: string;
  }[];
  /** What the plan of this moment would do with it. */
  readonly actions: readonly { readonly kind: string; readonly reason: string }[];
  readonly clock: { readonly believed: boolean; readonly evidence: readonly string[] };
  readonly next: { readonly at: string; readonly what: string } | null;
  /** What is done is done at a start of this unit … */
  readonly unit: string;
  /** … unless the daemon renews it while the unit runs; null for what it does not renew, and while the unit is down. */
  readonly liveRenewal: LiveReport | null;
  /** … and it runs, and has to be restarted before this instant, when this very entry ends; null when it has not. */
  readonly restartBefore: string | null;
}

export function whyReport(input: {
  readonly root: string;
  readonly explanation: Explanation;
  readonly entry: Entry | undefined;
  readonly plan: Plan;
  readonly assessment: Assessment;
  readonly unit: string;
  readonly liveRenewal?: LiveReport | undefined;
  readonly agentRenewal?: LiveReport | undefined;
}): WhyReport {
  const { root, explanation, entry, plan, assessment, unit } = input;
  const { id, kind, path, rules, findings, row, nextDue } = explanation;
  return {
    apiVersion,
    kind: 'Explanation',
    at: rfc3339(assessment.now),
    root,
    id,
    entryKind: kind,
    path,
    consumer: entry?.consumer ?? null,
    writing: writingOf(entry),
    status: row?.status ?? null,
    subject: row?.subject ?? null,
    issuer: row?.issuer ?? null,
    notBefore: row?.notBefore === undefined ? null : rfc3339(row.notBefore),
    notAfter: row?.notAfter === undefined ? null : rfc3339(row.notAfter),
    rules: rules.map(({ rule, asks, outcome, code, inputs }) => ({ rule, asks, outcome, code: code ?? null, inputs })),
    findings: findings.map(({ code, severity, message, answer }) => ({ code, severity, message, answer })),
    actions: plan.actions
      .filter((action) => action.id === id)
      .map(({ kind: action, reason }) => ({ kind: action, reason })),
    clock: { believed: assessment.clock.believed, evidence: assessment.clock.evidence },
    next: nextDue === undefined ? null : { at: rfc3339(nextDue.at), what: nextDue.what },
    unit,
    liveRenewal: entry === undefined ? null : (liveOf(entry, input) ?? null),
    restartBefore: restartBefore(explanation, assessment),
  };
}

function liveOf(
  entry: Entry,
  { liveRenewal, agentRenewal }: Pick<Parameters<typeof whyReport>[0], 'liveRenewal' | 'agentRenewal'>,
): LiveReport | undefined {
  if (isOfAgentPart(entry)) return agentRenewal;
  return entry.kind === 'leaf' && writingOf(entry) === 'issued-by-certmend' ? liveRenewal : undefined;
}

/** This entry's own end: another one's may come before. */
function restartBefore({ row, findings }: Explanation, { restart }: Assessment): string | null {
  const isDue = findings.some(({ code }) => isEndOfLeaf(code));
  const end = row?.effectiveNotAfter;
  return restart === undefined || !isDue || end === undefined || end < restart.before ? null : rfc3339(end);
}

function writingOf(entry: Entry | undefined): WhyReport['writing'] {
  if (entry === undefined || entry.protected) return entry === undefined ? 'never-written' : 'protected';
  if (isOfAgentPart(entry)) return 'signed-by-a-server';
  if (entry.reissuedAtStart) return 'reissued-by-the-product';
  return entry.kind === 'leaf' || (entry.kind === 'kubeconfig' && entry.writable)
    ? 'issued-by-certmend'
    : 'never-written';
}

const writingText: Readonly<Record<WhyReport['writing'], string>> = {
  protected: 'protected: certmend never writes it',
  'reissued-by-the-product': 'the product recreates it at each start; certmend leaves it alone',
  'signed-by-a-server':
    'the product recreates it at each start; while it runs, certmend has a server of the cluster sign a new one',
  'issued-by-certmend': 'certmend may replace it',
  'never-written': 'certmend watches it and never writes it',
};

const nextText: Readonly<Record<string, string>> = {
  valid: 'becomes valid',
  renewal: 'enters the renewal window',
  warning: 'becomes a warning',
  critical: 'becomes critical',
  end: 'expires',
};

const outcomeInk: Readonly<Record<string, Ink>> = { passed: 'green', finding: 'red', skipped: 'faint' };

/** What would be done has a place in time: a start of the unit, and for one that runs a term. */
function when({ actions, unit, restartBefore, at }: WhyReport): readonly string[] {
  if (restartBefore !== null) {
    const now = instantOf(at) ?? 0;
    const before = instantOf(restartBefore) ?? now;
    const term = before < now ? 'now' : `before ${wholeSeconds(restartBefore)} (${durationText(before - now)})`;
    return [`  when: at the next start of ${printable(unit)}, which is running: restart it ${term}\n`];
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
    ...(report.liveRenewal === null
      ? []
      : [`  while the service runs: ${liveText(report.liveRenewal, instantOf(report.at) ?? 0)}\n`]),
    ...(report.clock.believed ? [] : [`  the clock is not believed: ${report.clock.evidence[0] ?? 'no evidence'}\n`]),
    ...(report.next === null
      ? []
      : [`  next: ${report.next.at}, when it ${nextText[report.next.what] ?? report.next.what}\n`]),
  ].join('');
}
