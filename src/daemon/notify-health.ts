import { jsonText } from '../disk/json-text.ts';
import type { State, StateNode } from '../state/state.ts';
import type { KnownHealth } from './health-news.ts';
import type { HealthLevel } from '../assess/assessment.ts';
import type { ReasonCode } from '../reason.ts';
import { rfc3339 } from '../time/rfc3339.ts';
import { apiVersion, type DocumentHeader } from '../report/document.ts';
import { statusLine } from '../report/status-line.ts';

/** Hands a change of health to the operator's program. Returns why that failed, or undefined. */
export async function notifyHealth(
  announce: (document: string, signal: AbortSignal) => Promise<string | undefined>,
  change: {
    readonly before: KnownHealth;
    readonly state: State;
    readonly now: number;
    readonly stopping: AbortSignal;
  },
): Promise<string | undefined> {
  const { before, state, now, stopping } = change;
  const document = healthChangeDocument({
    now,
    state,
    before: {
      level: before.level,
      reasons: [...before.reasons.values()].map(({ code, id }) => ({ code, id: id ?? null })),
    },
  });
  return announce(`${jsonText(document)}\n`, stopping);
}

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
