import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** What a process of run-cases.ts prints. */
export interface Report {
  readonly cases: number;
  /** That the situation has when nothing fails. */
  readonly calls: number;
  /** One text for each case after which something was wrong. */
  readonly failures: readonly string[];
}

/** Runs each `of`-th case of a situation, from the `part`-th, in a process of its own. */
export async function runCases(situation: string, part: number, of: number): Promise<Report> {
  const words = ['--no-warnings', join(import.meta.dirname, 'run-cases.ts'), situation, String(part), String(of)];
  const { stdout } = await promisify(execFile)(process.execPath, words, { maxBuffer: 2 ** 28 });
  return JSON.parse(stdout) as Report;
}
