import { statfsSync, type StatsFs } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../../disk/disk-error.ts';
import type { Storage } from '../../disk/file-writer.ts';
import { hostPlace } from './host-place.ts';

/** Free bytes and inodes as statfs(2) has them, below `root`. */
export function createStorage(root: string): Storage {
  // Root may use the reserve that ext4 keeps: on a disk that users filled up, it is what lets the node come back.
  const mayUseReserve = process.geteuid?.() === 0;
  return {
    free: (path) => {
      const { bsize, bavail, bfree, files, ffree } = statNearest(root, path);
      return {
        bytes: (mayUseReserve ? bfree : bavail) * bsize,
        // btrfs and others make inodes as they go and report none at all
        inodes: files === 0 ? Number.POSITIVE_INFINITY : ffree,
      };
    },
  };
}

function statNearest(root: string, path: string): StatsFs {
  for (let at = path; ; at = dirname(at)) {
    try {
      return statfsSync(hostPlace(root, at));
    } catch (error) {
      const errno = errnoOf(error);
      if ((errno !== 'ENOENT' && errno !== 'ENOTDIR') || at === dirname(at)) throw error;
    }
  }
}
