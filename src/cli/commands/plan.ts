import { compose } from '../../composition.ts';
import type { ExitStatus } from '../../error.ts';
import { planText } from '../../report/plan.ts';
import type { Arguments } from '../command.ts';
import type { Io } from '../io.ts';
import { print, paperOf } from '../print.ts';
import { ofPlan } from '../status-of.ts';
import { planReportOf } from './report/plan-report-of.ts';
import { tellLayout } from './tell-layout.ts';

interface PlanArguments extends Arguments {
  readonly at: string | undefined;
  readonly repairBootstrap: boolean;
}

export async function run(args: PlanArguments, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: true });
  tellLayout(ports, args, io);
  const { plan, report } = await planReportOf(ports);
  print(args, io, report, () => planText(report, paperOf(io)));
  return ofPlan(plan);
}
