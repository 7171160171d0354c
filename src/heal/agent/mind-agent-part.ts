import type { SaidReason } from '../../reason.ts';
import { withSession } from '../../session/with-session.ts';
import type { State } from '../../state/state.ts';
import { withAgentRenewal } from '../../state/transitions.ts';
import { agentDecision } from '../../survey/live-decision.ts';
import type { Ports, UnitRun } from '../../survey/ports.ts';
import { isSameRun } from '../../survey/service-run.ts';
import type { Survey } from '../../survey/survey.ts';
import { instant, instantOf } from '../../time/rfc3339.ts';
import { span } from '../../time/span.ts';
import { blamedMs, settledMs } from '../renew-due.ts';
import { renewAgentPart } from './renew-agent-part.ts';
import {
  agentPart,
  isAsRenewed,
  leaveUnconfirmed,
  settleAgentPart,
  takeBack,
  type SettledAgentPart,
} from './settle-agent-part.ts';

const lockWaitMs = 2000;

/**
 * What the daemon does for the agent part after a check, while the service runs: it goes on with a watch that was cut off, or
 * renews what is due.
 *
 * @param stopping ends a watch early; the next call goes on with it
 * @returns undefined when there was nothing to do
 * @throws CertmendError ServerUnavailable, ServerRefused, VerificationFailed, LockHeld, Storage…
 */
export async function mindAgentPart(
  ports: Ports,
  { survey, state, run }: { readonly survey: Survey; readonly state: State; readonly run: UnitRun },
  stopping: AbortSignal,
): Promise<SettledAgentPart | undefined> {
  const { layout, assessment } = survey;
  if (run.state !== 'up' || run.forMs < settledMs) return undefined;
  if (layout.weakened !== undefined || !assessment.clock.believed) return undefined;
  if (state.agentRenewal?.outcome === 'watching') return resume(ports, survey, stopping);
  if (state.agentRenewal?.outcome === 'rolled-back' && agentPart({ survey }).some((item) => isAsRenewed(ports, item)))
    return goOnTakingBack(ports, survey);
  const decision = agentDecision(ports.config, survey, state);
  if (decision.is !== 'due' || stopping.aborted) return undefined;
  const { first, end, ids, phase } = decision;
  const left = end - assessment.now;
  const when = left > 0 ? `expires in ${span(left)}, at ${instant(end)}` : `expired at ${instant(end)}`;
  const reason: SaidReason = {
    code: left > 0 ? 'LeafRenewDue' : 'LeafExpired',
    id: first,
    message: `${first} ${when}, and ${layout.unit} is running: the agent part is renewed with its existing keys`,
  };
  const open = await renewAgentPart(ports, layout, { ids, phase, reason });
  return settleAgentPart(ports, layout, open, stopping);
}

/** A renewal that was cut off: is it live, and can what is ill now be put down to it? */
async function resume(ports: Ports, { layout }: Survey, stopping: AbortSignal): Promise<SettledAgentPart | undefined> {
  const open = await withSession(ports, { layout, lockWaitMs }, (session) => {
    const renewal = session.state().agentRenewal;
    if (renewal?.outcome !== 'watching') return Promise.resolve(undefined);
    const { now } = session.survey.assessment;
    const renewed = agentPart(session).filter((item) => isAsRenewed(ports, item));
    const isSame = isSameRun(ports.unitRun(layout.unit), renewal);
    if (renewed.length === 0) {
      // It was ended before its commit, or the product has made its own since.
      session.remember((state) => withAgentRenewal(state, { ...renewal, outcome: isSame ? 'failed' : 'unconfirmed' }));
      session.save();
      return Promise.resolve(undefined);
    }
    if (isSame && now - (instantOf(renewal.at) ?? now) < blamedMs)
      return Promise.resolve({ renewal, ids: renewed.map(({ entry }) => entry.id) });
    leaveUnconfirmed(session, renewal, 'the service was restarted, or no daemon watched in time');
    return Promise.resolve(undefined);
  });
  if (open === undefined) return undefined;
  const { renewal, ids } = open;
  const watched = { layout, answered: renewal.answered, well: [], ids };
  return settleAgentPart(ports, layout, { renewal, watched }, stopping);
}

/** A rollback that was cut off before its commit: what had made it necessary is still live. */
function goOnTakingBack(ports: Ports, { layout }: Survey): Promise<undefined> {
  return withSession(ports, { layout, lockWaitMs }, async (session) => {
    const renewal = session.state().agentRenewal;
    if (renewal?.outcome !== 'rolled-back' || !agentPart(session).some((item) => isAsRenewed(ports, item)))
      return undefined;
    if (isSameRun(ports.unitRun(layout.unit), renewal))
      await takeBack(session, renewal, 'its rollback was interrupted');
    else leaveUnconfirmed(session, renewal, 'the service was restarted before its rollback was done');
    return undefined;
  });
}
