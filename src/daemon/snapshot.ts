import { jsonText } from '../disk/json-text.ts';
import { version } from '../build-info.ts';
import { metricsText } from './metrics.ts';
import { rfc3339 } from '../time/rfc3339.ts';
import type { Snapshot } from './ports.ts';
import type { Check } from './reconcile.ts';

/** The figures of a check, as they are published. */
export function snapshotOf(
  result: Check,
  run: { readonly now: number; readonly durationMs: number; readonly checks: number },
): Snapshot {
  const { now } = run;
  const at = rfc3339(now);
  if (result.kind === 'waiting') {
    return {
      metrics: metricsText(undefined, { ...run, version }),
      health: `${jsonText({ at, level: 'ok', waiting: result.reason })}\n`,
      healthy: true,
    };
  }
  const { survey, state, standbyProblem } = result;
  const { level, since, reasons } = state.health;
  return {
    metrics: metricsText(
      { assessment: survey.assessment, state, nodeName: survey.layout.nodeName },
      { ...run, version },
    ),
    health: `${jsonText({ at, level, since, reasons, standbyProblem: standbyProblem ?? null })}\n`,
    healthy: level !== 'critical',
  };
}
