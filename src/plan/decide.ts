import type { DecideInput } from './decide-input.ts';
import { applyBrake, applyPause, brakeEngaged, brakeMessage } from './rate-limit.ts';
import { decideByItself, mendByItself } from './decide-by-itself.ts';
import { decideOnRequest } from './decide-on-request.ts';
import { deferred } from './deferred.ts';
import type { Plan } from './plan.ts';

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
