import { onDisk } from '../disk/disk-error.ts';
import type { FileReader } from '../disk/file-reader.ts';
import type { FileWriter } from '../disk/file-writer.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { setAside } from '../disk/own-files.ts';

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
