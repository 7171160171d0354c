// First of all: an older runtime must get no further than the sentence that says so.
import './system/require-runtime.ts';
import { main } from './cli/main.ts';
import type { Io } from './cli/io.ts';
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
 *   cli/ composition.ts                            commands; the only place that builds real adapters
 */

async function confirm(question: string): Promise<boolean> {
  return /^y(es)?$/i.test(await ask(`${question} [y/N]`));
}

async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await reader.question(`${question} `)).trim();
  } finally {
    reader.close();
  }
}

function start(): void {
  // Else the runtime opens a debugger on a port of this host when it gets the signal, and with it every key. The packages
  // switch that off altogether (--disable-sigusr1); this is for a program that was started without them.
  process.on('SIGUSR1', () => undefined);
  leaveGoneDirectory();
  const isAttended = isTerminal(0) && isTerminal(2);
  const io: Io = {
    stdout: standardOutput(),
    stderr: standardError(),
    env: process.env,
    confirm: isAttended ? confirm : undefined,
    ask: isAttended ? ask : undefined,
    damagedParts,
  };
  void main(process.argv.slice(2), io).then((status) => {
    // All is written by now, and a handle that somebody forgot must not keep a unit from starting.
    process.exit(status);
  });
}

// Tests load the program that ships as a module, and call what is in it.
if (import.meta.main) start();
