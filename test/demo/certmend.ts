import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

/** The real program, as `npm run build` made it, on the runtime that runs the demo. */
const program = join(import.meta.dirname, '../../dist/certmend.cjs');
const pretendTerminal = join(import.meta.dirname, 'pretend-terminal.ts');

export interface Answer {
  /** What it said and what it printed, in that order. */
  readonly shown: string;
  /** The same without escape sequences. */
  readonly text: string;
  readonly status: number | null;
}

export interface Certmend {
  run(...words: readonly string[]): Answer;
  /** Starts it and comes back at once; nothing of its output is kept. */
  start(...words: readonly string[]): ChildProcess;
}

/** @param root given to every command as `--root` */
export function certmendOn(root: string, { columns, colour }: { columns: number; colour: boolean }): Certmend {
  // Whether there is colour was decided from both variables and the terminal; the program is told the result.
  const env = { ...process.env, COLUMNS: String(columns), FORCE_COLOR: undefined, NO_COLOR: colour ? undefined : '1' };
  const start = ['--import', pretendTerminal, program, '--root', root];
  return {
    run: (...words) => {
      const { stdout, stderr, status, error } = spawnSync(process.execPath, [...start, ...words], {
        env,
        encoding: 'utf8',
        timeout: 60_000,
      });
      if (error !== undefined) throw error;
      return { shown: stderr + stdout, text: stripVTControlCharacters(stderr + stdout), status };
    },
    start: (...words) => spawn(process.execPath, [...start, ...words], { env, stdio: 'ignore' }),
  };
}
