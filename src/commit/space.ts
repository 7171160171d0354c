import { dirname } from 'node:path';
import { onDisk } from '../disk/disk-error.ts';
import type { Storage } from '../disk/file-writer.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { CertmendError } from '../error.ts';

/** What a small file takes up on the file systems in use. */
const blockBytes = 4096;

/**
 * Room for twice the set, bytes and inodes, where the files go and where the journal goes: running out of it in the
 * middle can be undone, but not having begun is better.
 *
 * @throws CertmendError StorageFull (exit 73); nothing was touched
 */
export function requireSpace(
  files: readonly { readonly path: string; readonly bytes: number }[],
  storage: Storage,
): void {
  const bytes = 2 * files.reduce((sum, file) => sum + Math.ceil(file.bytes / blockBytes + 1) * blockBytes, 0);
  const inodes = 2 * (files.length + 1);
  for (const directory of new Set([...files.map(({ path }) => dirname(path)), ownPaths.stateDirectory])) {
    const free = onDisk('check the free space of', directory, () => storage.free(directory));
    if (free.bytes < bytes || free.inodes < inodes) {
      const lack =
        free.bytes < bytes
          ? `${String(bytes)} bytes are needed, ${String(free.bytes)} are free`
          : `${String(inodes)} inodes are needed, ${String(free.inodes)} are free`;
      throw new CertmendError(
        'StorageFull',
        `not enough space on the file system of ${directory}: ${lack}; nothing was changed`,
        {
          hint: `free space and inodes there (df -h, df -i ${directory}), then run certmend again`,
        },
      );
    }
  }
}
