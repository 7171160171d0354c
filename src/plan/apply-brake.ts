import { brakeEngaged, brakeMessage, repairBraked, repairBrakeMessage } from './brake.ts';
import type { BrakeState, Plan, PlanReason } from './plan.ts';
import { unique } from './plan-reasons.ts';

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
  const reasons = held.map((id): PlanReason => ({
    code: 'BrakeEngaged',
    id,
    message: repairBrakeMessage(brake, id, now),
  }));
  const actions = plan.actions.filter(({ id }) => !held.includes(id));
  if (actions.length === 0) return refused(unique([...reasons, ...plan.reasons]));
  const source = actions.some(({ kind }) => kind === 'install') ? plan.source : ({ kind: 'none' } as const);
  return { ...plan, actions, source, reasons: unique([...plan.reasons, ...reasons]) };
}

function refused(reasons: readonly PlanReason[]): Plan {
  return { decision: 'refused', actions: [], source: { kind: 'none' }, reasons };
}
