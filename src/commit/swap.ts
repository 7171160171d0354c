import { onDisk } from '../disk/disk-error.ts';
import type { FileWriter } from '../disk/file-writer.ts';
import { type Change, directoriesOf, meets } from './change.ts';
import { isInPlace, writeInPlace } from './in-place.ts';
import type { GuardedChanges } from './protected.ts';
import { type FileReader, requireReadable } from '../disk/file-reader.ts';
import { clearJournal } from './journal.ts';
import { keepsakePath } from './staged-name.ts';

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

/**
 * Takes back whatever part of the changes was made: files that went get their own name back, files that came go. The
 * journal is cleared last, so that a crash in here is answered by going forward, never by half of each.
 *
 * @throws CertmendError StorageFailed and siblings; then the journal is still there, and the next run goes forward
 */
export function undo(changes: readonly Change[], transaction: string, reader: FileReader, writer: FileWriter): void {
  for (const change of [...changes].reverse()) {
    onDisk('restore', change.path, () => {
      putBack(change, keepsakePath(change.path, transaction), reader, writer);
    });
  }
  // The old names must be on the disk before the journal goes: nothing else could repeat them.
  syncDirectories(changes, writer);
  clearJournal(reader, writer);
}

/**
 * When the swap had not come to this file yet, its keepsake and the live name are the same inode: rename(2) then does
 * nothing, which is right, and the keepsake is removed with the other leftovers.
 */
function putBack(change: Change, keepsake: string, reader: FileReader, writer: FileWriter): void {
  if (isInPlace(change)) {
    const kept = reader.read(keepsake);
    requireReadable(keepsake, kept, `${change.path} was not restored`);
    const live = reader.read(change.path);
    requireReadable(change.path, live, 'it was not restored');
    if (kept.state === 'regular' && meets(kept, change.expects) && !meets(live, change.expects))
      writeInPlace(writer, change.path, kept.bytes);
    return;
  }
  if (change.expects.state !== 'absent') {
    if (reader.stat(keepsake).state !== 'absent') writer.rename(keepsake, change.path);
    return;
  }
  const live = reader.read(change.path);
  requireReadable(change.path, live, 'it was not restored');
  // A file that appeared with other bytes is not ours to remove.
  if (change.op === 'put' && live.state === 'regular' && live.sha256 === change.sha256) writer.unlink(change.path);
}
