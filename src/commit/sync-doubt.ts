import { errnoOf } from '../disk/disk-error.ts';
import type { FileReader } from '../disk/file-reader.ts';
import type { FileWriter } from '../disk/file-writer.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { CertmendError } from '../error.ts';

/*
 * A failed fsync is believed once. The kernel marks the pages clean all the same, so the next fsync of them succeeds and
 * proves nothing (fsyncgate). Until the machine was started anew, what was to be synced counts as lost: it is written
 * again, never only synced again. The note of it lies in /run: it must not rest on the disk that failed, and ends with
 * the page cache that it is about.
 */

/** Did an fsync fail, as against any other call? Then nothing that it was to cover may be taken as being on the disk. */
export function isSyncFailure(error: unknown): boolean {
  const cause = error instanceof CertmendError ? error.cause : error;
  return errnoOf(cause) !== undefined && (cause as { readonly syscall?: unknown }).syscall === 'fsync';
}

/** Remembers for the runs to come that an fsync failed. Best effort: memory is all that it needs. */
export function noteFailedSync(writer: FileWriter): void {
  try {
    writer.makeDirectory(ownPaths.runDirectory, 0o700);
  } catch {
    // Mostly it is there: the lock is in it.
  }
  try {
    writer.close(writer.create(ownPaths.syncFailed, 0o600));
  } catch {
    // It is there already, or there is no room even in memory.
  }
}

/** An fsync failed since the machine was started, and what it was to cover was not written again since. */
export function isSyncDoubtful(reader: FileReader): boolean {
  return reader.stat(ownPaths.syncFailed).state !== 'absent';
}

/** Everything was written again, and those syncs held. */
export function forgetFailedSync(reader: FileReader, writer: FileWriter): void {
  if (!isSyncDoubtful(reader)) return;
  try {
    writer.unlink(ownPaths.syncFailed);
  } catch {
    // The next recovery writes once more than it must.
  }
}
