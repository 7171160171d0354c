import { spawn } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Tree } from '../fixtures/tree.ts';
import { scratchDirectory } from './scratch.ts';

/** What `npm run build` makes. */
const built = join(import.meta.dirname, '..', '..', 'dist');

/**
 * The program as it ships, run as a process of its own: the outside of it only. A copy, since the counts of its system
 * calls must be the same from the first run to the last, whoever builds again in between.
 */
export const program = join(copyOfBuilt(), 'certmend.cjs');

function copyOfBuilt(): string {
  const copy = scratchDirectory();
  if (existsSync(built)) cpSync(built, copy, { recursive: true });
  return copy;
}

export interface Ended {
  /** Undefined when a signal ended it. */
  readonly status: number | undefined;
  readonly signal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, at most ten minutes or the limit (milliseconds). Never throws for its exit status. */
export async function run(
  command: string,
  arguments_: readonly string[],
  environment: NodeJS.ProcessEnv = {},
  limit = 600_000,
  signal?: AbortSignal,
): Promise<Ended> {
  return await new Promise((resolve, reject) => {
    const child = spawn(command, arguments_, {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: limit,
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.on('error', reject);
    signal?.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
    child.on('close', (status, signal) => {
      resolve({ status: status ?? undefined, signal: signal ?? undefined, stdout, stderr });
    });
  });
}

/** The boot hook's command line for the node's own unit. */
export function prestartLine(tree: Tree, ...options: readonly string[]): string[] {
  return [program, '--root', tree.root, 'prestart', '--unit', tree.unit, ...options];
}

export async function prestart(tree: Tree, ...options: readonly string[]): Promise<Ended> {
  return await run(process.execPath, prestartLine(tree, ...options));
}
