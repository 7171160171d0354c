import { explain } from '../../assess/explain.ts';
import { compose } from '../../composition.ts';
import { exitStatus, type ExitStatus } from '../../error.ts';
import { foresee } from '../../survey/foresee.ts';
import { whyReport, whyText } from '../../report/why.ts';
import type { Arguments } from '../command.ts';
import { unknownEntry } from './entry-of.ts';
import type { Io } from '../io.ts';
import { paperOf, print } from '../print.ts';
import { agentReportOf, liveReportOf } from './live-report-of.ts';
import { tellLayout } from './tell-layout.ts';

interface WhyArguments extends Arguments {
  readonly at: string | undefined;
  readonly entry: string;
}

export async function run(args: WhyArguments, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: true });
  tellLayout(ports, args, io);
  const { survey, plan } = await foresee(ports);
  const { entry: id } = args;
  const explanation = explain(id, survey, survey.assessment);
  if (explanation === undefined) throw unknownEntry(id, survey.layout);
  const entry = survey.layout.entries.find((other) => other.id === id);
  const report = whyReport({
    root: ports.root,
    explanation,
    entry,
    plan,
    assessment: survey.assessment,
    unit: survey.layout.unit,
    liveRenewal: liveReportOf(ports, survey),
    agentRenewal: agentReportOf(ports, survey),
  });
  print(args, io, report, () => whyText(report, paperOf(io)));
  return exitStatus.ok;
}
