// First of all: an older runtime must get no further than the sentence that says so.
import './system/require-runtime.ts';
import { asBefore } from './as-before.ts';
import { readBootArguments } from './cli/boot-arguments.ts';
import type { Io } from './cli/io.ts';
import { sayFailure } from './cli/say-failure.ts';
import { programFault } from './program-fault.ts';
import { isTerminal, standardError, standardOutput } from './system/standard-output.ts';
import { damagedParts } from './system/program-parts.ts';
import { leaveGoneDirectory } from './system/files/working-directory.ts';

/*
 * certmend: where everything is.
 *
 *   layout/ -> inventory/ -> assess/ -> plan/      what a node should have, has, lacks, and what answers that
 *   issue/ -> verify/ -> generation/ -> commit/    new material, proven, numbered, swapped in
 *   activate/                                      triggers and kubeconfigs that go along
 *   heal/ -> daemon/                               the road end to end: prestart, rotate, standby, …; and again and again
 *   state/ report/ config/                         beside the road: what is remembered, said, and set
 *   disk/ system/                                  ports to the disk; adapters to everything outside
 *   cli/ composition*.ts                           commands; the only place that builds real adapters
 *   as-before.ts                                   the boot hook where nothing has changed since it last found nothing to do
 */

async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await reader.question(`${question} `)).trim();
  } finally {
    reader.close();
  }
}

async function confirm(question: string): Promise<boolean> {
  return /^y(es)?$/i.test(await ask(`${question} [y/N]`));
}

async function start(): Promise<number> {
  // Else the runtime opens a debugger on a port of this host when it gets the signal, and with it every key. The packages
  // switch that off altogether (--disable-sigusr1); this is for a program that was started without them.
  process.on('SIGUSR1', () => undefined);
  leaveGoneDirectory();
  const argv = process.argv.slice(2);
  const boot = readBootArguments(argv);
  const isAttended = isTerminal(0) && isTerminal(2);
  const io: Io = {
    stdout: standardOutput(),
    stderr: standardError(),
    env: process.env,
    confirm: isAttended ? confirm : undefined,
    ask: isAttended ? ask : undefined,
    damagedParts,
  };
  const said = asBefore(boot);
  if (said !== undefined && isSaid(said, io)) return 0;
  try {
    // Everything else is loaded only now.
    const { main } = await import('./cli/main.ts');
    return await main(argv, io, boot);
  } catch (error) {
    const fault = programFault(error, damagedParts);
    if (fault === undefined) throw error;
    sayFailure(fault, io);
    if (boot?.name !== 'prestart' || boot.args.strict) return fault.exit;
    io.stderr.write('  the service starts anyway\n');
    return 0;
  }
}

/** Where it cannot be printed the ordinary way says so. */
function isSaid(text: string, io: Io): boolean {
  try {
    io.stdout.write(text);
    return true;
  } catch {
    return false;
  }
}

// Tests load the program that ships as a module, and call what is in it.
if (import.meta.main) {
  void start().then((status) => {
    // All is written by now, and a handle that somebody forgot must not keep a unit from starting.
    process.exit(status);
  });
}
