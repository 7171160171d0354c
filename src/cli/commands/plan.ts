import { assess } from '../../assess/assess.ts';
import { compose } from '../../composition.ts';
import type { ExitStatus } from '../../error.ts';
import { foresee } from '../../survey/foresee.ts';
import { withLimits } from '../../plan/plan-reasons.ts';
import { planReport, planText } from '../../report/plan.ts';
import type { Arguments } from '../command.ts';
import type { Io } from '../io.ts';
import { print, paperOf } from '../print.ts';
import { ofPlan } from '../status-of.ts';
import { agentReportOf, liveReportOf } from './live-report-of.ts';
import { tellLayout } from './tell-layout.ts';

interface PlanArguments extends Arguments {
  readonly at: string | undefined;
  readonly repairBootstrap: boolean;
}

export async function run(args: PlanArguments, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: true });
  tellLayout(ports, args, io);
  // What the boot hook would do, at a moment in which the service is down; and what that means for one that runs.
  const { survey, plan } = await foresee({ ...ports, serviceRunning: () => false });
  const { layout, assessment } = survey;
  const { restart } = assess({ ...survey, serviceRunning: ports.serviceRunning(layout.unit) });
  const { unit } = layout;
  const told = { ...plan, reasons: withLimits(plan.reasons, assessment.findings) };
  const report = planReport({
    plan: told,
    layout,
    root: ports.root,
    at: assessment.now,
    unit,
    restart,
    liveRenewal: liveReportOf(ports, survey),
    agentRenewal: agentReportOf(ports, survey),
  });
  print(args, io, report, () => planText(report, paperOf(io)));
  return ofPlan(plan);
}
