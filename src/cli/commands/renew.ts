import { compose } from '../../composition.ts';
import type { ExitStatus } from '../../error.ts';
import { renew } from '../../heal/renew.ts';
import { renewalReport, renewalText } from '../../report/renewal.ts';
import { isOfAgentPart, mayWrite } from '../../layout/written-files.ts';
import { findLayout } from '../../survey/survey.ts';
import type { Arguments } from '../command.ts';
import type { Io } from '../io.ts';
import { print } from '../print.ts';
import { ofRenewal } from '../status-of.ts';
import { agree } from './agree.ts';
import { namedLeaves } from './entry-of.ts';

interface RenewArguments extends Arguments {
  readonly entries: readonly string[];
  readonly yes: boolean;
}

export async function run(args: RenewArguments, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: true });
  const layout = findLayout(ports);
  const what = namedLeaves(args.entries, layout, (entry) => mayWrite(entry) || isOfAgentPart(entry));
  await agree(args, io, `Renew ${what} of ${layout.name} while ${layout.unit} runs?`);
  const started = ports.clock.monotonic();
  const renewal = await renew(ports, args.entries);
  const report = renewalReport({
    ...renewal,
    root: ports.root,
    unit: layout.unit,
    layout: layout.name,
    at: renewal.outcome.survey.assessment.now,
    durationMs: ports.clock.monotonic() - started,
  });
  print(args, io, report, () => renewalText(report));
  return ofRenewal(renewal);
}
