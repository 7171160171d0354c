import { spawnSync } from 'node:child_process';
import { closeSync, constants, ftruncateSync, mkdirSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { onDisk } from '../disk/disk-error.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { CertmendError, exitStatus } from '../error.ts';

export interface Lock {
  release(): void;
}

/**
 * Takes the one lock that every writing command holds (P6), or throws.
 *
 * The lock is flock(2)'s, on a descriptor that only this process keeps: `flock` locks it through inheritance and
 * exits, and the kernel drops the lock when the last copy of the descriptor is closed, however the process ends. So
 * there is no stale lock and nothing to clean up. Node opens files close-on-exec, so no child of ours keeps it alive.
 * What it cannot do: keep out a writer that does not ask for it, or one on another machine that mounts the same disk.
 *
 * @param options.waitMs how long to wait for a holder to finish, milliseconds; 0 does not wait
 * @throws CertmendError LockHeld (exit 75, retry), StorageReadOnly and siblings when the lock file cannot be opened
 */
export function acquireLock(root: string, options: { readonly waitMs: number }): Lock {
  const file = join(resolve(root), ownPaths.lock);
  const descriptor = onDisk('open the lock', ownPaths.lock, () => {
    mkdirSync(dirname(dirname(file)), { recursive: true, mode: 0o755 });
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    return openSync(file, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  });
  try {
    lockDescriptor(descriptor, options.waitMs);
    writeHolder(descriptor);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return {
    release: () => {
      closeSync(descriptor);
    },
  };
}

function lockDescriptor(descriptor: number, waitMs: number): void {
  const wait = waitMs > 0 ? ['-w', (waitMs / 1000).toFixed(3)] : ['-n'];
  const { error, status, stderr } = spawnSync('flock', [...wait, '3'], {
    stdio: ['ignore', 'ignore', 'pipe', descriptor],
    encoding: 'utf8',
  });
  if (error !== undefined) {
    throw new CertmendError('StorageFailed', 'cannot take the lock: the program flock could not be run', {
      hint: 'install util-linux, which has flock, and see that it is on the PATH',
      cause: error,
    });
  }
  if (status === 1) {
    const holder = readHolder(descriptor);
    throw new CertmendError('LockHeld', `another certmend${holder} is working on this node; nothing was changed`, {
      exit: exitStatus.tryAgain,
      retry: true,
      hint: 'wait until it is done, then run the command again',
    });
  }
  if (status !== 0) {
    throw new CertmendError('StorageFailed', `cannot take the lock ${ownPaths.lock}: flock said: ${stderr.trim()}`, {
      hint: `see that ${ownPaths.runDirectory} is on a local file system`,
    });
  }
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
