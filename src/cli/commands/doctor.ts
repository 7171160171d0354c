import { compose } from '../../composition.ts';
import { composeExaminer } from '../../composition-tools.ts';
import type { ExitStatus } from '../../error.ts';
import { examine } from '../../doctor/examine.ts';
import { writeDropIns } from '../../doctor/write-drop-ins.ts';
import { doctorReport, doctorText } from '../../report/doctor.ts';
import type { Arguments } from '../command.ts';
import { ofHealth } from '../status-of.ts';
import type { Io } from '../io.ts';
import { paperOf, print } from '../print.ts';
import { tellLayout } from './tell-layout.ts';

interface DoctorArguments extends Arguments {
  readonly writeDropIns: boolean;
}

export async function run(args: DoctorArguments, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: true });
  tellLayout(ports, args, io);
  const examiner = await composeExaminer(ports.root, io);
  let checks = await examine(ports, examiner);
  const dropIns = checks.flatMap(({ dropIn }) => dropIn ?? []);
  const isWritten = args.writeDropIns && dropIns.length > 0;
  if (isWritten) {
    writeDropIns(ports, await ports.writeSide(), dropIns);
    // What they do for the node is for the examination to say, not for whoever wrote them.
    checks = await examine(ports, examiner);
  }
  const report = doctorReport({ root: ports.root, now: ports.clock.now(), checks, dropIns, isWritten });
  print(args, io, report, () => doctorText(report, paperOf(io)));
  return ofHealth(report.level);
}
