import { jsonText } from '../disk/json-text.ts';
import type { State } from '../state/state.ts';
import { healthChangeDocument } from './health-change.ts';
import type { KnownHealth } from './health-news.ts';

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
