import type { State } from '../state/state.ts';
import type { KnownHealth } from './health-news.ts';
import type { Loaded } from './ports.ts';

export type Remarks = Readonly<
  Partial<Record<'configuration' | 'notification' | 'metrics' | 'check' | 'action' | 'cluster', string | undefined>>
>;

/** What the loop carries from one turn to the next. */
export interface Memory {
  readonly loaded: Loaded;
  /** Health as it was told last; undefined before the first check, which finds it in the state. */
  readonly known: KnownHealth | undefined;
  readonly standbyProblem: string | undefined;
  /** What the status line has to say besides the node's health: a refused configuration, a notification that failed. */
  readonly remarks: Remarks;
  /** Checks since the start; one that found another certmend at work is none. */
  readonly count: number;
  readonly line: string;
  /** As it was saved by the last check that found a node. */
  readonly shown: State | undefined;
}
