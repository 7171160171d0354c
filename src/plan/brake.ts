import { dayMs, instant } from '../assess/figures.ts';
import type { BrakeState } from './plan.ts';

/**
 * Has this node had all the commits that a day may have (P8)? Those count that lie less than a day from `now`, on either
 * side: a clock that was set back some hours must not open the way for more, and one that ran years ahead must not keep
 * a node from being healed until time catches up. Whatever the clock does, no 24 hours of it have more commits.
 * @param now milliseconds since the epoch, on a clock that is believed
 */
export function brakeEngaged(brake: BrakeState, now: number): boolean {
  return countedCommits(brake.commits, now).length >= brake.maxCommitsPerDay;
}

/** One sentence: how many, how many are allowed, until when. */
export function brakeMessage(brake: BrakeState, now: number): string {
  const counted = countedCommits(brake.commits, now);
  // Each commit stops to count a day after it: one of these instants is the first without the brake.
  const released = brake.commits
    .map((at) => at + dayMs)
    .filter((at) => at > now)
    .toSorted((left, right) => left - right)
    .find((at) => !brakeEngaged(brake, at));
  const until = released === undefined ? 'until more are allowed' : `until ${instant(released)}`;
  return `${counted.length} commits within 24 hours, and ${brake.maxCommitsPerDay} are allowed: nothing is changed ${until}, unless a person asks for it (certmend rotate)`;
}

/** The commits that count for the brake. @param now milliseconds since the epoch, as are the commits */
export function countedCommits(commits: readonly number[], now: number): readonly number[] {
  return commits.filter((at) => Math.abs(now - at) < dayMs);
}
