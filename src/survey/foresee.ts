import { decide } from '../plan/decide.ts';
import type { Plan, StandbyVerdict } from '../plan/plan.ts';
import { unreadState } from '../state/load-state.ts';
import { brakeOf } from '../state/transitions.ts';
import { previousOf, standbyOf } from './generations-known.ts';
import type { Ports } from './ports.ts';
import { survey, type Survey } from './survey.ts';

/**
 * The plan the boot hook would make now, without lock and without writing anything.
 * @param options.seen a look at the node that was had already
 * @throws CertmendError StorageDenied, StorageFailed when the state file cannot be read, as the boot hook does
 */
export async function foresee(
  ports: Ports,
  options: { readonly proveAfresh?: boolean; readonly seen?: Survey } = {},
): Promise<{ readonly survey: Survey; readonly standby: StandbyVerdict; readonly plan: Plan }> {
  const seen = options.seen ?? (await survey(ports));
  if (seen.loaded.kind === 'unread') throw unreadState(seen.loaded.problem);
  const state = seen.loaded.kind === 'loaded' ? seen.loaded.state : undefined;
  const node = { ports, survey: seen, state };
  const standby = await standbyOf(node, 'commit', options.proveAfresh);
  const plan = decide({
    inventory: seen.inventory,
    assessment: seen.assessment,
    standby,
    previous: previousOf(node),
    brake: brakeOf(state, ports.config),
    now: seen.assessment.now,
    renewBeforeDays: seen.settings.renewBeforeDays,
    bootRepair: ports.repairBootstrap,
  });
  return { survey: seen, standby, plan };
}
