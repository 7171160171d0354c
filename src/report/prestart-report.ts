import type { PlanReason } from '../plan/plan.ts';
import { rfc3339 } from '../state/rfc3339.ts';
import { apiVersion, type PrestartReport } from './document.ts';

/**
 * The `PrestartReport` document of a run of the road: the boot hook's, a rotation's, a rollback's.
 * @param input.at milliseconds since the epoch
 */
export function prestartReport(input: {
  readonly outcome: {
    readonly decision: PrestartReport['decision'];
    readonly generation: number | undefined;
    readonly origin: NonNullable<PrestartReport['origin']> | undefined;
    readonly reasons: readonly PlanReason[];
    readonly changed: readonly string[];
  };
  readonly root: string;
  readonly unit: string;
  readonly layout: string | null;
  readonly at: number;
  readonly durationMs: number;
}): PrestartReport {
  const { outcome, root, unit, layout, at, durationMs } = input;
  return {
    apiVersion,
    kind: 'PrestartReport',
    at: rfc3339(at),
    root,
    unit,
    layout,
    decision: outcome.decision,
    generation: outcome.generation ?? null,
    origin: outcome.origin ?? null,
    reasons: outcome.reasons.map(({ code, id, message }) => ({ code, id: id ?? null, message })),
    changed: outcome.changed,
    durationMs: Math.round(durationMs),
  };
}
