import { onDisk } from '../disk/disk-error.ts';
import type { FileReader } from '../disk/file-reader.ts';
import type { FileWriter } from '../disk/file-writer.ts';
import { ownPaths } from '../disk/own-paths.ts';

/** Damaged state files that are kept; a node that damages one at each boot must not fill its disk with them. */
const kept = 5;

/**
 * Moves a damaged state file out of the way, as evidence, under the first free of five names; when all are taken, over
 * the one that was written longest ago.
 * @returns where it went
 * @throws CertmendError StorageReadOnly, StorageDenied, StorageFailed (exit 73)
 */
export function setAsideState(reader: FileReader, writer: FileWriter): string {
  const places = Array.from({ length: kept }, (_, index) => {
    const path = `${ownPaths.state}.damaged-${String(index + 1)}`;
    const there = reader.stat(path);
    return { path, taken: there.state !== 'absent', mtimeMs: there.state === 'present' ? there.mtimeMs : Infinity };
  });
  const [oldest] = places.toSorted((a, b) => a.mtimeMs - b.mtimeMs);
  const { path } = places.find(({ taken }) => !taken) ?? oldest ?? { path: `${ownPaths.state}.damaged-1` };
  onDisk('set aside', ownPaths.state, () => {
    writer.rename(ownPaths.state, path);
    writer.syncDirectory(ownPaths.stateDirectory);
  });
  return path;
}
