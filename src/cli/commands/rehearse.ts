import { compose, scratchCopy } from '../../composition.ts';
import type { ExitStatus } from '../../error.ts';
import { rehearse } from '../../heal/rehearse.ts';
import { rehearseRunning } from '../../heal/rehearse-running.ts';
import { rehearsalReport, rehearsalText } from '../../report/rehearsal/rehearsal.ts';
import { runningRehearsalReport } from '../../report/rehearsal/running-rehearsal.ts';
import { runningRehearsalText } from '../../report/rehearsal/running-rehearsal-text.ts';
import type { Arguments } from '../command.ts';
import type { Io } from '../io.ts';
import { paperOf, print } from '../print.ts';
import { ofRehearsal, ofRunningRehearsal } from '../status-of.ts';

interface RehearseArguments extends Arguments {
  readonly at: string | undefined;
  readonly running: boolean;
}

export async function run(args: RehearseArguments, io: Io): Promise<ExitStatus> {
  // The node is looked at under its own clock; only the copy lives at the rehearsed instant, which is now without --at.
  const ports = await compose({ ...args, at: undefined }, io, { askSystemd: args.running });
  if (args.running) {
    const rehearsal = await rehearseRunning(ports, () => scratchCopy(ports, args, io));
    const report = runningRehearsalReport(rehearsal, ports.root);
    print(args, io, report, () => runningRehearsalText(report, paperOf(io)));
    return ofRunningRehearsal(report);
  }
  const rehearsal = await rehearse(ports, () => scratchCopy(ports, args, io));
  const report = rehearsalReport(rehearsal, ports.root);
  print(args, io, report, () => rehearsalText(report, paperOf(io)));
  return ofRehearsal(report);
}
