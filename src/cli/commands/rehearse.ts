import { compose, scratchCopy } from '../../composition.ts';
import type { ExitStatus } from '../../error.ts';
import { rehearse } from '../../heal/rehearse.ts';
import { rehearsalReport, rehearsalText } from '../../report/rehearsal.ts';
import type { Arguments } from '../command.ts';
import type { Io } from '../io.ts';
import { print, paperOf } from '../print.ts';
import { ofRehearsal } from '../status-of.ts';

interface RehearseArguments extends Arguments {
  readonly at: string | undefined;
}

export async function run(args: RehearseArguments, io: Io): Promise<ExitStatus> {
  // The node is looked at under its own clock; only the copy lives at the rehearsed instant, which is now without --at.
  const ports = await compose({ ...args, at: undefined }, io, { askSystemd: false });
  const rehearsal = await rehearse(ports, () => scratchCopy(ports, args, io));
  const report = rehearsalReport(rehearsal, ports.root);
  print(args, io, report, () => rehearsalText(report, paperOf(io)));
  return ofRehearsal(report);
}
