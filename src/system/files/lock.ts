import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { onDisk } from '../../disk/disk-error.ts';
import { makeDirectories } from '../../disk/durable-write.ts';
import { ownPaths } from '../../disk/own-paths.ts';
import { CertmendError, exitStatus } from '../../error.ts';
import { flock } from './flock.ts';
import { hostPlace } from './host-place.ts';
import { createFileReader } from './node-file-reader.ts';
import { createFileWriter } from './node-file-writer.ts';

export interface Lock {
  release(): void;
}

/**
 * Takes the one lock that every writing command holds (P6), or throws.
 *
 * The lock is flock(2)'s, on a descriptor that only this process keeps. So there is no stale lock and nothing to clean up. Node opens files close-on-exec, so no child of ours keeps it alive.
 * What it cannot do: keep out a writer that does not ask for it, or one on another machine that mounts the same disk.
 *
 * @param options.waitMs how long to wait for a holder to finish, milliseconds; 0 does not wait
 * @throws CertmendError LockHeld (exit 75, retry), StorageReadOnly and siblings when the lock file cannot be opened
 */
export function acquireLock(root: string, options: { readonly waitMs: number }): Lock {
  const descriptor = openLock(root);
  try {
    lockDescriptor(descriptor, options.waitMs);
    writeHolder(descriptor);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return {
    release: () => {
      try {
        closeSync(descriptor);
      } catch {
        // whatever it answers, the descriptor is gone, and the lock with it
      }
    },
  };
}

/**
 * The lock file of this root and of no other: neither a link in its place nor one on the way leads to a file of somebody
 * else, and a second name of such a file is refused before anything is written into it.
 */
function openLock(root: string): number {
  return onDisk('open the lock', ownPaths.lock, () => {
    const [reader, writer] = [createFileReader(root), createFileWriter(root)];
    const exists = (path: string): boolean => reader.stat(path).state !== 'absent';
    makeDirectories(writer, dirname(ownPaths.runDirectory), 0o755, exists);
    makeDirectories(writer, ownPaths.runDirectory, 0o700, exists);
    const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
    const descriptor = openSync(hostPlace(root, ownPaths.lock), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
    const stats = fstatSync(descriptor);
    if (stats.isFile() && stats.nlink === 1) return descriptor;
    closeSync(descriptor);
    throw new CertmendError('StorageFailed', `${ownPaths.lock} is not a file of certmend's own; nothing was changed`, {
      hint: `see what it is (stat ${ownPaths.lock}), then move it away: mv ${ownPaths.lock} ${ownPaths.lock}.moved`,
    });
  });
}

function lockDescriptor(descriptor: number, waitMs: number): void {
  if (flock(descriptor, ownPaths.lock, { shared: false, waitMs })) return;
  const holder = readHolder(descriptor);
  throw new CertmendError('LockHeld', `another certmend${holder} is working on this node; nothing was changed`, {
    exit: exitStatus.tryAgain,
    hint: 'wait until it has finished, then run the command again',
  });
}

/** For the message of whoever finds the lock held. Not a promise: the lock is the kernel's, the number only a hint. */
function writeHolder(descriptor: number): void {
  try {
    ftruncateSync(descriptor, 0);
    writeSync(descriptor, `${String(process.pid)}\n`, 0);
  } catch {
    // a full /run must not keep a node from coming back
  }
}

function readHolder(descriptor: number): string {
  const bytes = Buffer.alloc(16);
  const length = readSync(descriptor, bytes, 0, bytes.length, 0);
  const [pid] = /^\d+/.exec(bytes.toString('latin1', 0, length)) ?? [];
  return pid === undefined ? '' : ` (process ${pid})`;
}
