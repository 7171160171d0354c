import type { Layout } from '../layout/layout.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { decide } from '../plan/decide.ts';
import type { Plan } from '../plan/plan.ts';
import { brakeOf } from '../state/transitions.ts';
import { execute } from './execute.ts';
import { unchanged, type Outcome } from '../session/outcome.ts';
import type { Ports } from '../survey/ports.ts';
import { previousOf, standbyOf } from '../survey/generations-known.ts';
import { withRecovery } from '../session/recovery.ts';
import type { Session } from '../session/session.ts';
import { withSession } from '../session/with-session.ts';
import { telling } from '../session/telling.ts';

/** A request by a person, as against what the node's own state asks for. */
export interface RotateRequest {
  /** Entry ids; empty means every leaf certmend may issue. */
  readonly ids: readonly string[];
  readonly reuseKeys: boolean;
}

export interface CarryOutOptions {
  readonly layout?: Layout | undefined;
  readonly lockWaitMs: number;
  /** On the monotonic clock, ms: nothing is committed after it (P1: the unit must not wait for ever). */
  readonly deadline?: number | undefined;
  /** When this process is ended from outside, on the same clock. */
  readonly endedAt?: number | undefined;
  readonly request?: RotateRequest | undefined;
}

/**
 * The second half of the road, under the lock: recover, look again (the first look was unlocked), decide, do, record.
 *
 * @throws CertmendError for what it could not do, which is recorded too
 */
export async function carryOut(ports: Ports, options: CarryOutOptions): Promise<Outcome> {
  return telling(ports, () => withSession(ports, options, (session) => act(session, options)));
}

async function act(session: Session, options: CarryOutOptions): Promise<Outcome> {
  const plan = await decideNow(session, options.request);
  if (plan.actions.length === 0) return withRecovery(settle(session, plan), session.recovered);
  if (options.deadline !== undefined && session.ports.clock.monotonic() > options.deadline) {
    throw new CertmendError('DeadlinePassed', 'the boot hook ran out of time before anything was changed', {
      exit: exitStatus.tryAgain,
      hint: 'the service starts with the old certificates; run: certmend doctor',
    });
  }
  const outcome = await execute(session, plan, {
    reuseKeys: options.request?.reuseKeys ?? false,
    byPerson: options.request !== undefined,
  });
  return withRecovery(outcome, session.recovered);
}

/** The plan for this session's survey, with everything it depends on: standby, previous set, brake. */
async function decideNow(session: Session, request?: RotateRequest): Promise<Plan> {
  const { survey, ports } = session;
  return decide({
    inventory: survey.inventory,
    assessment: survey.assessment,
    standby: await standbyOf(session.node(), 'commit'),
    previous: previousOf(session.node()),
    brake: brakeOf(session.state(), ports.config),
    now: survey.assessment.now,
    renewBeforeDays: survey.settings.renewBeforeDays,
    bootRepair: ports.repairBootstrap,
    request: request === undefined ? undefined : { kind: 'rotate', ids: request.ids, issueAfresh: request.reuseKeys },
  });
}

/** Nothing to change on the node; what was learnt is worth keeping all the same. */
function settle(session: Session, plan: Plan): Outcome {
  const [reason] = plan.reasons;
  if (plan.decision === 'deferred' || plan.decision === 'refused') {
    session.tell({
      event: plan.decision,
      priority: plan.decision === 'refused' ? 'error' : 'warning',
      reason: reason?.code,
      entry: reason?.id,
      message: reason?.message ?? 'nothing was changed',
    });
  }
  session.save();
  return unchanged(plan, session.survey);
}
