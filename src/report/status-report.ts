import type { HealthLevel } from '../assess/assessment.ts';
import { countedCommits } from '../plan/brake.ts';
import type { ReasonCode } from '../reason.ts';
import { instantOf, rfc3339 } from '../state/rfc3339.ts';
import type { GenerationReference, State, StateEvent, StateNode } from '../state/state.ts';
import { apiVersion, type DocumentHeader } from './document.ts';
import { certificateCount, nextEnd } from './next-end.ts';
import { statusLine } from './status-line.ts';

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
    readonly reasons: readonly { readonly code: ReasonCode; readonly id: string | null; readonly message: string }[];
  } | null;
  readonly lastCheck: string | null;
  /** Why what is remembered cannot be read: then nothing is known of generations, brake and events. */
  readonly unread: string | null;
  readonly certificates: number;
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
