import { dirname } from 'node:path';
import { makeDirectories } from './durable-write.ts';
import type { FileReader } from './file-reader.ts';
import type { FileWriter } from './file-writer.ts';
import { ownPaths } from './own-paths.ts';
import { onDisk } from './disk-error.ts';

/**
 * Makes a directory at or below /var/lib/certmend, 0700, durably, with what is missing above it. Keys of every
 * generation are below: nobody but the owner may even list it (P9).
 *
 * @throws CertmendError as `writeDurably`
 */
export function makeOwnDirectory(reader: FileReader, writer: FileWriter, path: string = ownPaths.stateDirectory): void {
  const exists = (directory: string): boolean => reader.stat(directory).state !== 'absent';
  makeDirectories(writer, dirname(ownPaths.stateDirectory), 0o755, exists);
  makeDirectories(writer, path, 0o700, exists);
}

/**
 * Removes a directory of certmend's own with all that is in it, durably; nothing where there is none. Links are removed, not followed.
 *
 * @throws CertmendError StorageReadOnly and siblings
 */
export function removeOwnTree(reader: FileReader, writer: FileWriter, directory: string): void {
  const { state } = reader.stat(directory);
  if (state === 'absent') return;
  for (const name of reader.list(directory) ?? []) {
    const path = `${directory}/${name}`;
    const there = reader.stat(path);
    if (there.state === 'present' && there.type === 'directory') {
      removeOwnTree(reader, writer, path);
      continue;
    }
    onDisk('remove', path, () => {
      writer.unlink(path);
    });
  }
  onDisk('remove', directory, () => {
    writer.removeDirectory(directory);
    writer.syncDirectory(dirname(directory));
  });
}

/** Damaged files by one name that are kept; a node that damages one at each boot must not fill its disk with them. */
const kept = 5;

/**
 * Moves a damaged file of certmend's own out of the way, as evidence, under the first free of five names; when all are
 * taken, over the one that was written longest ago.
 * @returns where it went
 * @throws CertmendError StorageReadOnly, StorageDenied, StorageFailed (exit 73)
 */
export function setAside(reader: FileReader, writer: FileWriter, path: string): string {
  const places = Array.from({ length: kept }, (_, index) => {
    const place = `${path}.damaged-${String(index + 1)}`;
    const there = reader.stat(place);
    return { place, taken: there.state !== 'absent', mtimeMs: there.state === 'present' ? there.mtimeMs : Infinity };
  });
  const [oldest] = places.toSorted((a, b) => a.mtimeMs - b.mtimeMs);
  const { place } = places.find(({ taken }) => !taken) ?? oldest ?? { place: `${path}.damaged-1` };
  onDisk('set aside', path, () => {
    writer.rename(path, place);
  });
  return place;
}
