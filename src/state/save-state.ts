import { dirname } from 'node:path';
import { jsonText } from '../disk/json-text.ts';
import { errnoOf, onDisk } from '../disk/disk-error.ts';
import { writeDurably } from '../disk/durable-write.ts';
import { maxFileBytes, type FileReader } from '../disk/file-reader.ts';
import type { FileWriter } from '../disk/file-writer.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { CertmendError, exitStatus } from '../error.ts';
import type { LoadedState } from './load-state.ts';
import type { State } from './state.ts';
import { setAside } from '../disk/own-files.ts';

const temporaryName = '.dynamic-cert.json.certmend-new';

/**
 * Replaces the state file: whole or not at all, 0600, in a directory that is made 0700 when it is missing. The caller
 * holds the lock and has asked {@link refuseNewer} about the file it loaded.
 * @throws CertmendError StorageFull, StorageReadOnly, StorageDenied, StorageFailed (exit 73)
 */
export function saveState(writer: FileWriter, state: State): void {
  const bytes = Buffer.from(`${jsonText(state, 2)}\n`);
  if (bytes.length > maxFileBytes) {
    // Every list in it is bounded, so this is a node with thousands of entries. What could not be read back is not written.
    throw new CertmendError(
      'StorageFailed',
      `the state of ${String(Object.keys(state.certificates).length)} certificates takes ${String(bytes.length)} bytes, more than ${String(maxFileBytes)}; the state file was left as it is`,
      { hint: 'split the layout: one certmend cannot remember that many certificates' },
    );
  }
  const write = () => {
    writeDurably(writer, ownPaths.state, bytes, { mode: 0o600, temporaryName });
  };
  try {
    write();
  } catch (error) {
    const errno = error instanceof CertmendError ? errnoOf(error.cause) : undefined;
    if (errno === 'ENOENT') makeDirectory(writer, ownPaths.stateDirectory, 0o700);
    else if (errno === 'EEXIST') removeLeftOver(writer);
    else throw error;
    write();
  }
}

/**
 * @throws CertmendError StateNewer (exit 77) when the state file was written by a later certmend: it is read, never
 * written, because what this version does not understand would be lost
 */
export function refuseNewer(loaded: LoadedState): asserts loaded is Exclude<LoadedState, { kind: 'newer' }> {
  if (loaded.kind !== 'newer') return;
  throw new CertmendError(
    'StateNewer',
    `${ownPaths.state} has schema ${String(loaded.schema)}, which this certmend does not know; nothing was changed`,
    { exit: exitStatus.refused, hint: 'a newer certmend ran on this node: install that version again' },
  );
}

/** A writer that was killed between making the file and renaming it; nobody else writes here, we hold the lock (P6). */
function removeLeftOver(writer: FileWriter): void {
  const leftOver = `${ownPaths.stateDirectory}/${temporaryName}`;
  onDisk('remove', leftOver, () => {
    writer.unlink(leftOver);
  });
}

/** Asks by doing: no read in between that could be wrong a moment later. */
function makeDirectory(writer: FileWriter, path: string, mode: number): void {
  const make = () => {
    writer.makeDirectory(path, mode);
    // What is put below is lost with the directory if its own name is not on the disk.
    writer.syncDirectory(dirname(path));
  };
  onDisk('create the directory', path, () => {
    try {
      make();
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === 'EEXIST') return;
      if (errno !== 'ENOENT' || path === '/') throw error;
      makeDirectory(writer, dirname(path), 0o755);
      make();
    }
  });
}

/**
 * Moves a damaged state file out of the way, durably: see `setAside`.
 * @returns where it went
 * @throws CertmendError StorageReadOnly, StorageDenied, StorageFailed (exit 73)
 */
export function setAsideState(reader: FileReader, writer: FileWriter): string {
  const path = setAside(reader, writer, ownPaths.state);
  onDisk('sync', ownPaths.stateDirectory, () => {
    writer.syncDirectory(ownPaths.stateDirectory);
  });
  return path;
}
