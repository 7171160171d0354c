import { dayMs, instant } from '../assess/figures.ts';
import type { BrakeState } from './plan.ts';

/**
 * Has this node had all the rotations of its own that a day may have (P8)? Those count that lie less than a day from `now`, on either
 * side: a clock that was set back some hours must not open the way for more, and one that ran years ahead must not keep
 * a node from being healed until time catches up. Whatever the clock does, no 24 hours of it have more commits.
 * @param now milliseconds since the epoch, on a clock that is believed
 */
export function brakeEngaged(brake: BrakeState, now: number): boolean {
  return countedCommits(brake.commits, now).length >= brake.maxCommitsPerDay;
}

/** One sentence: how many, how many are allowed, until when. */
export function brakeMessage(brake: BrakeState, now: number): string {
  const used = countedCommits(brake.commits, now).length;
  return `certmend rotated the whole set ${used} times by itself within 24 hours, and ${brake.maxCommitsPerDay} are allowed: it does so no more ${until(brake.commits, brake, now)}, unless a person asks for it (certmend rotate --yes)`;
}

/** The same while one more is allowed. */
export function brakeNearMessage(brake: BrakeState, now: number): string {
  const used = countedCommits(brake.commits, now).length;
  return `certmend rotated the whole set ${used} times by itself within 24 hours, and ${brake.maxCommitsPerDay} are allowed: find out what undoes its work (certmend status has the last events), one more and it stops for the day`;
}

/** Has this entry had all the repairs that a day may have? */
export function repairBraked(brake: BrakeState, id: string, now: number): boolean {
  return brakeEngaged({ ...brake, commits: brake.repairs?.get(id) ?? [] }, now);
}

/** One sentence, as `brakeMessage`. */
export function repairBrakeMessage(brake: BrakeState, id: string, now: number): string {
  const repairs = brake.repairs?.get(id) ?? [];
  const used = countedCommits(repairs, now).length;
  return `${id} was repaired ${used} times within 24 hours, and ${brake.maxCommitsPerDay} are allowed: it is left as it is ${until(repairs, brake, now)}; find out what damages it`;
}

/** Each commit stops to count a day after it: one of these instants is the first without the brake. */
function until(commits: readonly number[], brake: BrakeState, now: number): string {
  const released = commits
    .map((at) => at + dayMs)
    .filter((at) => at > now)
    .toSorted((left, right) => left - right)
    .find((at) => !brakeEngaged({ ...brake, commits }, at));
  return released === undefined ? 'until more are allowed' : `until ${instant(released)}`;
}

/** The commits that count for the brake. @param now milliseconds since the epoch, as are the commits */
export function countedCommits(commits: readonly number[], now: number): readonly number[] {
  return commits.filter((at) => Math.abs(now - at) < dayMs);
}
