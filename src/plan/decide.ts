import type { Assessment } from '../assess/assessment.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { applyBrake, applyPause, brakeEngaged, brakeMessage } from './rate-limit.ts';
import { decideByItself, mendByItself } from './decide-by-itself.ts';
import { decideOnRequest } from './decide-on-request.ts';
import { deferred } from './deferred.ts';
import type { BrakeState, Plan, StandbyVerdict } from './plan.ts';

/** Everything a decision rests on. Times in milliseconds since the epoch. */
export interface DecideInput {
  readonly inventory: Inventory;
  readonly assessment: Assessment;
  readonly standby: StandbyVerdict;
  readonly brake: BrakeState;
  readonly now: number;
  readonly renewBeforeDays: number;
  /** The set that was live before this one, when it is still there. */
  readonly previous?: PreviousSet | undefined;
  /** `--repair-bootstrap`: damaged files of the bootstrap set are taken away. */
  readonly bootRepair?: boolean | undefined;
  readonly request?: RotationRequest | undefined;
}

export interface PreviousSet {
  readonly generation: number;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** A person asks for a rotation. */
export interface RotationRequest {
  readonly kind: 'rotate';
  /** Entry ids; empty means every leaf that certmend may write. */
  readonly ids: readonly string[];
  /** New certificates even when a standby is ready (`--reuse-key`). */
  readonly issueAfresh?: boolean | undefined;
}

/**
 * The plan that answers an assessment (architecture, Answers). Pure. In this order:
 *
 * 1. A clock that is not believed defers everything, also what a person asks for (P5): who knows better says so with
 *    `--believe-clock`, and then the clock is believed.
 * 2. A person's request, or what the findings ask for.
 * 3. The brake holds what certmend would do by itself too often (P8). What a person asks for passes, is not counted, and
 *    is recorded with the brake's own reason while it is engaged.
 *
 * @throws CertmendError Usage, ProtectedPath for a request that names what certmend cannot rotate
 */
export function decide(input: DecideInput): Plan {
  if (!input.assessment.clock.believed) return deferred(input);
  if (input.request === undefined) {
    const plan = applyBrake(decideByItself(input), () => mendByItself(input), input.brake, input.now);
    return applyPause(plan, input.brake, input.now);
  }
  const plan = decideOnRequest(input, input.request);
  if (plan.actions.length === 0 || !brakeEngaged(input.brake, input.now)) return plan;
  const brake = { code: 'BrakeEngaged', id: undefined, message: brakeMessage(input.brake, input.now) } as const;
  return { ...plan, reasons: [...plan.reasons, brake] };
}
