import { liveReport, type LiveReport } from '../../report/live.ts';
import { agentDecision, liveDecision, windowsOf } from '../../survey/live-decision.ts';
import type { Ports } from '../../survey/ports.ts';
import { isSameRun } from '../../survey/service-run.ts';
import type { Survey } from '../../survey/survey.ts';
import { nextOpening } from '../../time/maintenance-window.ts';

/** For the documents; undefined while the service does not run, or nobody can tell, and on an agent, which has no set of its own. */
export function liveReportOf(
  ports: Ports,
  { inventory, assessment, loaded, layout }: Pick<Survey, 'inventory' | 'assessment' | 'loaded' | 'layout'>,
): LiveReport | undefined {
  if (layout.role === 'agent' || ports.serviceRunning(layout.unit) !== true) return undefined;
  const state = loaded.kind === 'loaded' ? loaded.state : undefined;
  const renewal = state?.renewal ?? null;
  return liveReport({
    decision: liveDecision(ports.config, { inventory, assessment }, state),
    nextWindow: nextOpening(windowsOf(ports.config), assessment.now),
    renewal,
    recreatesPods:
      renewal !== null &&
      renewal.outcome !== 'failed' &&
      isSameRun(ports.unitRun(layout.unit), renewal) &&
      layout.entries.some(({ kind, writeMode }) => kind === 'leaf' && writeMode === 'in-place'),
  });
}

/** The same for the agent part; undefined also where there is none. */
export function agentReportOf(
  ports: Ports,
  { inventory, assessment, loaded, layout }: Pick<Survey, 'inventory' | 'assessment' | 'loaded' | 'layout'>,
): LiveReport | undefined {
  if (ports.serviceRunning(layout.unit) !== true) return undefined;
  const state = loaded.kind === 'loaded' ? loaded.state : undefined;
  const decision = agentDecision(ports.config, { inventory, assessment }, state);
  if (decision.is === 'off' && layout.role !== 'agent') return undefined;
  return liveReport({
    decision,
    nextWindow: nextOpening(windowsOf(ports.config), assessment.now),
    renewal: state?.agentRenewal ?? null,
  });
}
