import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  futimesSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { isAbsolute, normalize, resolve } from 'node:path';
import type { FileWriter } from '../../disk/file-writer.ts';
import { hostDirectory, hostPlace } from './host-place.ts';

/**
 * The node's files for writing, below `root`. One method, one system call (a short write is continued), synchronous.
 *
 * Under a root other than `/` every path is resolved as the reader resolves it, so that what is read can be written, and
 * nothing outside of the tree is ever touched.
 */
export function createFileWriter(root: string): FileWriter {
  const base = resolve(root);
  const isElsewhere = base !== '/';
  const locate = (path: string): string => (isElsewhere ? hostPlace(base, nodePath(path)) : nodePath(path));

  return {
    create: (path, mode) => {
      const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
      return openSync(locate(path), O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, mode);
    },
    openExisting: (path) => openSync(locate(path), constants.O_WRONLY | constants.O_NOFOLLOW),
    write: (descriptor, bytes) => {
      let written = 0;
      while (written < bytes.length) written += writeSync(descriptor, bytes, written);
    },
    truncate: (descriptor, length) => {
      ftruncateSync(descriptor, length);
    },
    setOwner: (descriptor, uid, gid) => {
      fchownSync(descriptor, uid, gid);
    },
    setMode: (descriptor, mode) => {
      fchmodSync(descriptor, mode);
    },
    setTimes: (descriptor, modifiedAtMs) => {
      futimesSync(descriptor, modifiedAtMs / 1000, modifiedAtMs / 1000);
    },
    sync: (descriptor) => {
      fsyncSync(descriptor);
    },
    close: (descriptor) => {
      closeSync(descriptor);
    },
    rename: (from, to) => {
      renameSync(locate(from), locate(to));
    },
    link: (existing, created) => {
      linkSync(locate(existing), locate(created));
    },
    unlink: (path) => {
      unlinkSync(locate(path));
    },
    makeDirectory: (path, mode) => {
      mkdirSync(locate(path), { mode });
    },
    removeDirectory: (path) => {
      rmdirSync(locate(path));
    },
    syncDirectory: (path) => {
      const descriptor = openSync(
        isElsewhere ? hostDirectory(base, nodePath(path)) : nodePath(path),
        constants.O_RDONLY | constants.O_DIRECTORY,
      );
      try {
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    },
  };
}

function nodePath(path: string): string {
  if (!isAbsolute(path) || normalize(path) !== path || (path.endsWith('/') && path !== '/'))
    throw new TypeError(`not an absolute, normalised node path: ${path}`);
  return path;
}
