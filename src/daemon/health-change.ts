import type { HealthLevel } from '../assess/assessment.ts';
import type { ReasonCode } from '../reason.ts';
import { rfc3339 } from '../state/rfc3339.ts';
import type { State, StateNode } from '../state/state.ts';
import { apiVersion, type DocumentHeader } from '../report/document.ts';
import { statusLine } from '../report/status-line.ts';

/** What the program of `notify.exec` reads on its standard input. */
export interface HealthChange extends DocumentHeader<'HealthChange'> {
  readonly at: string;
  readonly node: StateNode;
  /** The line of `systemctl status certmend`. */
  readonly line: string;
  readonly before: {
    readonly level: HealthLevel;
    readonly reasons: readonly { readonly code: ReasonCode; readonly id: string | null }[];
  };
  readonly health: State['health'];
}

/** @param input.now milliseconds since the epoch */
export function healthChangeDocument(input: {
  readonly now: number;
  readonly state: State;
  readonly before: HealthChange['before'];
}): HealthChange {
  const { now, state, before } = input;
  return {
    apiVersion,
    kind: 'HealthChange',
    at: rfc3339(now),
    node: state.node,
    line: statusLine(state, now),
    before,
    health: state.health,
  };
}
