import { closeSync, constants, fstatSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeOwnDirectory } from '../../disk/own-files.ts';
import { ownPaths } from '../../disk/own-paths.ts';
import { hostPlace } from './host-place.ts';
import { createFileReader } from './node-file-reader.ts';
import { createFileWriter } from './node-file-writer.ts';
import { readPart } from './read-part.ts';

/**
 * Appends to the audit file, 0600, for nodes whose journal is volatile. When a line would take it over its bound, the
 * file becomes `audit.jsonl.1` (over the one before) and a new one is begun: never more than twice the bound on disk.
 * Not made durable: the commit's own journal is what recovery rests on, and an fsync a line would cost more than it gives.
 * @param root directory that stands in for `/`
 * @param maxFileBytes bytes
 * @returns a function that throws a node ErrnoException when the line could not be written
 */
export function auditFile(root: string, maxFileBytes: number): (line: string) => void {
  return (line) => {
    const path = placeOf(root);
    const bytes = Buffer.from(line);
    let descriptor = open(path);
    try {
      let { size, nlink } = fstatSync(descriptor);
      // A second name may be somebody else's file (a backup's, in the best case): nothing more is written into it.
      if ((size > 0 && size + bytes.length > maxFileBytes) || nlink > 1) {
        closeSync(descriptor);
        descriptor = -1;
        // Of two names of one file rename(2) leaves both.
        if (nlink > 1) rmSync(`${path}.1`, { force: true });
        renameSync(path, `${path}.1`);
        descriptor = open(path);
        ({ size, nlink } = fstatSync(descriptor));
      }
      // A line that a full disk or a power cut left without its end must not swallow this one.
      append(descriptor, endsLine(descriptor, size) ? bytes : Buffer.concat([Buffer.from('\n'), bytes]));
    } finally {
      if (descriptor !== -1) closeSync(descriptor);
    }
  };
}

/** Enough for some hundred records. */
const tailBytes = 256 * 1024;

/**
 * The end of the audit log, of the file before this one too when that has only begun. For people: nothing is decided by it.
 * @param root directory that stands in for `/`
 * @returns undefined when there is no audit file that can be read
 */
export function auditTail(root: string): string | undefined {
  let path: string;
  try {
    path = hostPlace(root, ownPaths.audit);
  } catch {
    return undefined;
  }
  const parts = [`${path}.1`, path].flatMap((one) => readPart(one, -tailBytes, tailBytes) ?? []);
  return parts.length === 0 ? undefined : parts.map((part) => part.toString()).join('\n');
}

function placeOf(root: string): string {
  makeOwnDirectory(createFileReader(root), createFileWriter(root), dirname(ownPaths.audit));
  return hostPlace(root, ownPaths.audit);
}

function open(path: string): number {
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_RDWR } = constants;
  // O_NONBLOCK: what lies there may be a FIFO, and nothing may wait for its other end.
  const descriptor = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  if (fstatSync(descriptor).isFile()) return descriptor;
  closeSync(descriptor);
  throw Object.assign(new Error(`${ownPaths.audit} is not a regular file`), { code: 'EINVAL' });
}

function endsLine(descriptor: number, size: number): boolean {
  if (size === 0) return true;
  const last = Buffer.alloc(1);
  return readSync(descriptor, last, 0, 1, size - 1) === 1 && last[0] === 0x0a;
}

function append(descriptor: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(descriptor, bytes, written);
}
