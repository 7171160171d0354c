import { isAbout } from '../plan/decide-live.ts';
import { writablePairs } from '../plan/pairs.ts';
import type { SaidReason } from '../reason.ts';
import type { Session } from '../session/session.ts';
import { withSession } from '../session/with-session.ts';
import type { State, StateRenewal } from '../state/state.ts';
import { withRenewal } from '../state/transitions.ts';
import { liveDecision } from '../survey/live-decision.ts';
import type { Ports, UnitRun } from '../survey/ports.ts';
import type { Layout } from '../layout/layout.ts';
import { mayWrite } from '../layout/written-files.ts';
import { isSameRun } from '../survey/service-run.ts';
import type { Survey } from '../survey/survey.ts';
import { instant, instantOf } from '../time/rfc3339.ts';
import { span } from '../time/span.ts';
import { minuteMs } from '../time/units.ts';
import { askComponents } from './ask-components.ts';
import { makeLive, type OpenRenewal } from './renew.ts';
import { isActive, leaveUnconfirmed, settleRenewal, tellConfirmed, type Settled } from './settle-renewal.ts';
import { isAsBefore, watchService } from './watch-service.ts';

const lockWaitMs = 2000;

/** A service that has just come up may still be on its way: its ports and its health are judged after this. */
export const settledMs = 2 * minuteMs;

/** Later than this after a commit, what is ill is not known to be so for the commit. */
export const blamedMs = 10 * minuteMs;

/**
 * What the daemon does after a check, while the service runs: it goes on with a watch that was cut off, renews what is due,
 * or confirms the set that is live. Does nothing while the service is not up, or not for long enough.
 *
 * @param stopping ends a watch early; the next call goes on with it
 * @returns undefined when there was nothing to do
 * @throws CertmendError RenewalUnfit when the node is not sound enough, LockHeld, Storage…
 */
export async function mindWhatRuns(
  ports: Ports,
  seen: { readonly survey: Survey; readonly state: State; readonly run: UnitRun },
  stopping: AbortSignal,
): Promise<Settled | undefined> {
  const { survey, state, run } = seen;
  const { layout } = survey;
  if (run.state !== 'up' || run.forMs < settledMs) return undefined;
  if (layout.weakened !== undefined || !survey.assessment.clock.believed) return undefined;
  if (state.renewal?.outcome === 'watching') return resume(ports, survey, stopping);
  if (liveDecision(ports.config, survey, state).is === 'due')
    return stopping.aborted ? undefined : renewDue(ports, survey, stopping);
  await confirmActive(ports, seen, stopping);
  return undefined;
}

async function renewDue(ports: Ports, { layout }: Survey, stopping: AbortSignal): Promise<Settled | undefined> {
  const open = await makeDueLive(ports, layout);
  return open === undefined ? undefined : settleRenewal(ports, layout, open, stopping);
}

/**
 * The renewal that is due, up to its commit: what comes after it is the gate.
 *
 * @returns undefined when none is due any more
 * @throws CertmendError RenewalUnfit, AuthorityUnusable, VerificationFailed, LockHeld, Storage…; nothing was changed then
 */
export function makeDueLive(ports: Ports, layout: Layout): Promise<OpenRenewal | undefined> {
  return withSession(ports, { layout, lockWaitMs }, async (session) => {
    // The look of a moment ago was without this lock.
    const decision = liveDecision(ports.config, session.survey, session.state());
    if (decision.is !== 'due') return undefined;
    const { first, end, ids, phase } = decision;
    const { inventory, assessment } = session.survey;
    const { now } = assessment;
    const all = writablePairs(inventory, now).length;
    const what =
      ids.length === all
        ? 'every leaf is renewed with its existing key'
        : `${String(ids.length)} of ${String(all)} leaves are renewed with their existing keys, the others cannot be`;
    const reason: SaidReason = {
      code: 'LeafRenewDue',
      id: first,
      message: `${first} expires in ${span(end - now)}, at ${instant(end)}, and ${layout.unit} is running: ${what}`,
    };
    return makeLive(session, { ids, phase, reason });
  });
}

async function resume(ports: Ports, { layout }: Survey, stopping: AbortSignal): Promise<Settled | undefined> {
  const open = await withSession(ports, { layout, lockWaitMs }, (session) => {
    const renewal = session.state().renewal;
    if (renewal?.outcome !== 'watching') return Promise.resolve(undefined);
    const found = stillOpen(session, renewal);
    if (typeof found === 'number') return Promise.resolve({ ...renewal, generation: found });
    if (found === 'unconfirmed') {
      leaveUnconfirmed(
        session,
        renewal,
        'the service was restarted, another set went live, or no daemon watched in time',
      );
    } else {
      session.remember((state) => withRenewal(state, { ...renewal, outcome: found }));
      session.save();
    }
    return Promise.resolve(undefined);
  });
  if (open === undefined) return undefined;
  const { answered, well } = open;
  const ids = layout.entries.flatMap(({ kind, id }) => (kind === 'leaf' ? [id] : []));
  return settleRenewal(ports, layout, { renewal: open, watched: { layout, answered, well, ids } }, stopping);
}

/** The generation that is to be watched on, or what became of a renewal whose end nobody saw. */
function stillOpen(session: Session, renewal: StateRenewal): number | StateRenewal['outcome'] {
  const { ports, survey } = session;
  const { active } = session.state().generations;
  const { now, rows } = survey.assessment;
  const at = instantOf(renewal.at) ?? now;
  // Ended in the middle of its commit, which a recovery completed or did not.
  const wentLive = active !== null && (instantOf(active.committedAt) ?? 0) >= at;
  const generation = renewal.generation ?? (wentLive ? active.number : undefined);
  if (generation === undefined) return 'failed';
  if (active?.number !== generation) {
    const old = { end: instantOf(renewal.end) };
    const written = new Set(survey.layout.entries.flatMap((entry) => (mayWrite(entry) ? [entry.id] : [])));
    const isBack = rows.some(({ id, effectiveNotAfter }) => written.has(id) && isAbout(old, effectiveNotAfter));
    return isBack ? 'rolled-back' : 'unconfirmed';
  }
  const isSame = isSameRun(ports.unitRun(survey.layout.unit), renewal);
  return isSame && now - at < blamedMs ? generation : 'unconfirmed';
}

/**
 * A set that went live at a start of the service is confirmed like one that was renewed: when all that answers serves it and
 * is well, three times in a row. It is then kept, whatever the retention says.
 */
async function confirmActive(
  ports: Ports,
  { survey, state }: { readonly survey: Survey; readonly state: State },
  stopping: AbortSignal,
): Promise<void> {
  const { active, confirmed } = state.generations;
  const { layout, served, assessment } = survey;
  if (active === null || active.number === confirmed || served === undefined || served.size === 0) return;
  if (assessment.rows.some((row) => row.served?.current === false)) return;
  const health = await askComponents(ports, survey);
  if (health.some(({ answer }) => answer.is === 'ill')) return;
  const well = health.flatMap(({ id, answer }) => (answer.is === 'well' ? [id] : []));
  const seen = await watchService(ports, { layout, answered: [...served.keys()], well, ids: [] }, stopping);
  if (seen === undefined || !isAsBefore(seen)) return;
  await withSession(ports, { layout, lockWaitMs }, (session) => {
    if (!isActive(session, active.number)) return Promise.resolve();
    session.remember((before) => ({ ...before, generations: { ...before.generations, confirmed: active.number } }));
    tellConfirmed(session, active.number, 'everything that answers serves it and is healthy');
    return Promise.resolve();
  });
}
