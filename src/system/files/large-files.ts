import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import type { LargeFiles } from '../../disk/large-file.ts';
import { flock } from './flock.ts';
import { hostPlace } from './host-place.ts';

/** Large files below `root`, read where it is needed. */
export function createLargeFiles(root: string): LargeFiles {
  return {
    open: (path) => {
      const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
      const descriptor = openSync(hostPlace(root, path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      const stats = fstatSync(descriptor);
      if (!stats.isFile()) {
        closeSync(descriptor);
        throw Object.assign(new Error(`EINVAL: ${path}`), { code: 'EINVAL', syscall: 'open', path });
      }
      return {
        size: stats.size,
        inode: stats.ino,
        mode: stats.mode & 0o7777,
        uid: stats.uid,
        gid: stats.gid,
        mtimeMs: stats.mtimeMs,
        read: (offset, length) => readExactly(descriptor, offset, length),
        lock: () => flock(descriptor, path, { shared: false, waitMs: 0 }),
        close: () => {
          closeSync(descriptor);
        },
      };
    },
    lockHolder: (path) => {
      const { ino } = statSync(hostPlace(root, path));
      return holderOf(ino, readFileSync('/proc/locks', 'latin1'));
    },
  };
}

function readExactly(descriptor: number, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let done = 0; done < length;) {
    const count = readSync(descriptor, bytes, done, length - done, offset + done);
    if (count === 0) throw new RangeError(`the file ends before ${String(offset + length)}`);
    done += count;
  }
  return bytes;
}

/**
 * `1: POSIX ADVISORY READ 1234 fd:01:5678 0 EOF` (proc_locks(5)). By inode alone: some file systems show another device
 * here than stat(2) does, and to take a stranger's lock for this one only stops a person who can look.
 */
function holderOf(inode: number, locks: string): number | undefined {
  for (const line of locks.split('\n')) {
    const [, pid, number] =
      /^\d+: (?:-> )?(?:POSIX|FLOCK|OFDLCK)\s+\S+\s+\S+\s+(-?\d+)\s+[0-9a-f]+:[0-9a-f]+:(\d+) /.exec(line) ?? [];
    if (pid !== undefined && Number(number) === inode && Number(pid) !== process.pid) return Number(pid);
  }
  return undefined;
}
