import { blamedMs } from '../heal/renew-due.ts';
import { agentDecision, liveDecision, windowsOf } from '../survey/live-decision.ts';
import type { LiveDecision } from '../plan/decide-live.ts';
import type { StateRenewal } from '../state/state.ts';
import type { Ports, UnitRun } from '../survey/ports.ts';
import { instantOf } from '../time/rfc3339.ts';
import { nextOpening } from '../time/maintenance-window.ts';
import type { Check } from './reconcile.ts';
import { savedState } from './saved-state.ts';
import { appointmentMs, busyMs, retryMs } from './schedule.ts';

/**
 * In how many milliseconds something is to be done for a service that runs, whatever the usual pace of the checks: a
 * maintenance window opens, the last days begin, a renewal is live and its watch did not come to an end, or it is not up yet
 * and something is damaged: whether it hangs on that is seen soon.
 *
 * @returns undefined when there is nothing to be in time for
 */
export function nextAppointment(
  ports: Ports,
  { survey, state }: Check & { readonly kind: 'checked' },
  run: UnitRun,
): number | undefined {
  if (run.state === 'starting') return survey.assessment.health.level === 'critical' ? busyMs : undefined;
  const now = ports.clock.now();
  const known = savedState(ports.reader) ?? state;
  const seen = { inventory: survey.inventory, assessment: { ...survey.assessment, now } };
  const appointments = [
    appointmentOf(liveDecision(ports.config, seen, known), known.renewal, ports, now),
    appointmentOf(agentDecision(ports.config, seen, known), known.agentRenewal, ports, now),
  ].filter((inMs) => inMs !== undefined);
  return appointments.length === 0 ? undefined : Math.min(...appointments);
}

function appointmentOf(
  decision: LiveDecision,
  renewal: StateRenewal | null,
  ports: Ports,
  now: number,
): number | undefined {
  if (decision.is === 'watching') {
    const age = now - (instantOf(renewal?.at ?? null) ?? 0);
    return age >= 0 && age < blamedMs ? busyMs : undefined;
  }
  const windows = windowsOf(ports.config);
  // Something was in the way: the window closes, or the end comes, before the usual pace finds that it is gone.
  if (decision.is === 'due') return decision.phase === 'emergency' || windows.length > 0 ? retryMs : undefined;
  const at = 'until' in decision ? decision.until : 'from' in decision ? decision.from : undefined;
  if (at === undefined) return undefined;
  const isWindow = decision.is === 'waiting' && decision.for === 'window' && nextOpening(windows, at) === at;
  return appointmentMs({
    inMs: at - now,
    isStill: (afterMs) => !isWindow || nextOpening(windows, now + afterMs) === now + afterMs,
    machineId: ports.host.machineId,
  });
}
