import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { atRename } from '../fixtures/at-rename.ts';

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
  /** It is killed right before its n-th rename to a path with `part` in it; nothing of its output is kept. */
  runKilled(
    at: { readonly rename: number; readonly part: string },
    ...words: readonly string[]
  ): { readonly signal: string | null };
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
        timeout: 540_000,
      });
      if (error !== undefined) throw error;
      return { shown: stderr + stdout, text: stripVTControlCharacters(stderr + stdout), status };
    },
    runKilled: ({ rename, part }, ...words) =>
      spawnSync(process.execPath, [...atRename('SIGKILL', rename, part), ...start, ...words], { env, stdio: 'ignore' }),
  };
}
