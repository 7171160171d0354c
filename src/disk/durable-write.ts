import { basename, dirname, join } from 'node:path';
import { onDisk } from './disk-error.ts';
import type { FileWriter } from './file-writer.ts';

export interface NewFileOptions {
  /** Permission bits, set with fchmod: the umask has no say. */
  readonly mode: number;
  /** Owner to set; without one the file belongs to the process. */
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
  /** When it was last changed, milliseconds since the epoch; without it, now. */
  readonly modifiedAtMs?: number | undefined;
}

export interface DurableWriteOptions extends NewFileOptions {
  /** Name in the same directory under which the file is made before it takes its place; must not exist. */
  readonly temporaryName: string;
}

/**
 * Puts a file in place whole and for good: whoever looks, and after whatever crash, sees the old file or this one.
 * When a step fails, the temporary file is removed and the old file is untouched; only a failing fsync of the
 * directory, the last step, leaves the new file in place without the promise that it outlives a power cut.
 *
 * @throws CertmendError StorageFull, StorageReadOnly, StorageDenied, StorageFailed (exit 73)
 */
export function writeDurably(writer: FileWriter, path: string, bytes: Uint8Array, options: DurableWriteOptions): void {
  const directory = dirname(path);
  const temporary = join(directory, options.temporaryName);
  writeNewFile(writer, temporary, bytes, options);
  try {
    onDisk('replace', path, () => {
      writer.rename(temporary, path);
    });
  } catch (error) {
    removeQuietly(writer, temporary);
    throw error;
  }
  // The rename lives in the directory: until that is on the disk, a power cut brings the old file back.
  onDisk('sync the directory of', path, () => {
    writer.syncDirectory(directory);
  });
}

/**
 * Puts a file in place whole, 0600, for whoever looks; not for good: after a power cut it may be torn, or the old one. For what
 * only saves time, and is looked at before it is believed. Never throws.
 *
 * @param random part of its temporary name, 16 hexadecimal digits
 */
export function replaceCache(writer: FileWriter, path: string, bytes: Uint8Array, random: string): void {
  const temporary = join(dirname(path), `.${basename(path)}.certmend-${random}`);
  try {
    const descriptor = writer.create(temporary, 0o600);
    try {
      writer.write(descriptor, bytes);
    } finally {
      writer.close(descriptor);
    }
    writer.rename(temporary, path);
  } catch {
    removeQuietly(writer, temporary);
  }
}

export interface NewFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly options: NewFileOptions;
}

/** One file, as `writeNewFiles`. */
export function writeNewFile(writer: FileWriter, path: string, bytes: Uint8Array, options: NewFileOptions): void {
  writeNewFiles(writer, [{ path, bytes, options }]);
}

/**
 * Creates files that must not exist yet, with their bytes, owners and modes on the disk when this returns. Their names
 * are not: those are the directories' business, and the caller's, who may have more names to make durable at once.
 * When a step fails, all of them are removed again.
 *
 * All are written, then all are synced: a file system with a journal has most of them in one transaction by then. To sync
 * them at the same time, in threads, was measured to gain nothing over this.
 *
 * @throws CertmendError as `writeDurably`
 */
export function writeNewFiles(writer: FileWriter, files: readonly NewFile[]): void {
  const created: string[] = [];
  const open: { readonly path: string; readonly descriptor: number }[] = [];
  try {
    for (const { path, bytes, options } of files) {
      onDisk('write', path, () => {
        // Created private and opened up at the end: a key is at no moment readable by others.
        const descriptor = writer.create(path, 0o600);
        created.push(path);
        open.push({ path, descriptor });
        fill(writer, descriptor, bytes, options);
      });
    }
    // Bytes, owner and mode must be down before any rename shows a file under its real name (a rename may reach the
    // disk before the data it points at).
    for (const { path, descriptor } of open) {
      onDisk('write', path, () => {
        writer.sync(descriptor);
      });
    }
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { path, descriptor } = next;
      onDisk('write', path, () => {
        writer.close(descriptor);
      });
    }
  } catch (error) {
    for (const { descriptor } of open) closeQuietly(writer, descriptor);
    for (const path of created) removeQuietly(writer, path);
    throw error;
  }
}

function fill(writer: FileWriter, descriptor: number, bytes: Uint8Array, options: NewFileOptions): void {
  const { mode, uid, gid, modifiedAtMs } = options;
  writer.write(descriptor, bytes);
  if (uid !== undefined && gid !== undefined) {
    // Always said, also when it is the process's own: one call, and a setgid directory cannot interfere.
    writer.setOwner(descriptor, uid, gid);
  }
  writer.setMode(descriptor, mode);
  if (modifiedAtMs !== undefined) writer.setTimes(descriptor, modifiedAtMs);
}

/**
 * Makes a directory and whatever is missing above it, each with the same mode, durably.
 * @param exists tells whether a directory is there
 * @returns the directories that were made, outermost first
 * @throws CertmendError as `writeDurably`
 */
export function makeDirectories(
  writer: FileWriter,
  path: string,
  mode: number,
  exists: (path: string) => boolean,
): readonly string[] {
  if (path === dirname(path) || exists(path)) return [];
  const made = makeDirectories(writer, dirname(path), mode, exists);
  onDisk('create the directory', path, () => {
    writer.makeDirectory(path, mode);
    // What is put below is lost with the directory if its own name is not on the disk.
    writer.syncDirectory(dirname(path));
  });
  return [...made, path];
}

/** After a failure: what cannot be removed is found by the next recovery, and the first error is the one to tell. */
function removeQuietly(writer: FileWriter, path: string): void {
  try {
    writer.unlink(path);
  } catch {
    // see above
  }
}

function closeQuietly(writer: FileWriter, descriptor: number): void {
  try {
    writer.close(descriptor);
  } catch {
    // the descriptor is gone either way (close(2))
  }
}
