import { compose } from '../../composition.ts';
import { CertmendError, exitStatus, type ExitStatus } from '../../error.ts';
import { needsHands, prestart } from '../../heal/prestart.ts';
import { lookAhead, rememberHealthyLook } from '../../heal/remember-look.ts';
import { programFault } from '../../program-fault.ts';
import { prestartReport, prestartText } from '../../report/prestart.ts';
import type { Outcome } from '../../session/outcome.ts';
import type { Ports } from '../../survey/ports.ts';
import type { Arguments } from '../command.ts';
import type { Io } from '../io.ts';
import { sayFailure } from '../say-failure.ts';
import { ofOutcome } from '../status-of.ts';

export interface PrestartArguments extends Arguments {
  readonly unit: string;
  readonly strict: boolean;
  readonly repairBootstrap: boolean;
}

/**
 * The boot hook. Whatever happens, the unit may start: every error becomes a line in the unit's own journal and exit
 * status 0, unless --strict (P1).
 */
export async function run(args: PrestartArguments, io: Io): Promise<ExitStatus> {
  const status = await runStrictly(args, io).catch((error: unknown) => failed(error, io));
  return args.strict ? status : exitStatus.ok;
}

async function runStrictly(args: PrestartArguments, io: Io): Promise<ExitStatus> {
  const ports = await compose(args, io, { askSystemd: false, records: isOrdinary(args) });
  if (args.verbose) {
    const { tellLayout } = await import('./tell-layout.ts');
    tellLayout(ports, args, io);
  }
  const started = ports.clock.monotonic();
  const outcome = await prestart(args.repairBootstrap ? await allowedToRepair(ports) : ports);
  const report = prestartReport({
    outcome,
    root: ports.root,
    unit: outcome.survey.layout.unit,
    layout: outcome.survey.layout.name,
    at: outcome.survey.assessment.now,
    durationMs: ports.clock.monotonic() - started,
  });
  if (args.output === 'table') {
    io.stdout.write(prestartText(report, outcome.notes));
    await remember(args, io, ports, outcome);
  } else {
    const { renderDocument } = await import('../../terminal/render.ts');
    io.stdout.write(renderDocument(report, args.output));
  }
  return ofOutcome(outcome);
}

/** What was saved just now is one of the answers that a look rests on: then another look is taken, so that the next start writes nothing. */
async function remember(args: PrestartArguments, io: Io, ports: Ports, outcome: Outcome): Promise<void> {
  if (outcome.decision !== 'nothing-to-do' || !isOrdinary(args)) return;
  if (!needsHands(outcome.survey, ports)) await rememberHealthyLook(ports, args.unit, outcome);
  else await lookAhead(() => compose(args, io, { askSystemd: false, records: true }), args.unit);
}

/** As the drop-in asks: the next run of the same may have a shorter way (as-before.ts). */
function isOrdinary({ output, config, repairBootstrap, believeClock }: PrestartArguments): boolean {
  return output === 'table' && config === undefined && !repairBootstrap && !believeClock;
}

/** Loaded only when it is asked for, so that the hook that systemd runs never has it. */
async function allowedToRepair(ports: Ports): Promise<Ports> {
  const { openDoor } = await import('../../commit/open-door.ts');
  return { ...ports, door: openDoor('prestart --repair-bootstrap') };
}

function failed(error: unknown, io: Io): ExitStatus {
  const known = error instanceof CertmendError ? error : programFault(error, io.damagedParts);
  if (known === undefined) {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    io.stderr.write(`certmend: a bug in certmend stopped the boot hook; the service starts anyway\n${detail}\n`);
    return exitStatus.bug;
  }
  sayFailure(known, io);
  io.stderr.write('  the service starts anyway\n');
  return known.exit;
}
