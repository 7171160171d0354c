import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ArchivePlace, ArchiveReader } from '../../backup/ports.ts';
import { onDisk } from '../../disk/disk-error.ts';
import { shellWord } from '../../disk/shell-word.ts';
import { CertmendError, exitStatus } from '../../error.ts';
import { hostDirectory } from './host-place.ts';
import { createFileReader } from './node-file-reader.ts';
import { createFileWriter } from './node-file-writer.ts';

/** A directory for archives below `root`. */
export function archivePlace(root: string, directory: string): ArchivePlace {
  return {
    directory,
    reader: createFileReader(root),
    writer: createFileWriter(root),
    archives: archiveReader(root),
    uid: process.geteuid?.() ?? 0,
  };
}

const pieceBytes = 64 * 1024;

function archiveReader(root: string): ArchiveReader {
  const open = (path: string): { readonly descriptor: number; readonly size: number } =>
    onDisk('read', path, () => {
      const host =
        root === '/' ? path : `${hostDirectory(root, dirname(path))}/${path.slice(path.lastIndexOf('/') + 1)}`;
      // Does not wait for the writer of a FIFO.
      const descriptor = openSync(host, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
      const stats = fstatSync(descriptor);
      if (stats.isFile()) return { descriptor, size: stats.size };
      closeSync(descriptor);
      throw new CertmendError('BackupUnreadable', `${path} is not a regular file, so it is no backup`, {
        exit: exitStatus.refused,
        hint: `see what it is: ls -ld ${shellWord(path)}`,
      });
    });
  return {
    size: (path) => {
      const { descriptor, size } = open(path);
      closeSync(descriptor);
      return size;
    },
    *pieces(path, limit) {
      const { descriptor } = open(path);
      try {
        for (let read = 0; read < limit;) {
          const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, limit - read));
          const length = onDisk('read', path, () => readSync(descriptor, piece, 0, piece.length, null));
          if (length === 0) return;
          read += length;
          yield piece.subarray(0, length);
        }
      } finally {
        closeSync(descriptor);
      }
    },
  };
}
