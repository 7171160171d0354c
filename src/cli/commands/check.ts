import { compose, fromWorkingDirectory } from '../../composition.ts';
import { exitStatus, CertmendError, type ExitStatus } from '../../error.ts';
import { surveyWithStandby } from '../../survey/survey-with-standby.ts';
import { checkReport, checkText, directoryReport } from '../../report/check.ts';
import type { Arguments } from '../command.ts';
import { ofHealth } from '../status-of.ts';
import type { Io } from '../io.ts';
import { print, paperOf } from '../print.ts';
import { tellLayout } from './tell-layout.ts';
import { assessFiles } from '../../assess/assess-files.ts';
import type { Ports } from '../../survey/ports.ts';
import { scanDirectory } from '../../inventory/scan-directory.ts';

interface CheckArguments extends Arguments {
  readonly at: string | undefined;
  readonly path: string | undefined;
}

export async function run(args: CheckArguments, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: true });
  if (args.path !== undefined) return checkDirectory(args.path, ports, args, io);
  tellLayout(ports, args, io);
  const { layout, assessment } = await surveyWithStandby(ports);
  const report = checkReport({ assessment, layout, root: ports.root });
  print(args, io, report, () => checkText(report, paperOf(io)));
  return assessment.rows.length === 0 ? exitStatus.unknown : ofHealth(assessment.health.level);
}

/** `check --path DIR`: every certificate file below a directory that belongs to no layout: dates only. */
export async function checkDirectory(path: string, ports: Ports, args: Arguments, io: Io): Promise<ExitStatus> {
  const directory = ports.root === '/' ? fromWorkingDirectory(path) : path;
  if (ports.reader.list(directory) === undefined) {
    throw new CertmendError('NodeNotFound', `${directory} is not a readable directory`, {
      exit: exitStatus.unknown,
      hint: 'check the path; with --root it is below that directory',
    });
  }
  const files = scanDirectory(directory, ports.reader);
  const { rows, health } = assessFiles(files, ports.clock.now(), ports.config.renewal.renewBeforeDays ?? 120);
  const report = directoryReport({ rows, health, now: ports.clock.now(), root: ports.root, directory });
  print(args, io, report, () => checkText(report, paperOf(io)));
  return rows.length === 0 ? exitStatus.unknown : ofHealth(health.level);
}
