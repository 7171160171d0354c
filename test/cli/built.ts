import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/** The program as `npm run build` made it: for what only a process of its own can show. */
export const program = join(import.meta.dirname, '..', '..', 'dist', 'certmend.cjs');

export interface Ended {
  /** Undefined when a signal ended it. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs the built program to its end. Never throws for its exit status.
 *
 * @param file another copy of the program
 * @param around a program and its arguments that start it under some limit: `['sh', '-c', 'ulimit -f 1; exec "$@"', 'sh']`
 */
export async function runBuilt(
  words: readonly string[],
  around: readonly string[] = [],
  file: string = program,
): Promise<Ended> {
  return startBuilt(words, around, [], file).ended;
}

/** One that hangs is ended before AVA gives up on the whole file, and however busy the machine is, nothing else is. */
const hangs = 540_000;

/**
 * The same, while it runs.
 *
 * @param runtime arguments of the runtime, before the program
 */
export function startBuilt(
  words: readonly string[],
  around: readonly string[] = [],
  runtime: readonly string[] = [],
  file: string = program,
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const [command = process.execPath, ...rest] = [...around, process.execPath, ...runtime, file, ...words];
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'], timeout: hangs, killSignal: 'SIGKILL' });
  const ended = new Promise<Ended>((resolve, reject) => {
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    child.on('close', (status) => {
      resolve({ status: status ?? undefined, stdout, stderr });
    });
  });
  return { child, ended };
}
