import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/*
 * What a program and its children did to files and sockets, out of the log of `strace -f -y`. Paths are read where the
 * kernel is told them: in the arguments, and in what -y says of a descriptor.
 */

/** How each system call names what it changes: by path, by directory and path, or by a descriptor that is open. */
const byPath = [
  'chmod',
  'chown',
  'creat',
  'lchown',
  'mkdir',
  'mknod',
  'open',
  'rmdir',
  'truncate',
  'unlink',
  'utime',
  'utimes',
];
const byTwoPaths = ['link', 'rename'];
const byDirectory = [
  'fchmodat',
  'fchmodat2',
  'fchownat',
  'futimesat',
  'mkdirat',
  'mknodat',
  'openat',
  'openat2',
  'unlinkat',
  'utimensat',
];
const byTwoDirectories = ['linkat', 'renameat', 'renameat2'];
const byDescriptor = [
  'fallocate',
  'fchmod',
  'fchown',
  'fsetxattr',
  'ftruncate',
  'pwrite64',
  'pwritev',
  'sendfile',
  'write',
  'writev',
];
const attributes = ['setxattr', 'lsetxattr', 'removexattr', 'lremovexattr'];
const links = ['symlink', 'symlinkat'];
const listening = ['bind', 'listen', 'accept', 'accept4'];

/** For `-e`: some of these are not on every architecture. */
export const traced = `trace=${[
  byPath,
  byTwoPaths,
  byDirectory,
  byTwoDirectories,
  byDescriptor,
  attributes,
  links,
  listening,
]
  .flat()
  .map((name) => `?${name}`)
  .join(',')}`;

/** One change of one file or directory. */
export interface Mutation {
  readonly call: string;
  /** Host path. */
  readonly path: string;
}

export interface TracedRun {
  /** Without calls that failed: `mkdir` of what exists changes nothing. */
  readonly mutations: readonly Mutation[];
  /** Calls by which a socket would be reached from outside, as strace prints them. */
  readonly listening: readonly string[];
}

export function readTrace(log: string): TracedRun {
  const calls = readFileSync(log, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, call, rest] = /^\d+\s+(\w+)\((.*)$/.exec(line) ?? [];
      return call === undefined || rest === undefined ? [] : [{ call, rest }];
    });
  return {
    mutations: calls
      .filter(({ rest }) => !rest.includes(' = -1 E'))
      .flatMap(({ call, rest }) => changedBy(call, rest).map((path) => ({ call, path }))),
    listening: calls.filter(({ call }) => listening.includes(call)).map(({ call, rest }) => `${call}(${rest}`),
  };
}

function changedBy(call: string, rest: string): readonly string[] {
  if (/^(open|openat|openat2)$/.test(call) && !/O_(CREAT|TRUNC|WRONLY|RDWR|TMPFILE)/.test(rest)) return [];
  if (byDescriptor.includes(call)) {
    const path = /^\d+<(\/.*?)(?: \(deleted\))?>/.exec(rest)?.[1];
    return path === undefined ? [] : [path];
  }
  const named = [...rest.matchAll(/(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"([^"]*)"/g)].map(([, from = '/', name = '']) =>
    resolve(from, name),
  );
  if (links.includes(call)) return named.slice(1, 2);
  return named.slice(0, byTwoPaths.includes(call) || byTwoDirectories.includes(call) ? 2 : 1);
}
