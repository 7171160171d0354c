import type { DecideInput, Plan } from './plan.ts';
import { applyBrake, applyPause, brakeEngaged, brakeMessage } from './rate-limit.ts';
import { decideByItself, mendByItself } from './decide-by-itself.ts';
import { decideOnRequest } from './decide-on-request.ts';
import { reasons as reasonTable, type SaidReason } from '../reason.ts';
import { instant } from '../time/rfc3339.ts';
import { reasonsOf } from './plan-reasons.ts';

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

/**
 * The plan on a clock that is not believed: none, with the reason (P5). If the clock was set back behind the set that is
 * live, the previous set is offered at once (architecture, Clock): bringing it back is a person's decision, since certmend cannot
 * tell whether the clock was wrong then or is wrong now.
 */
function deferred(input: DecideInput): Plan {
  const { findings } = input.assessment;
  const clock = findings.filter(({ code }) => reasonTable[code].about === 'clock');
  const authorities = findings.filter(({ code, severity }) => code === 'AuthorityExpired' && severity === 'critical');
  const offer = offerOf(input);
  return {
    decision: 'deferred',
    actions: [],
    source: { kind: 'none' },
    reasons: [...reasonsOf(clock), ...(offer === undefined ? [] : [offer]), ...reasonsOf(authorities)],
  };
}

function offerOf({ assessment, previous, now }: DecideInput): SaidReason | undefined {
  const ahead = assessment.findings.find(({ code }) => code === 'LeafNotYetValid');
  if (ahead === undefined || previous === undefined) return undefined;
  if (now < previous.notBefore || now > previous.notAfter) return undefined;
  const { generation, notAfter } = previous;
  const message =
    `the set in use is not valid yet by this clock; if the clock is right, generation ${generation} is valid until ` +
    `${instant(notAfter)}: certmend rollback ${generation} --yes`;
  return { code: 'LeafNotYetValid', id: ahead.id, message };
}
