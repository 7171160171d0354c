import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, isAbsolute, join, normalize, resolve } from 'node:path';
import type { FileWriter } from '../disk/file-writer.ts';

/**
 * The node's files for writing, below `root`. One method, one system call (a short write is continued), synchronous.
 *
 * Under a root other than `/` the kernel would follow an absolute symlink in the tree out of the tree and onto this
 * very machine, so there every parent directory is resolved first and refused (ELOOP) when it leaves the root.
 */
export function createFileWriter(root: string): FileWriter {
  const base = resolve(root);
  const locate = base === '/' ? nodePath : (path: string) => confined(base, path);

  return {
    create: (path, mode) => {
      const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
      return openSync(locate(path), O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, mode);
    },
    write: (descriptor, bytes) => {
      let written = 0;
      while (written < bytes.length) {
        written += writeSync(descriptor, bytes, written);
      }
    },
    setOwner: (descriptor, uid, gid) => {
      fchownSync(descriptor, uid, gid);
    },
    setMode: (descriptor, mode) => {
      fchmodSync(descriptor, mode);
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
      const descriptor = openSync(locate(path), constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    },
  };
}

function nodePath(path: string): string {
  if (!isAbsolute(path) || normalize(path) !== path || (path.endsWith('/') && path !== '/')) {
    throw new TypeError(`not an absolute, normalised node path: ${path}`);
  }
  return path;
}

function confined(base: string, path: string): string {
  const host = join(base, nodePath(path));
  const parent = path === '/' ? base : dirname(host);
  const real = realpathSync.native(parent);
  const realBase = realpathSync.native(base);
  if (real !== realBase && !real.startsWith(`${realBase}/`)) {
    throw Object.assign(new Error(`${path} leads out of ${base} through a symlink`), {
      code: 'ELOOP',
      syscall: 'open',
      path: host,
    });
  }
  return host;
}
