import type { Io } from '../../src/cli/io.ts';
import { builtModule } from './built-module.ts';

const { main } = builtModule<typeof import('../../src/cli/main.ts')>('src/cli/main.ts');

export interface CliResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

let last: Promise<unknown> = Promise.resolve();

/**
 * The whole program in this process, as a script sees it: words in, status and two streams out. One at a time: all of
 * them compute, and the hook's deadline counts the time that another one takes from it.
 */
export async function runCli(
  words: readonly string[],
  options: { readonly answer?: boolean } = {},
): Promise<CliResult> {
  const run = last.then(() => runNow(words, options));
  last = run.catch(() => undefined);
  return run;
}

async function runNow(words: readonly string[], options: { readonly answer?: boolean }): Promise<CliResult> {
  const out: string[] = [];
  const err: string[] = [];
  const { answer } = options;
  const io: Io = {
    stdout: { write: (text) => void out.push(text), isTerminal: false, columns: undefined },
    stderr: { write: (text) => void err.push(text), isTerminal: false, columns: undefined },
    env: { PATH: process.env['PATH'] },
    confirm: answer === undefined ? undefined : () => Promise.resolve(answer),
    damagedParts: () => [],
  };
  const status = await main(words, io);
  return { status, stdout: out.join(''), stderr: err.join('') };
}

/** The document a command printed with `-o json`. */
// The caller says which document it asked for: the arguments do not.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export async function runJson<T>(words: readonly string[]): Promise<{ readonly status: number; readonly document: T }> {
  const { status, stdout, stderr } = await runCli([...words, '-o', 'json']);
  if (stdout === '') throw new Error(`no document; status ${String(status)}, stderr: ${stderr}`);
  return { status, document: JSON.parse(stdout) as T };
}
