import type { CertificateRow, HealthLevel } from '../assess/assessment.ts';
import { inUseClause } from '../assess/in-use.ts';
import { countedCommits } from '../plan/rate-limit.ts';
import type { SaidReason } from '../reason.ts';
import { instantOf, rfc3339 } from '../time/rfc3339.ts';
import type { GenerationReference, State, StateEvent, StateNode } from '../state/state.ts';
import { apiVersion, type DocumentHeader } from './document.ts';
import { liveText, type LiveReport } from './live.ts';
import { certificateCount, nextEnd, statusLine } from './status-line.ts';
import { distanceText, durationText, wholeSeconds } from '../time/span.ts';
import { headLine, reasonLines } from '../terminal/report-lines.ts';
import { paint, type Paper, printable } from '../terminal/paper.ts';
import { renderTable } from '../terminal/table.ts';
import { healthInk } from './check.ts';

/** What certmend remembers of the node, for `status`. Null where nothing is known yet. */
export interface StatusReport extends DocumentHeader<'Status'> {
  readonly at: string;
  readonly root: string;
  /** The line of `systemctl status`. */
  readonly line: string;
  readonly node: StateNode | null;
  readonly health: {
    readonly level: HealthLevel;
    readonly since: string;
    readonly reasons: readonly SaidReason<string | null>[];
  } | null;
  readonly lastCheck: string | null;
  /** Why what is remembered cannot be read: then nothing is known of generations, brake and events. */
  readonly unread: string | null;
  readonly certificates: number;
  /** What answers on the ports of this machine; empty while the service is down, and for another root. */
  readonly served: readonly ServedLeaf[];
  /** What the daemon does about certificates while the service runs; null while it is down, or nobody can tell. */
  readonly liveRenewal: LiveReport | null;
  /** The same for the agent part, which a server of the cluster signs. */
  readonly agentRenewal: LiveReport | null;
  /** How the daemon's last backup went; null where it makes none, or has not yet. */
  readonly backup: ReportedBackup | null;
  /** What ends first. */
  readonly next: { readonly id: string; readonly at: string; readonly residualSeconds: number } | null;
  readonly generations: {
    readonly active: GenerationReference | null;
    readonly standby: GenerationReference | null;
    readonly previous: GenerationReference | null;
  };
  readonly commitsLastDay: number;
  readonly maxCommitsPerDay: number;
  /** What keeps certmend itself from its work on this machine: the daemon, the boot hook. Empty when all is well. */
  readonly machine: readonly MachineFault[];
  /** Newest last. */
  readonly events: readonly StateEvent[];
}

export interface ReportedBackup {
  /** Null when none was made. */
  readonly succeededAt: string | null;
  readonly path: string | null;
  /** Why the last attempt failed. */
  readonly problem: string | null;
}

export interface ServedLeaf {
  readonly id: string;
  /** It is the certificate in the file. */
  readonly current: boolean;
  readonly notAfter: string;
}

export interface MachineFault {
  readonly check: string;
  readonly message: string;
  readonly hint: string | null;
}

/**
 * @param input.now milliseconds since the epoch
 * @param input.state undefined when there is no state file, or none that can be used
 */
export function statusReport(input: {
  readonly state: State | undefined;
  readonly now: number;
  readonly root: string;
  readonly maxCommitsPerDay: number;
  readonly machine?: readonly MachineFault[];
  readonly unread?: string | undefined;
  readonly rows?: readonly CertificateRow[];
  readonly liveRenewal?: LiveReport | undefined;
  readonly agentRenewal?: LiveReport | undefined;
  readonly backup?: ReportedBackup | undefined;
}): StatusReport {
  const { state, now, root, maxCommitsPerDay } = input;
  const next = state === undefined ? undefined : nextEnd(state, now);
  const commits = (state?.brake.commits ?? []).map((commit) => instantOf(commit) ?? 0);
  return {
    apiVersion,
    kind: 'Status',
    at: rfc3339(now),
    root,
    line: statusLine(state, now),
    node: state?.node ?? null,
    health: state?.health ?? null,
    lastCheck: state?.lastCheck ?? null,
    unread: input.unread ?? null,
    certificates: state === undefined ? 0 : certificateCount(state),
    served: (input.rows ?? []).flatMap(({ id, served }) =>
      served === undefined ? [] : [{ id, current: served.current, notAfter: rfc3339(served.notAfter) }],
    ),
    liveRenewal: input.liveRenewal ?? null,
    agentRenewal: input.agentRenewal ?? null,
    backup:
      input.backup === undefined
        ? null
        : { succeededAt: input.backup.succeededAt, path: input.backup.path, problem: input.backup.problem },
    next:
      next === undefined
        ? null
        : { id: next.id, at: rfc3339(next.at), residualSeconds: Math.floor((next.at - now) / 1000) },
    generations: {
      active: state?.generations.active ?? null,
      standby: state?.generations.standby ?? null,
      previous: state?.generations.previous ?? null,
    },
    commitsLastDay: countedCommits(commits, now).length,
    maxCommitsPerDay,
    machine: input.machine ?? [],
    events: state?.events ?? [],
  };
}

const shownEvents = 8;

/** The human form of a `Status`: the one line, the facts behind it, what is wrong, and the last events. */
export function statusText(report: StatusReport, paper: Paper): string {
  const { line, node, health, events, at } = report;
  const now = instantOf(at) ?? 0;
  const [verdict = '', ...parts] = line.split(' · ');
  const head = headLine(verdict, health === null ? undefined : healthInk[health.level], parts, paper);
  if (node === null || health === null) return head;
  const facts = [
    ['node', [node.nodeName, node.layout, node.dataDir].filter((part) => part !== '').join(' · ')],
    ['since', `${wholeSeconds(health.since)} (${durationText(now - (instantOf(health.since) ?? now))})`],
    [
      'last check',
      report.lastCheck === null
        ? 'never'
        : `${wholeSeconds(report.lastCheck)} (${durationText(now - (instantOf(report.lastCheck) ?? now))} ago)`,
    ],
    ['expires', report.next === null ? 'nothing known' : `${report.next.id} · ${dated(report.next.at, now)}`],
    ...(report.served.length === 0 ? [] : [['in use', inUseClause(report.served)] as const]),
    ...(report.liveRenewal === null ? [] : [['renewal', liveText(report.liveRenewal, now)] as const]),
    ...(report.agentRenewal === null ? [] : [['agent part', liveText(report.agentRenewal, now)] as const]),
    ...(report.backup === null ? [] : [['backup', backupClause(report.backup, now)] as const]),
    ...(report.unread === null ? remembered(report, now) : [['memory', report.unread] as const]),
  ] as const;
  const lines = facts
    .map(([name, value]) => `  ${paint(name.padEnd(11), 'faint', paper)} ${printable(value)}\n`)
    .join('');
  const reasons = health.reasons.length === 0 ? '' : `\n${reasonLines(health.reasons, paper)}`;
  const machine = report.machine
    .map(
      ({ check, message, hint }) =>
        `  ${paint(check.padEnd(11), 'yellow', paper)} ${printable(message)}${hint === null ? '' : `; ${printable(hint)}`}\n`,
    )
    .join('');
  return `${head}\n${lines}${machine}${reasons}${eventTable(events, paper)}`;
}

function remembered(report: StatusReport, now: number): readonly (readonly [string, string])[] {
  const { active, standby, previous } = report.generations;
  return [
    ['active', generation(active, now)],
    ['standby', generation(standby, now)],
    ['previous', generation(previous, now)],
    ['brake', `${String(report.commitsLastDay)} of ${String(report.maxCommitsPerDay)} commits in the last day`],
  ];
}

function backupClause({ succeededAt, path, problem }: ReportedBackup, now: number): string {
  const age =
    succeededAt === null
      ? 'none was made yet'
      : `${durationText(now - (instantOf(succeededAt) ?? now))} old · ${path ?? ''}`;
  return problem === null ? age : `FAILED · ${problem} · ${age}`;
}

function dated(instant: string, now: number): string {
  return `${wholeSeconds(instant)} (${distanceText((instantOf(instant) ?? now) - now)})`;
}

function generation(reference: GenerationReference | null, now: number): string {
  if (reference === null) return 'none';
  const end = (instantOf(reference.notAfter) ?? now) - now;
  const validity = end < 0 ? `expired ${durationText(end)} ago` : `expires in ${durationText(end)}`;
  const live = reference.committedAt === null ? [] : [`live since ${wholeSeconds(reference.committedAt)}`];
  return [`generation ${String(reference.number)}`, reference.origin, ...live, validity].join(' · ');
}

function eventTable(events: readonly StateEvent[], paper: Paper): string {
  if (events.length === 0) return '';
  const columns = [{ title: 'TIME' }, { title: 'EVENT', rank: 1 }, { title: 'MESSAGE', least: 40 }];
  const rows = events
    .slice(-shownEvents)
    .map(({ at, event, message }) => [{ text: wholeSeconds(at) }, { text: event }, { text: message }]);
  return `\n${renderTable(columns, rows, paper)}`;
}
