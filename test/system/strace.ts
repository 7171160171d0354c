import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tree } from '../fixtures/tree.ts';
import { prestartLine, run, type Ended } from './certmend.ts';

/** System calls that can change a disk. */
const mutating = [
  'chmod',
  'chown',
  'creat',
  'fallocate',
  'fchmod',
  'fchmodat',
  'fchown',
  'fchownat',
  'fdatasync',
  'fsync',
  'ftruncate',
  'lchown',
  'link',
  'linkat',
  'mkdir',
  'mkdirat',
  'open',
  'openat',
  'pwrite64',
  'rename',
  'renameat',
  'renameat2',
  'rmdir',
  'symlink',
  'symlinkat',
  'truncate',
  'unlink',
  'unlinkat',
  'utimensat',
  'write',
  'writev',
] as const;

/** The n-th call of a name by the main thread: strace counts for each thread and for each name. */
export interface Point {
  readonly call: string;
  readonly n: number;
  /** As strace prints it, to tell a person which one it was. */
  readonly text: string;
  /** Whether the call changed anything in the run that was recorded: `mkdir` of what exists does not. */
  readonly tookEffect: boolean;
}

export function pointName({ call, n, text }: Point): string {
  return `${call} no. ${n}: ${text}`;
}

/** With CERTMEND_EXHAUSTIVE=1 nothing takes turns and nothing is sampled: for a night, not for each change. */
export const exhaustive = process.env['CERTMEND_EXHAUSTIVE'] === '1';

/** With CERTMEND_STRIDE=20 only each twentieth point: for a quick look. */
export function chosen<T>(points: readonly T[]): T[] {
  const stride = Number(process.env['CERTMEND_STRIDE'] ?? '1');
  return points.filter((_, index) => index % stride === 0);
}

/**
 * Runs `prestart` once to its end and lists the calls of its main thread that change something below the root. All
 * file-system work is synchronous, so the same numbers hold for every run on a copy of the same tree.
 */
export async function mutatingPoints(tree: Tree, scratch: string, ...options: readonly string[]): Promise<Point[]> {
  const log = join(scratch, 'strace.log');
  const trace = `trace=${mutating.map((name) => `?${name}`).join(',')}`;
  const line = ['-f', '-y', '-qq', '-s', '0', '-o', log, '-e', trace, '-e', 'signal=none', process.execPath];
  const ended = await run('strace', [...line, ...prestartLine(tree, ...options)]);
  if (ended.status !== 0) throw new Error(`the reference run ended with ${String(ended.status)}: ${ended.stderr}`);
  const lines = readFileSync(log, 'utf8').split('\n');
  const [main = ''] = lines[0]?.split(' ') ?? [];
  const counts = new Map<string, number>();
  const points: Point[] = [];
  for (const text of lines) {
    const [, thread, call] = /^(\d+)\s+(\w+)\(/.exec(text) ?? [];
    if (thread !== main || call === undefined) continue;
    const n = (counts.get(call) ?? 0) + 1;
    counts.set(call, n);
    if (changesTree(text, call, tree.root)) points.push(toPoint(text, call, n));
  }
  return points;
}

function toPoint(text: string, call: string, n: number): Point {
  return { call, n, text: text.slice(text.indexOf(call)), tookEffect: !text.includes(' = -1 E') };
}

function changesTree(text: string, call: string, root: string): boolean {
  if (!text.includes(root)) return false;
  return !call.startsWith('open') || /O_(CREAT|TRUNC|WRONLY|RDWR)/.test(text);
}

/** `prestart` with something injected at a point: `signal=SIGKILL`, `error=ENOSPC`. */
export async function prestartWith(
  tree: Tree,
  point: Point,
  injection: string,
  ...options: readonly string[]
): Promise<Ended> {
  const { call, n } = point;
  const line = ['-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', `inject=${call}:${injection}:when=${n}`];
  return await run('strace', [...line, process.execPath, ...prestartLine(tree, ...options)]);
}
