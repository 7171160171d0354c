import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** Neither waits for a writer of a FIFO nor follows a link nor makes a terminal ours. */
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/**
 * Some bytes of a file that may be large.
 *
 * @param path on this host
 * @param from first byte; negative: so many before the end, or the whole file when it is shorter
 * @param most bytes
 * @returns undefined when there is no regular file that can be read
 */
export function readPart(path: string, from: number, most: number): Buffer | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, openFlags);
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) return undefined;
    const bytes = Buffer.alloc(most);
    const read = readSync(descriptor, bytes, 0, most, from < 0 ? Math.max(stats.size + from, 0) : from);
    return bytes.subarray(0, read);
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
