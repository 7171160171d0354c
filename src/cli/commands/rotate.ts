import { compose } from '../../composition.ts';
import type { ExitStatus } from '../../error.ts';
import { rotate } from '../../heal/rotate.ts';
import { findLayout } from '../../survey/survey.ts';
import type { Arguments } from '../command.ts';
import { agree } from './agree.ts';
import { namedLeaves } from './entry-of.ts';
import type { Io } from '../io.ts';
import { printOutcome } from './print-outcome.ts';

interface RotateArguments extends Arguments {
  readonly entries: readonly string[];
  readonly reuseKey: boolean;
  readonly yes: boolean;
}

export async function run(args: RotateArguments, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: true });
  const layout = findLayout(ports);
  const what = namedLeaves(args.entries, layout);
  await agree(args, io, `Replace ${what} of ${layout.name} under ${ports.root}?`);
  const started = ports.clock.monotonic();
  const outcome = await rotate(ports, { ids: args.entries, reuseKeys: args.reuseKey });
  return printOutcome(args, io, ports, outcome, started);
}
