import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { copyTree, type Tree } from '../fixtures/tree.ts';
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

/** System calls that only look. */
const reading = [
  'fstat',
  'getdents64',
  'lstat',
  'newfstatat',
  'open',
  'openat',
  'pread64',
  'read',
  'readlink',
  'readlinkat',
  'stat',
  'statx',
] as const;

/** One call of the main thread. */
export interface Point {
  readonly call: string;
  /** The how-manyeth call of its name it is: strace counts by that. */
  readonly n: number;
  /** What it is asked about: the name and the paths, without what is random in them. */
  readonly target: string;
  /** The how-manyeth call with this target it is. What the runtime does on its own does not change that. */
  readonly turn: number;
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
export function chosen<T>(points: readonly T[], stride = 1): T[] {
  const every = Number(process.env['CERTMEND_STRIDE'] ?? (exhaustive ? '1' : String(stride)));
  return points.filter((_, index) => index % every === 0);
}

/** Only the main thread is looked at: all file-system work is done there, and a child's own files are not certmend's. */
const straced = { UV_USE_IO_URING: '0' };
const options = ['-y', '-qq', '-s', '0', '-e', 'signal=none'];

/** Runs `prestart` once to its end and lists the calls that change something below the root, or those that only look. */
export async function pointsOf(kind: 'mutating' | 'reading', tree: Tree, scratch: string): Promise<Point[]> {
  const log = join(scratch, `strace-${kind}.log`);
  const names = kind === 'mutating' ? mutating : reading;
  const line = [...options, '-o', log, '-e', `trace=${names.map((name) => `?${name}`).join(',')}`, process.execPath];
  const ended = await run('strace', [...line, ...prestartLine(tree)], straced, hangs);
  if (ended.status !== 0) throw new Error(`the reference run ended with ${String(ended.status)}: ${ended.stderr}`);
  return readPoints(log, tree).filter(
    ({ text, call }) => text.includes(tree.root) && changes(text, call) === (kind === 'mutating'),
  );
}

function readPoints(log: string, tree: Tree): Point[] {
  const seen = new Map<string, number>();
  const next = (name: string): number => {
    seen.set(name, (seen.get(name) ?? 0) + 1);
    return seen.get(name) ?? 1;
  };
  return readFileSync(log, 'utf8')
    .split('\n')
    .flatMap((text) => {
      const call = /^(\w+)\(/.exec(text)?.[1];
      if (call === undefined) return [];
      const target = targetOf(text, call, tree);
      return [{ call, n: next(call), target, turn: next(target), text, tookEffect: !text.includes(' = -1 E') }];
    });
}

/** The same for the same call in every run: paths only, as numbers and lengths are others each time. */
function targetOf(text: string, call: string, tree: Tree): string {
  // Without what it answers: a call that is made to fail opens nothing.
  const asked = text.replace(/\)\s+= .*$/, '');
  const paths = [...asked.matchAll(/<([^>]*)>|"([^"]*)"/g)].map(([, descriptor, name]) => descriptor ?? name ?? '');
  // An empty one is what is read or written, which -s 0 leaves out, and a failed read has none.
  return [call, ...paths.filter((path) => path !== '')]
    .join(' ')
    .replaceAll(tree.root, '')
    .replaceAll(/\.certmend-[0-9a-f]{16}/g, '.certmend-ID')
    .replaceAll(/\/\d{8}T\d{6}Z/g, '/INSTANT');
}

function changes(text: string, call: string): boolean {
  if (call.startsWith('open')) return /O_(CREAT|TRUNC|WRONLY|RDWR)/.test(text);
  return (mutating as readonly string[]).includes(call);
}

/** What a run can need on a machine that is busy with other things; one that hangs is ended then. */
const hangs = 600_000;
const tries = 20;

/**
 * `prestart` on a copy of a tree, with something injected at a point: `signal=SIGKILL`, `error=ENOSPC`. strace is told a
 * number, and what the runtime does by itself counts with the rest: so it is looked at which call was hit, and when it was
 * another, it is tried again on a new copy.
 *
 * @throws Error when the point is never hit
 */
export async function injected(
  pristine: Tree,
  directory: string,
  point: Point,
  injection: string,
  ...words: readonly string[]
): Promise<{ readonly tree: Tree; readonly ended: Ended }> {
  const { call, target, turn } = point;
  let { n } = point;
  let hit: Point | undefined;
  const log = `${directory}.log`;
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    const tree = copyTree(pristine, directory);
    const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:${injection}:when=${n}`];
    const line = [...options, '-o', log, ...inject, process.execPath, ...prestartLine(tree, ...words)];
    const ended = await run('strace', line, straced, hangs);
    const points = readPoints(log, tree);
    rmSync(log);
    hit = points[n - 1];
    if (hit?.target === target && hit.turn === turn) return { tree, ended };
    const wanted = points.find((other) => other.target === target && other.turn === turn);
    n = wanted?.n ?? n + 1;
    rmSync(directory, { recursive: true });
  }
  throw new Error(`not hit in ${tries} tries, but at last ${hit?.text ?? 'nothing'}`);
}
