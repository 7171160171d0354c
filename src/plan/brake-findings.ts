import type { Finding } from '../assess/assessment.ts';
import { brakeEngaged, brakeMessage, brakeNearMessage, countedCommits } from './brake.ts';
import type { BrakeState } from './plan.ts';

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
