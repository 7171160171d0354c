import { CertmendError, exitStatus } from '../error.ts';
import type { Plan } from '../plan/plan.ts';
import type { SaidReason } from '../reason.ts';
import type { State } from '../state/state.ts';
import { leftAsIfLive } from '../survey/as-if-live.ts';
import { execute } from './execute.ts';
import { prove } from '../survey/generations-known.ts';
import type { Outcome } from '../session/outcome.ts';
import type { Ports } from '../survey/ports.ts';
import { refuseWhileRunning } from './rotate.ts';
import { withRecovery } from '../session/recovery.ts';
import type { Session } from '../session/session.ts';
import { withSession } from '../session/with-session.ts';
import { withRenewal } from '../state/transitions.ts';
import { findLayout } from '../survey/survey.ts';
import { rfc3339 } from '../time/rfc3339.ts';
import { telling } from '../session/telling.ts';

const lockWaitMs = 5000;

/**
 * Brings an earlier generation back, through the same proof and the same commit as a new one. A set that is not good
 * now (expired, of another authority, damaged) is refused by name. While the service runs only one with the keys that are in
 * use comes back (P12): only certificates change then.
 *
 * @param number undefined means the one that was live before
 * @throws CertmendError GenerationUnknown, GenerationDamaged (exit 77), ServiceRunning
 */
export async function rollback(ports: Ports, number: number | undefined): Promise<Outcome> {
  const layout = findLayout(ports);
  const whileRunning = ports.serviceRunning(layout.unit) === true;
  return telling(ports, () =>
    withSession(ports, { layout, lockWaitMs }, async (session) => {
      const { active } = session.state().generations;
      try {
        return await bringBack(session, {
          number,
          whileRunning,
          also: (state) => takenBack(state, active?.number, session.survey.assessment.now),
        });
      } catch (error) {
        if (error instanceof CertmendError && error.code === 'ServiceRunning') {
          refuseWhileRunning(
            ports,
            layout.unit,
            `certmend rollback${number === undefined ? '' : ` ${String(number)}`}`,
          );
        }
        throw error;
      }
    }),
  );
}

/** What a person has taken back the daemon does not do again before it has to. */
function takenBack(state: State, from: number | undefined, now: number): State {
  const { renewal } = state;
  if (renewal === null || renewal.generation !== from) return state;
  return withRenewal(state, { ...renewal, at: rfc3339(now), phase: 'asked', outcome: 'rolled-back' });
}

/**
 * Makes an earlier generation live again, proven first.
 *
 * @param how.number undefined means the one that was live before
 * @param how.why undefined means that a person asked for it
 * @param how.whileRunning only certificates may differ, and each is written the way its consumer sees it
 * @param how.also what else is true once it is live again
 * @throws CertmendError GenerationUnknown, GenerationDamaged (exit 77)
 */
export async function bringBack(
  session: Session,
  how: {
    readonly number?: number | undefined;
    readonly why?: SaidReason | undefined;
    readonly whileRunning?: boolean | undefined;
    readonly also?: ((state: State) => State) | undefined;
  },
): Promise<Outcome> {
  const target = how.number ?? session.state().generations.previous?.number;
  if (target === undefined) {
    throw new CertmendError('GenerationUnknown', 'there is no previous generation to go back to', {
      exit: exitStatus.refused,
      hint: 'certmend generations lists what can be restored',
    });
  }
  const plan = await rollbackPlan(session, target, how.why);
  const { whileRunning, also } = how;
  const outcome = await execute(session, plan, { reuseKeys: false, byPerson: true, whileRunning, also });
  return withRecovery(outcome, session.recovered);
}

async function rollbackPlan(
  session: Session,
  generation: number,
  why: SaidReason = {
    code: 'OperatorRequest',
    id: undefined,
    message: `an operator requested a rollback to generation ${String(generation)}`,
  },
): Promise<Plan> {
  const found = await prove(session.node(), generation, 'rollback');
  if (!found.ok) {
    throw new CertmendError(
      'GenerationDamaged',
      `generation ${String(generation)} cannot be restored: ${found.problem}`,
      {
        exit: exitStatus.refused,
        hint: 'certmend generations lists what can be restored',
      },
    );
  }
  const left = leftAsIfLive(session.node(), found.files);
  const ids = [...new Set(found.files.filter(({ role }) => role === 'certificate').map(({ id }) => id))];
  return {
    decision: 'rotate',
    source: { kind: 'previous', generation },
    reasons: [
      why,
      ...left.map(({ code, id, message }) => ({
        code,
        id,
        message: `with generation ${String(generation)}, ${message}`,
      })),
    ],
    actions: ids.map((id) => ({ kind: 'install', id, reason: why.code })),
  };
}
