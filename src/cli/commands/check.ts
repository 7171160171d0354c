import { compose } from '../../composition.ts';
import { exitStatus, type ExitStatus } from '../../error.ts';
import { surveyWithStandby } from '../../survey/survey-with-standby.ts';
import { checkReport, checkText } from '../../report/check.ts';
import type { Arguments } from '../command.ts';
import { checkDirectory } from './check-directory.ts';
import { healthStatus } from './health-status.ts';
import type { Io } from '../io.ts';
import { print } from '../print.ts';
import { paperOf } from '../paper-of.ts';
import { tellLayout } from './tell-layout.ts';

export async function run(args: Arguments, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: true });
  if (args.path !== undefined) {
    return checkDirectory(args.path, ports, args, io);
  }
  tellLayout(ports, args, io);
  const { layout, assessment } = await surveyWithStandby(ports);
  const report = checkReport({ assessment, layout, root: ports.root });
  print(args, io, report, () => checkText(report, paperOf(io)));
  return assessment.rows.length === 0 ? exitStatus.unknown : healthStatus(assessment.health.level);
}
