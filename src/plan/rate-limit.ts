import type { SaidReason } from '../reason.ts';
import { instant } from '../time/rfc3339.ts';
import { dayMs } from '../time/units.ts';
import type { BrakeState, Plan } from './plan.ts';
import { unique } from './plan-reasons.ts';
import type { Finding } from '../assess/assessment.ts';

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
  return `certmend rotated the whole set ${used} times on its own within 24 hours (limit ${brake.maxCommitsPerDay}): no more automatic rotations ${until(brake.commits, brake, now)}; to rotate anyway: certmend rotate --yes`;
}

/** The same while one more is allowed. */
export function brakeNearMessage(brake: BrakeState, now: number): string {
  const used = countedCommits(brake.commits, now).length;
  return `certmend rotated the whole set ${used} times on its own within 24 hours (limit ${brake.maxCommitsPerDay}): one more and it stops for the day; find out what undoes its work (certmend status shows the last events)`;
}

/** Has this entry had all the repairs that a day may have? */
export function repairBraked(brake: BrakeState, id: string, now: number): boolean {
  return brakeEngaged({ ...brake, commits: brake.repairs?.get(id) ?? [] }, now);
}

/** One sentence, as `brakeMessage`. */
export function repairBrakeMessage(brake: BrakeState, id: string, now: number): string {
  const repairs = brake.repairs?.get(id) ?? [];
  const used = countedCommits(repairs, now).length;
  return `${id} was repaired ${used} times within 24 hours (limit ${brake.maxCommitsPerDay}): no more automatic repairs ${until(repairs, brake, now)}; find out what damages it`;
}

/** Each commit stops to count a day after it: one of these instants is the first without the brake. */
function until(commits: readonly number[], brake: BrakeState, now: number): string {
  const released = commits
    .map((at) => at + dayMs)
    .filter((at) => at > now)
    .toSorted((left, right) => left - right)
    .find((at) => !brakeEngaged({ ...brake, commits }, at));
  return released === undefined ? 'until the limit allows it' : `until ${instant(released)}`;
}

/** The commits that count for the brake. @param now milliseconds since the epoch, as are the commits */
export function countedCommits(commits: readonly number[], now: number): readonly number[] {
  return commits.filter((at) => Math.abs(now - at) < dayMs);
}

/**
 * What the brake leaves of a plan that certmend made by itself (P8). Whole sets have one budget. A repair has the budget
 * of its own entry: one file that is damaged again and again must not use up what the node needs on the day that its set
 * ends, and is itself mended only so often. So no input makes certmend change the same files without end.
 * @param mend the plan without the rotation: what is damaged is mended although the budget for whole sets is used up
 * @param now milliseconds since the epoch, on a clock that is believed
 */
export function applyBrake(plan: Plan, mend: () => Plan, brake: BrakeState, now: number): Plan {
  if (plan.actions.length === 0) return plan;
  if (plan.decision !== 'rotate') return withoutBraked(plan, brake, now);
  if (!brakeEngaged(brake, now)) return plan;
  const reason = { code: 'BrakeEngaged', id: undefined, message: brakeMessage(brake, now) } as const;
  const rest = withoutBraked(mend(), brake, now);
  return rest.actions.length === 0
    ? refused(unique([reason, ...plan.reasons]))
    : { ...rest, reasons: unique([...rest.reasons, reason, ...plan.reasons]) };
}

function withoutBraked(plan: Plan, brake: BrakeState, now: number): Plan {
  const held = [...new Set(plan.actions.map(({ id }) => id))].filter((id) => repairBraked(brake, id, now));
  if (held.length === 0) return plan;
  const reasons = held.map((id): SaidReason => ({
    code: 'BrakeEngaged',
    id,
    message: repairBrakeMessage(brake, id, now),
  }));
  const actions = plan.actions.filter(({ id }) => !held.includes(id));
  if (actions.length === 0) return refused(unique([...reasons, ...plan.reasons]));
  const source = actions.some(({ kind }) => kind === 'install') ? plan.source : ({ kind: 'none' } as const);
  return { ...plan, actions, source, reasons: unique([...plan.reasons, ...reasons]) };
}

function refused(reasons: readonly SaidReason[]): Plan {
  return { decision: 'refused', actions: [], source: { kind: 'none' }, reasons };
}

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
  const message = `${String(brake.attempts?.length)} attempts in a row failed (certmend status shows the last events): no new attempt before ${instant(until)}; to rotate now: certmend rotate --yes`;
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

/**
 * What the health of the node says of the brake, before it engages and while it does: a node that would not be healed
 * tonight is not well today.
 * @param now milliseconds since the epoch
 */
export function brakeFindings(brake: BrakeState, now: number): readonly Finding[] {
  const used = countedCommits(brake.commits, now).length;
  const isNear = used > 0 && used === brake.maxCommitsPerDay - 1;
  if (!isNear && !brakeEngaged(brake, now)) return [];
  return [
    {
      code: isNear ? 'BrakeNear' : 'BrakeEngaged',
      id: undefined,
      path: undefined,
      severity: 'warning',
      message: isNear ? brakeNearMessage(brake, now) : brakeMessage(brake, now),
      evidence: { rotations: String(used), allowed: String(brake.maxCommitsPerDay) },
      answer: 'none',
    },
  ];
}
