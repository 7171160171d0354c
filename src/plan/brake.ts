import { dayMs, instant } from '../assess/figures.ts';
import type { BrakeState } from './plan.ts';

/**
 * Has this node had all the commits that a day may have (P8)? Commits that lie in the future of `now` count too: a clock
 * that was set back must not open the way for more.
 * @param now milliseconds since the epoch
 */
export function brakeEngaged(brake: BrakeState, now: number): boolean {
  return recentCommits(brake, now).length >= brake.maxCommitsPerDay;
}

/** One sentence: how many, how many are allowed, until when. */
export function brakeMessage(brake: BrakeState, now: number): string {
  const recent = recentCommits(brake, now);
  const allowed = brake.maxCommitsPerDay;
  // Released when so many have aged that one fewer than allowed is left.
  const last = recent.toSorted((left, right) => right - left)[allowed - 1];
  const until = last === undefined ? 'until more are allowed' : `until ${instant(last + dayMs)}`;
  return `${recent.length} commits in the last 24 hours, and ${allowed} are allowed: nothing is changed ${until}, unless a person asks for it (certmend rotate)`;
}

function recentCommits(brake: BrakeState, now: number): readonly number[] {
  return brake.commits.filter((at) => at > now - dayMs);
}
