import { compose } from '../../composition.ts';
import { exitStatus, type ExitStatus } from '../../error.ts';
import { statusText } from '../../report/status.ts';
import { surveyWithStandby } from '../../survey/survey-with-standby.ts';
import type { Arguments } from '../command.ts';
import type { Io } from '../io.ts';
import { paperOf, print } from '../print.ts';
import { ofHealth } from '../status-of.ts';
import { statusReportOf } from './report/status-report-of.ts';
import { tellLayout } from './tell-layout.ts';

export async function run(args: Arguments, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: true });
  tellLayout(ports, args, io);
  const seen = await surveyWithStandby(ports);
  const report = await statusReportOf(ports, seen, io);
  print(args, io, report, () => statusText(report, paperOf(io)));
  const { assessment } = seen;
  // As `check`: of nothing at all nobody can tell.
  return assessment.rows.length === 0 ? exitStatus.unknown : ofHealth(assessment.health.level);
}
