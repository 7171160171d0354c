import type { ReasonCode } from '../../reason.ts';
import { durationText, wholeSeconds } from '../../time/span.ts';
import { instantOf, rfc3339 } from '../../time/rfc3339.ts';
import { paint, printable, type Ink, type Paper } from '../../terminal/paper.ts';
import { headLine } from '../../terminal/report-lines.ts';
import { apiVersion, type DocumentHeader } from '../document.ts';

/** What the cluster was told of this node, for `cluster status`. Null where nothing is known. */
export interface ClusterStatus extends DocumentHeader<'ClusterStatus'> {
  readonly at: string;
  readonly root: string;
  /** As it is configured. */
  readonly report: 'off' | 'node' | 'certificates';
  /**
   * `told`: the last report came to its end; `waiting`: there was none yet; `failing`: something is in its way; `off`: nothing is
   * told.
   */
  readonly state: 'off' | 'told' | 'waiting' | 'failing';
  /** Under which the cluster knows it. */
  readonly nodeName: string | null;
  /** When a report last came to its end. */
  readonly toldAt: string | null;
  /** When all of it was last compared with what the API server has. */
  readonly comparedAt: string | null;
  /** NodeCertificates of this node. */
  readonly objects: number;
  /** Why what is remembered cannot be read: then nothing is known. */
  readonly unread: string | null;
  /** Series of Events that are not over. */
  readonly open: readonly string[];
  readonly failure: {
    readonly code: ReasonCode;
    readonly message: string;
    readonly hint: string | null;
    readonly since: string;
    readonly lastAt: string;
    readonly attempts: number;
  } | null;
}

/** As `cluster/memory.ts` keeps it, as far as it is shown. */
interface Remembered {
  readonly level: 'node' | 'certificates';
  readonly nodeName: string;
  readonly comparedAt: string;
  readonly toldAt: string | null;
  readonly objects: number;
  readonly series: Readonly<Record<string, unknown>>;
  readonly failed: NonNullable<ClusterStatus['failure']> | null;
}

/** @param input.now milliseconds since the epoch */
export function clusterStatus(input: {
  readonly setting: ClusterStatus['report'];
  readonly memory: Remembered | undefined;
  readonly unread: string | undefined;
  readonly now: number;
  readonly root: string;
}): ClusterStatus {
  const { setting, memory, unread, now, root } = input;
  return {
    apiVersion,
    kind: 'ClusterStatus',
    at: rfc3339(now),
    root,
    report: setting,
    state: stateOf(setting, memory),
    nodeName: memory?.nodeName ?? null,
    toldAt: memory?.toldAt ?? null,
    comparedAt: memory === undefined || memory.toldAt === null ? null : memory.comparedAt,
    objects: memory?.objects ?? 0,
    unread: unread ?? null,
    open: Object.keys(memory?.series ?? {}),
    failure: memory?.failed ?? null,
  };
}

function stateOf(setting: ClusterStatus['report'], memory: Remembered | undefined): ClusterStatus['state'] {
  if (setting === 'off') return 'off';
  if (memory === undefined || (memory.level !== setting && memory.failed === null)) return 'waiting';
  if (memory.failed !== null) return 'failing';
  return 'told';
}

const inks = { off: 'faint', told: 'green', waiting: 'yellow', failing: 'yellow' } as const satisfies Readonly<
  Record<ClusterStatus['state'], Ink>
>;

const heads = {
  off: 'off',
  told: 'the cluster knows',
  waiting: 'not known to be told',
  failing: 'the cluster cannot be told',
} as const;

export function clusterText(report: ClusterStatus, paper: Paper): string {
  const { state, failure, toldAt, at } = report;
  const now = instantOf(at) ?? 0;
  const facts = state === 'off' ? ['cluster.report is off'] : [`cluster.report: ${report.report}`];
  const ago = (instant: string): string =>
    `${wholeSeconds(instant)} (${durationText(now - (instantOf(instant) ?? now))} ago)`;
  const rows: (readonly [string, string])[] = [
    ...(report.nodeName === null ? [] : [['node', report.nodeName] as const]),
    ...(state === 'off' && toldAt === null ? [] : [['last told', toldAt === null ? 'never' : ago(toldAt)] as const]),
    ...(report.comparedAt === null ? [] : [['compared', ago(report.comparedAt)] as const]),
    ...(report.objects === 0 ? [] : [['objects', `${String(report.objects)} NodeCertificates`] as const]),
    ...(report.open.length === 0 ? [] : [['events', `repeated: ${report.open.join(', ')}`] as const]),
    ...(failure === null
      ? []
      : [
          ['in the way', `${failure.code}: ${failure.message}`] as const,
          [
            'tried',
            `${String(failure.attempts)} times since ${ago(failure.since)}, last ${ago(failure.lastAt)}`,
          ] as const,
        ]),
  ];
  const lines = rows.map(([name, value]) => `  ${paint(name.padEnd(11), 'faint', paper)} ${printable(value)}\n`);
  const next = nextStep(report);
  return `${headLine(heads[state], inks[state], facts, paper)}${lines.join('')}${next === '' ? '' : `  ${printable(next)}\n`}`;
}

function nextStep({ state, failure, unread }: ClusterStatus): string {
  if (unread !== null) return `${unread}; run certmend as root`;
  if (state === 'off') return 'to switch it on: docs/cluster.md';
  if (state === 'waiting') return 'the daemon tells it within a minute of its next check: systemctl status certmend';
  return failure?.hint ?? '';
}
