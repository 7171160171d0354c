import { createInterface } from 'node:readline/promises';
import { main } from './cli/main.ts';
import type { Io, Output } from './cli/io.ts';

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

function output(stream: NodeJS.WriteStream): Output {
  return {
    write: (text) => stream.write(text),
    isTerminal: stream.isTTY,
    columns: stream.isTTY ? stream.columns : undefined,
  };
}

async function confirm(question: string): Promise<boolean> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await reader.question(`${question} [y/N] `)).trim());
  } finally {
    reader.close();
  }
}

const io: Io = {
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  env: process.env,
  confirm: process.stdin.isTTY && process.stderr.isTTY ? confirm : undefined,
};

process.exitCode = await main(process.argv.slice(2), io);
