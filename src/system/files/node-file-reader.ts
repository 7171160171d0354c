import { hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readdirSync, readlinkSync, readSync, realpathSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { diskError, isShortage } from '../../disk/disk-error.ts';
import {
  maxFileBytes,
  type FileReader,
  type FileState,
  type Mounted,
  type PathState,
  type UnreadableProblem,
} from '../../disk/file-reader.ts';
import { mountPoints } from './mount-points.ts';
import { createPathResolver, type Resolution, type Step } from './path-resolver.ts';

/** Neither waits for a writer of a FIFO nor follows a link nor makes a terminal ours. */
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

const absent = { state: 'absent' } as const;

/**
 * Reads files below `root` as a process that is chrooted there would: links are resolved here, component by component,
 * absolute targets from `root`. For one command: what directories are links is remembered, file contents are not.
 * @param root directory that stands in for `/`; empty or `/` for the running node
 */
export function createFileReader(root: string): FileReader {
  const prefix = root.replace(/\/+$/, '');
  const resolver = createPathResolver(prefix);
  return {
    read(path, within) {
      const place = resolver.follow(path, within);
      return place.kind === 'place' ? readPlace(prefix + place.path, place.stats) : failure(place);
    },
    readOwn(path, within) {
      const place = resolver.follow(path, within);
      if (place.kind !== 'place') return failure(place);
      const stranger = resolver.way(path).flatMap((step) => mistrust(step, step.path === place.path))[0];
      return stranger === undefined
        ? readPlace(prefix + place.path, place.stats)
        : unreadable('not-ours', `is not trusted: ${stranger}`);
    },
    stat(path) {
      const place = resolver.locate(path);
      return place.kind === 'place' ? pathState(place.stats) : lost(place);
    },
    list(directory) {
      const place = resolver.follow(directory);
      if (place.kind !== 'place' || !place.stats.isDirectory()) return undefined;
      return attempt(
        directory,
        () => readdirSync(prefix + place.path).sort(),
        () => undefined,
      );
    },
    readLink(path) {
      const place = resolver.locate(path);
      if (place.kind !== 'place' || !place.stats.isSymbolicLink()) return undefined;
      return attempt(
        path,
        () => readlinkSync(prefix + place.path),
        () => undefined,
      );
    },
    mountedOver(paths) {
      const mounts = attempt('/proc/self/mountinfo', mountPoints, () => new Map<string, Mounted>());
      // Of hundreds of mounts hardly ever one is named like a file of ours: the others cost no look.
      const names = new Set([...mounts.keys()].map(baseName));
      const suspects = paths.filter((path) => names.has(baseName(path)));
      if (suspects.length === 0) return new Map();
      const top = prefix === '' ? '' : realpathSync.native(prefix);
      return new Map(
        suspects.flatMap((path) => {
          const place = resolver.locate(path);
          const mounted = place.kind === 'place' ? mounts.get(top + place.path) : undefined;
          return mounted === undefined ? [] : [[path, mounted]];
        }),
      );
    },
  };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function readPlace(hostPath: string, stats: Stats): FileState {
  // Asked before the file is opened: opening a device can act on it.
  const refusal = refuse(stats);
  if (refusal !== undefined) return refusal;
  const open = (): FileState => {
    const descriptor = openSync(hostPath, openFlags);
    try {
      return readDescriptor(descriptor);
    } finally {
      closeSync(descriptor);
    }
  };
  return attempt(hostPath, open, errorState);
}

function readDescriptor(descriptor: number): FileState {
  // Asked again: between the two the path may have been given to another file.
  const stats = fstatSync(descriptor);
  const refusal = refuse(stats);
  if (refusal !== undefined) return refusal;
  const bytes = readBounded(descriptor, stats.size);
  if (bytes.length > maxFileBytes) return unreadable('too-large', `grew beyond ${maxFileBytes} bytes`);
  return {
    state: 'regular',
    bytes,
    sha256: hash('sha256', bytes, 'hex'),
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    mtimeMs: stats.mtimeMs,
  };
}

/** Reads to the end of the file or to one byte beyond the limit, whatever `size` promised. */
function readBounded(descriptor: number, size: number): Buffer {
  // Its own memory, not a slice of the shared pool: keys are read here too.
  let buffer = Buffer.allocUnsafeSlow(size + 1);
  let length = 0;
  for (;;) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, null);
    length += count;
    // One byte more was asked for than the file should have, so this is its end; files that claim no size are asked again.
    const isWhole = count === 0 || (length === size && size > 0);
    if (isWhole || length > maxFileBytes) return buffer.subarray(0, length);
    if (length === buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(Math.max(length * 2, 4096), maxFileBytes + 1));
      buffer.copy(larger, 0, 0, length);
      buffer = larger;
    }
  }
}

/**
 * Whoever else owns or may write a file, or a directory or link on the way to it, decides what is in it. Our own group
 * may write: that is how a umask of 002 leaves a file, and the group of root is root's.
 */
function mistrust({ path, stats }: Step, isIt: boolean): readonly string[] {
  const { uid, gid, mode } = stats;
  const what = isIt ? 'it' : `${path}, in its path,`;
  if (uid !== 0 && uid !== process.geteuid?.()) return [`${what} is owned by user ${uid}`];
  // In a sticky directory nobody puts one file in the place of another's; a link has no mode of its own.
  if (stats.isSymbolicLink() || (stats.isDirectory() && (mode & 0o1000) !== 0)) return [];
  if ((mode & 0o002) !== 0) return [`${what} is writable by everyone (mode ${octal(mode)})`];
  const isOurGroup = gid === 0 || gid === process.getegid?.();
  return (mode & 0o020) === 0 || isOurGroup ? [] : [`${what} is writable by group ${gid} (mode ${octal(mode)})`];
}

function octal(mode: number): string {
  return `0${(mode & 0o7777).toString(8)}`;
}

/** Why what is at the path is not read, undefined for a regular file of bearable size. */
function refuse(stats: Stats): FileState | undefined {
  if (stats.isDirectory()) return unreadable('directory', 'is a directory');
  if (!stats.isFile()) return unreadable('special-file', `is a ${specialKind(stats)}`);
  if (stats.size > maxFileBytes) return unreadable('too-large', `is ${stats.size} bytes, more than ${maxFileBytes}`);
  return undefined;
}

function specialKind(stats: Stats): string {
  if (stats.isFIFO()) return 'FIFO';
  if (stats.isSocket()) return 'socket';
  return stats.isSymbolicLink() ? 'symlink' : 'device';
}

function failure(place: Exclude<Resolution, { kind: 'place' }>): FileState {
  return place.kind === 'absent'
    ? absent
    : place.kind === 'error'
      ? errorState(place.error)
      : place.link === undefined
        ? unreadable(place.kind, place.detail)
        : { state: 'unreadable', problem: place.kind, detail: place.detail, link: place.link };
}

function lost(place: Exclude<Resolution, { kind: 'place' }>): PathState {
  // A link on the way that leads nowhere: there is nothing at the path.
  if (place.kind === 'absent' || place.kind === 'dangling-symlink') return absent;
  return { state: 'unreadable', detail: place.kind === 'error' ? cannotBeRead(place.error) : place.detail };
}

function pathState(stats: Stats): PathState {
  return {
    state: 'present',
    type: stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'symlink' : 'other',
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    size: stats.size,
    mtimeMs: stats.mtimeMs,
  };
}

function attempt<T>(path: string, work: () => T, otherwise: (error: unknown) => T): T {
  try {
    return work();
  } catch (error) {
    // Taken for a fault of the file it would be a verdict on the node.
    if (isShortage(error)) throw diskError(error, 'read', path);
    return otherwise(error);
  }
}

function errorState(error: unknown): FileState {
  switch (codeOf(error)) {
    case 'ENOENT':
      return absent;
    case 'EACCES':
    case 'EPERM':
      return unreadable('denied', cannotBeRead(error));
    default:
      return unreadable('io', cannotBeRead(error));
  }
}

function cannotBeRead(error: unknown): string {
  return `cannot be read: ${codeOf(error)}`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
}

function unreadable(problem: UnreadableProblem, detail: string): FileState {
  return { state: 'unreadable', problem, detail };
}
