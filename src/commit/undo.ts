import { onDisk } from '../disk/disk-error.ts';
import { type FileReader, requireReadable } from '../disk/file-reader.ts';
import type { FileWriter } from '../disk/file-writer.ts';
import type { Change } from './change.ts';
import { isInPlace, writeInPlace } from './in-place.ts';
import { clearJournal } from './journal.ts';
import { meets } from './observe.ts';
import { syncDirectories } from './swap.ts';
import { keepsakePath } from './staged-name.ts';

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
