import { isDeepStrictEqual } from 'node:util';
import { instantOf } from '../time/rfc3339.ts';
import type { State } from './state.ts';

/**
 * The time of the last check and the high-water mark are brought up to date at least this often, milliseconds. The mark guards
 * against clocks that are off by much more than that; the daemon brings it up to date at each of its checks.
 */
export const leastNews = 24 * 3_600_000;

/**
 * Whether the difference is worth a write at boot. A second start right after the first finds nothing new and writes
 * nothing: the time of the check, the text of messages (they count days) and a high-water mark that moved less than a
 * day are no news.
 * @param now milliseconds since the epoch
 */
export function worthSaving(before: State | undefined, after: State, now: number): boolean {
  if (before === undefined) return true;
  const mark = instantOf(before.clock.highWater);
  const newMark = instantOf(after.clock.highWater);
  // Any step back is news: a mark that lies in the future makes the next right clock look wrong.
  if (newMark !== undefined && (mark === undefined || newMark < mark || newMark - mark >= leastNews)) return true;
  const checked = instantOf(before.lastCheck);
  if (checked === undefined || Math.abs(now - checked) >= leastNews) return true;
  const [past, present] = [lasting(before), lasting(after)];
  // Alike to the letter is the usual case, and the thorough comparison costs a boot hook 2 ms to load.
  return JSON.stringify(past) !== JSON.stringify(present) && !isDeepStrictEqual(past, present);
}

function lasting(state: State): unknown {
  const { health, events } = state;
  return {
    ...state,
    clock: undefined,
    lastCheck: undefined,
    events: events.map((event) => ({ ...event, at: undefined, message: undefined })),
    health: { ...health, reasons: health.reasons.map((reason) => ({ ...reason, message: undefined })) },
  };
}
