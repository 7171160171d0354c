import { instant } from '../assess/figures.ts';
import type { BrakeState, Plan } from './plan.ts';

/** Attempts that may fail one after the other before the next has to wait. */
const freeAttempts = 3;
/** Doubled with each further attempt, up to the longest, milliseconds: a node that can be helped again is helped soon. */
const firstPauseMs = 30_000;
const longestPauseMs = 300_000;

/**
 * Attempts that came to nothing (they failed, or were ended) count too (P13): a service that is started again every five
 * seconds must not wear out its disk with them.
 *
 * @returns the plan, or one that changes nothing until the pause is over
 * @param now milliseconds since the epoch, on a clock that is believed
 */
export function applyPause(plan: Plan, brake: BrakeState, now: number): Plan {
  const until = pausedUntil(brake, now);
  if (until === undefined || plan.actions.length === 0) return plan;
  const message = `${String(brake.attempts?.length)} attempts in a row came to nothing (certmend status has the last events): the next is made from ${instant(until)} on, or when a person asks for it (certmend rotate --yes)`;
  return {
    decision: 'refused',
    actions: [],
    source: { kind: 'none' },
    reasons: [{ code: 'AttemptsPaused', id: undefined, message }, ...plan.reasons],
  };
}

/**
 * The instant from which the next attempt is allowed; undefined when it is now. An attempt that lies in the future was
 * made on a clock that was wrong then or is wrong now, and counts the same.
 */
export function pausedUntil({ attempts = [] }: BrakeState, now: number): number | undefined {
  const last = attempts.at(-1);
  const beyond = attempts.length - freeAttempts;
  if (last === undefined || beyond < 0) return undefined;
  const pauseMs = Math.min(firstPauseMs * 2 ** beyond, longestPauseMs);
  return Math.abs(now - last) < pauseMs ? last + pauseMs : undefined;
}
