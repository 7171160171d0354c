import { readFileSync } from 'node:fs';
import type { Mounted } from '../../disk/file-reader.ts';

/**
 * Where something is mounted in this mount namespace, by host path, from `/proc/self/mountinfo` (proc_pid_mountinfo(5)): of
 * several on one place the last, which is the one that is seen.
 *
 * @throws ErrnoException without /proc
 */
export function mountPoints(): ReadonlyMap<string, Mounted> {
  const mounts = new Map<string, Mounted>();
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    // ID parent device root POINT OPTIONS [tags…] - type source OPTIONS
    const words = line.split(' ');
    const [point, options, last] = [words[4], words[5], words.at(-1)];
    if (point === undefined || options === undefined || last === undefined) continue;
    const isReadOnly = [options, last].some((list) => list.split(',').includes('ro'));
    mounts.set(unescaped(point), isReadOnly ? 'read-only' : 'writable');
  }
  return mounts;
}

/** Blanks and backslashes are octal there. */
function unescaped(text: string): string {
  return text.includes('\\')
    ? text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)))
    : text;
}
