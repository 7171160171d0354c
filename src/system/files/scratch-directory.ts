import { closeSync, constants, lstatSync, mkdirSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { makeDirectories } from '../../disk/durable-write.ts';
import { ownPaths } from '../../disk/own-paths.ts';
import { CertmendError } from '../../error.ts';
import { flock } from './flock.ts';
import { hostPlace } from './host-place.ts';
import { createFileReader } from './node-file-reader.ts';
import { createFileWriter } from './node-file-writer.ts';

export interface ScratchDirectory {
  readonly directory: string;
  readonly remove: () => void;
}

/** Somebody removes what a kill left behind: that takes milliseconds. */
const lockWaitMs = 5000;
/** All that end a process by their default and that a process may hear of; a fault of its own is none that can be heard. */
const fatalSignals = [
  ...(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGABRT', 'SIGALRM', 'SIGUSR2'] as const),
  ...(['SIGVTALRM', 'SIGXCPU', 'SIGIO', 'SIGPWR'] as const),
];

/**
 * Makes a 0700 directory for a copy of the node's certificates and keys (P9): below /run/certmend, which on a running
 * node is memory and not a disk; where that cannot be written (a mounted disk, a person without root), below the
 * system's temporary directory. Gone when `remove` is called or a signal ends the process. What a SIGKILL leaves, the
 * next one removes: whoever has a copy holds a shared lock on the directory above it, and the kernel drops that.
 *
 * @param root the directory given with --root
 * @throws CertmendError StorageDenied when there is no place for it
 */
export function makeScratchDirectory(root: string): ScratchDirectory {
  const places = [(): string => ofNode(root), ofTemporaryDirectory];
  const problems: string[] = [];
  for (const place of places) {
    try {
      return makeIn(place());
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new CertmendError('StorageDenied', `there is no directory for a copy of the node: ${problems.join('; ')}`, {
    hint: 'run certmend as root, or set TMPDIR to a writable directory of your own',
  });
}

/**
 * Removes the copies that a kill left behind; leaves everything alone while somebody has one.
 * @param root the directory given with --root
 */
export function removeAbandonedScratch(root: string): void {
  try {
    const parent = hostPlace(root, ownPaths.rehearsals);
    if (readdirSync(parent).length > 0) removeAbandoned(parent);
  } catch {
    // There never was one, or it is looked at again the next time.
  }
}

function ofNode(root: string): string {
  const [reader, writer] = [createFileReader(root), createFileWriter(root)];
  const exists = (path: string): boolean => reader.stat(path).state !== 'absent';
  makeDirectories(writer, dirname(ownPaths.runDirectory), 0o755, exists);
  makeDirectories(writer, ownPaths.rehearsals, 0o700, exists);
  return hostPlace(root, ownPaths.rehearsals);
}

function ofTemporaryDirectory(): string {
  const parent = join(tmpdir(), `certmend-rehearsals-${String(process.geteuid?.() ?? 0)}`);
  try {
    mkdirSync(parent, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return parent;
}

function makeIn(parent: string): ScratchDirectory {
  const stats = lstatSync(parent);
  if (!stats.isDirectory() || stats.uid !== process.geteuid?.() || (stats.mode & 0o077) !== 0)
    throw new Error(`${parent} is not a private directory of this user`);
  removeAbandoned(parent);
  const lock = lockDirectory(parent, { shared: true, waitMs: lockWaitMs });
  if (lock === undefined) throw new Error(`${parent} is in use by another certmend`);
  const directory = mkdtempSync(join(parent, 'copy-'));
  const remove = (): void => {
    rmSync(directory, { recursive: true, force: true });
  };
  const letGo = onFatalSignal(remove);
  return {
    directory,
    remove: () => {
      remove();
      letGo();
      closeSync(lock);
    },
  };
}

/** One certmend alone: none has a copy then, and none can begin one meanwhile. */
function removeAbandoned(parent: string): void {
  const lock = lockDirectory(parent, { shared: false, waitMs: 0 });
  if (lock === undefined) return;
  try {
    for (const name of readdirSync(parent)) rmSync(join(parent, name), { recursive: true, force: true });
  } finally {
    closeSync(lock);
  }
}

/** @returns a descriptor that holds the lock until it is closed; undefined when somebody else holds it */
function lockDirectory(path: string, how: Parameters<typeof flock>[2]): number | undefined {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    if (flock(descriptor, path, how)) return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  closeSync(descriptor);
  return undefined;
}

/** Runs `work` before one of the signals ends the process, as it would have. Returns what ends the watch. */
function onFatalSignal(work: () => void): () => void {
  const end = (signal: NodeJS.Signals): void => {
    try {
      work();
    } finally {
      letGo();
      process.kill(process.pid, signal);
    }
  };
  const letGo = (): void => {
    for (const signal of fatalSignals) process.off(signal, end);
  };
  for (const signal of fatalSignals) process.on(signal, end);
  return letGo;
}
