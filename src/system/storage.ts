import { statfsSync, type StatsFs } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { errnoOf } from '../disk/disk-error.ts';
import type { Storage } from '../disk/file-writer.ts';

/** Free bytes and inodes as statfs(2) has them, below `root`. */
export function createStorage(root: string): Storage {
  const base = resolve(root);
  // Root may use the reserve that ext4 keeps: on a disk that users filled up, it is what lets the node come back.
  const mayUseReserve = process.geteuid?.() === 0;
  return {
    free: (path) => {
      const { bsize, bavail, bfree, files, ffree } = statNearest(join(base, path));
      return {
        bytes: (mayUseReserve ? bfree : bavail) * bsize,
        // btrfs and others make inodes as they go and report none at all
        inodes: files === 0 ? Number.POSITIVE_INFINITY : ffree,
      };
    },
  };
}

function statNearest(path: string): StatsFs {
  for (let at = path; ; at = dirname(at)) {
    try {
      return statfsSync(at);
    } catch (error) {
      const errno = errnoOf(error);
      if ((errno !== 'ENOENT' && errno !== 'ENOTDIR') || at === dirname(at)) {
        throw error;
      }
    }
  }
}
