import { closeSync, constants, fsyncSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import { errnoOf } from '../../disk/disk-error.ts';
import { hostDirectory } from './host-place.ts';

/** A file without a name (open(2)): nothing of it is left behind, whatever happens. Not among Node.js's constants. */
const nameless = 0o20000000 | constants.O_DIRECTORY;

const chunk = 65_536;

/**
 * Writes so many bytes into a directory, or into its nearest parent that is there, and takes them back. Tried, because
 * it cannot be computed: quotas, blocks that nobody can use, a file system that turned read-only, an immutable directory.
 * @returns undefined when it worked; else where it failed, and the error number's name
 */
export function tryWrite(
  root: string,
  directory: string,
  bytes: number,
): { readonly directory: string; readonly errno: string } | undefined {
  for (let at = directory; ; at = dirname(at)) {
    try {
      writeIn(hostDirectory(root, at), bytes);
      return undefined;
    } catch (error) {
      const errno = errnoOf(error) ?? 'unknown error';
      if (errno !== 'ENOENT' || at === '/') return { directory: at, errno };
    }
  }
}

function writeIn(directory: string, bytes: number): void {
  const descriptor = openScratch(directory === '' ? '/' : directory);
  try {
    // Random: a file system that compresses must not get away with a block.
    const content = randomBytes(chunk);
    for (let left = bytes; left > 0;) left -= writeSync(descriptor, content, 0, Math.min(left, chunk));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function openScratch(directory: string): number {
  try {
    return openSync(directory, nameless | constants.O_RDWR, 0o600);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'EOPNOTSUPP' && errno !== 'EISDIR' && errno !== 'EINVAL') throw error;
  }
  // NFS and some overlays have no such files.
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;
  const path = `${directory}/.certmend-probe-${randomBytes(8).toString('hex')}`;
  const descriptor = openSync(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, 0o600);
  unlinkSync(path);
  return descriptor;
}
