import { assess } from '../../../assess/assess.ts';
import type { PlanReport } from '../../../report/document.ts';
import { planReport } from '../../../report/plan.ts';
import type { Plan } from '../../../plan/plan.ts';
import { withLimits } from '../../../plan/plan-reasons.ts';
import { foresee } from '../../../survey/foresee.ts';
import type { Ports } from '../../../survey/ports.ts';
import { agentReportOf, liveReportOf } from '../live-report-of.ts';

/**
 * The document of `plan`: what the boot hook would do, at a moment in which the service is down; and what that means for one that
 * runs.
 *
 * @throws CertmendError StorageDenied, StorageFailed when the state file cannot be read
 */
export async function planReportOf(ports: Ports): Promise<{ readonly plan: Plan; readonly report: PlanReport }> {
  const { survey, plan } = await foresee({ ...ports, serviceRunning: () => false });
  const { layout, assessment } = survey;
  const { restart } = assess({ ...survey, serviceRunning: ports.serviceRunning(layout.unit) });
  const report = planReport({
    plan: { ...plan, reasons: withLimits(plan.reasons, assessment.findings) },
    layout,
    root: ports.root,
    at: assessment.now,
    unit: layout.unit,
    restart,
    liveRenewal: liveReportOf(ports, survey),
    agentRenewal: agentReportOf(ports, survey),
  });
  return { plan, report };
}
