import { CertmendError, exitStatus, type ExitStatus } from '../error.ts';
import { programFault } from '../program-fault.ts';
import { type BootCommand, readBootArguments } from './boot-arguments.ts';
import { run as runPrestart } from './commands/prestart.ts';
import type { Io } from './io.ts';
import { sayFailure } from './say-failure.ts';

/**
 * The whole program as a function: reads the command line, runs one command, maps every error to a text and an exit
 * status. Never throws.
 * @param argv words after the program's name
 * @param boot what they are when systemd runs them
 */
export async function main(
  argv: readonly string[],
  io: Io,
  boot: BootCommand | undefined = readBootArguments(argv),
): Promise<ExitStatus> {
  try {
    if (boot !== undefined) {
      return boot.name === 'prestart'
        ? await runPrestart(boot.args, io)
        : await (await import('./commands/daemon.ts')).run(boot.args, io);
    }
    const { parse } = await import('./yargs.ts');
    const invocation = await parse(argv, io);
    if (invocation === undefined) return exitStatus.ok;
    const { run } = await invocation.command.load();
    return await run(invocation.args, io);
  } catch (error) {
    return report(error, io);
  }
}

/** The one place where an error becomes words. What is not ours is a bug, and says so with its stack. */
function report(error: unknown, io: Io): ExitStatus {
  const known = error instanceof CertmendError ? error : programFault(error, io.damagedParts);
  if (known !== undefined) {
    sayFailure(known, io);
    return known.exit;
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  io.stderr.write(`certmend: a bug in certmend stopped it; no file of the node was left half-written\n${detail}\n`);
  return exitStatus.bug;
}
