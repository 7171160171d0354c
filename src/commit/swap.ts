import { onDisk } from '../disk/disk-error.ts';
import type { FileWriter } from '../disk/file-writer.ts';
import type { Change } from './change.ts';
import { isInPlace, writeInPlace } from './in-place.ts';
import { directoriesOf } from './observe.ts';
import type { GuardedChanges } from './protected.ts';

/**
 * The only function that gives a node file new contents or takes one away. Table order, key before certificate: a
 * product that starts in the middle finds a new key beside an old certificate at worst for one of its pairs, and
 * recovery finishes what is missing.
 *
 * @param from where the new file of a change was staged
 * @param bytesOf the new bytes of a file that is written over; without any it is not touched, and it is a bug
 */
export function swap(
  changes: GuardedChanges,
  from: (change: Change) => string,
  bytesOf: (change: Change) => Uint8Array | undefined,
  writer: FileWriter,
): void {
  for (const change of changes) {
    if (isInPlace(change)) {
      const bytes = bytesOf(change);
      if (bytes === undefined) throw new TypeError(`no new bytes for ${change.path}`);
      writeInPlace(writer, change.path, bytes);
    } else if (change.op === 'put') {
      onDisk('replace', change.path, () => {
        writer.rename(from(change), change.path);
      });
    } else {
      onDisk('remove', change.path, () => {
        writer.unlink(change.path);
      });
    }
  }
}

/**
 * Renames and removals live in the directories. They must be on the disk before the journal that could repeat them is
 * cleared: after that, a power cut would leave some of them undone with nobody to know.
 */
export function syncDirectories(changes: readonly Pick<Change, 'path'>[], writer: FileWriter): void {
  for (const directory of directoriesOf(changes)) {
    onDisk('sync', directory, () => {
      writer.syncDirectory(directory);
    });
  }
}
