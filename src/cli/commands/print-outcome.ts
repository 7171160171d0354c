import type { ExitStatus } from '../../error.ts';
import type { Outcome } from '../../session/outcome.ts';
import type { Ports } from '../../survey/ports.ts';
import { prestartReport, prestartText } from '../../report/prestart.ts';
import type { Arguments } from '../command.ts';
import type { Io } from '../io.ts';
import { print } from '../print.ts';
import { ofOutcome } from '../status-of.ts';

/** Result of rotate and rollback: the same document as the boot hook's, for they go the same road. */
export async function printOutcome(
  args: Arguments,
  io: Io,
  ports: Ports,
  outcome: Outcome,
  started: number,
): Promise<ExitStatus> {
  const { layout, assessment } = outcome.survey;
  const report = prestartReport({
    outcome,
    root: ports.root,
    unit: layout.unit,
    layout: layout.name,
    at: assessment.now,
    durationMs: ports.clock.monotonic() - started,
  });
  print(args, io, report, () => prestartText(report, outcome.notes));
  return ofOutcome(outcome);
}
