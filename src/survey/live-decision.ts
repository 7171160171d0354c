import type { Config } from '../config/config.ts';
import { decideAgentPart, decideLive, type LastRenewal, type LiveDecision } from '../plan/decide-live.ts';
import type { State, StateRenewal } from '../state/state.ts';
import { brakeOf } from '../state/transitions.ts';
import { parseWindow, type MaintenanceWindow } from '../time/maintenance-window.ts';
import { instantOf } from '../time/rfc3339.ts';
import type { Survey } from './survey.ts';

/** The windows of the configuration, which has been found to be right. */
export function windowsOf({ maintenance }: Config): readonly MaintenanceWindow[] {
  return maintenance.windows.flatMap((text) => parseWindow(text) ?? []);
}

/**
 * What the daemon does about certificates of a service that runs, by the configuration and what is known.
 * @param state undefined when there is none, or none that can be used
 */
export function liveDecision(
  config: Config,
  { inventory, assessment }: Pick<Survey, 'inventory' | 'assessment'>,
  state: State | undefined,
): LiveDecision {
  return decideLive({
    inventory,
    assessment,
    now: assessment.now,
    settings: config.live,
    windows: windowsOf(config),
    brake: brakeOf(state, config),
    last: lastOf(state?.renewal ?? null),
  });
}

/** The same for the agent part, which a server of the cluster signs. */
export function agentDecision(
  config: Config,
  { inventory, assessment }: Pick<Survey, 'inventory' | 'assessment'>,
  state: State | undefined,
): LiveDecision {
  return decideAgentPart({
    inventory,
    assessment,
    now: assessment.now,
    settings: config.live,
    windows: windowsOf(config),
    last: lastOf(state?.agentRenewal ?? null),
  });
}

function lastOf(renewal: StateRenewal | null): LastRenewal | undefined {
  const at = instantOf(renewal?.at ?? null);
  if (renewal === null || at === undefined) return undefined;
  const { phase, outcome } = renewal;
  return { phase, outcome, at, end: instantOf(renewal.end) };
}
