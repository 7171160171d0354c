import { type Journal, type JournalReading, formatJournal, parseJournal } from './journal-format.ts';
import { onDisk } from '../disk/disk-error.ts';
import { writeDurably } from '../disk/durable-write.ts';
import { type FileReader, requireReadable } from '../disk/file-reader.ts';
import type { FileWriter } from '../disk/file-writer.ts';
import { makeOwnDirectory, setAside } from '../disk/own-files.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { stagedPath, temporaryName } from './staged-name.ts';

/** Is a transaction open? A look, not a reading: costs one stat. */
export function journalPending(reader: FileReader): boolean {
  return reader.stat(ownPaths.journal).state !== 'absent';
}

/**
 * The commit point: when this returns, the transaction happens.
 * @throws CertmendError StorageFull and siblings. The journal may or may not be there then: clear it before going on
 */
export function writeJournal(reader: FileReader, writer: FileWriter, journal: Journal): void {
  makeOwnDirectory(reader, writer);
  writeDurably(writer, ownPaths.journal, formatJournal(journal), {
    mode: 0o600,
    temporaryName: temporaryName(ownPaths.journal, journal.transaction.id),
  });
}

/**
 * A journal that others own or may write is damaged: it says what root is to do.
 *
 * @throws CertmendError StateNewer (exit 77) for the journal of a newer certmend; StorageDenied, StorageFailed when it
 * is there but cannot be read: nobody may go on as if there were none
 */
export function readJournal(reader: FileReader): JournalReading {
  const file = reader.readOwn(ownPaths.journal);
  requireReadable(ownPaths.journal, file);
  switch (file.state) {
    case 'absent':
      return { state: 'absent' };
    case 'unreadable':
      return { state: 'damaged', problem: file.detail };
    case 'regular':
      return parseJournal(file.bytes);
  }
}

/** Makes durable that there is a journal, for whoever found one and does not know how far its writer came. */
export function syncJournal(writer: FileWriter): void {
  onDisk('sync', ownPaths.stateDirectory, () => {
    writer.syncDirectory(ownPaths.stateDirectory);
  });
}

/** Under which a journal waits until its going is on the disk: the name of a leftover, of no transaction. */
const cleared = stagedPath(ownPaths.journal, '0'.repeat(16));

/**
 * Ends the transaction, for good: a journal that came back after a power cut would undo what people did since.
 * No complaint when there is none.
 *
 * @throws CertmendError StorageFailed and siblings; then the journal is there as before
 */
export function clearJournal(reader: FileReader, writer: FileWriter): void {
  onDisk('clear the transaction journal', ownPaths.journal, () => {
    const isThere = journalPending(reader);
    if (isThere) writer.rename(ownPaths.journal, cleared);
    try {
      writer.syncDirectory(ownPaths.stateDirectory);
    } catch (error) {
      if (isThere) writer.rename(cleared, ownPaths.journal);
      throw error;
    }
    if (isThere) writer.unlink(cleared);
  });
}

/**
 * Keeps a journal that cannot be followed, out of the way, for people to look at; returns its new path. Not made
 * durable: should it come back after a power cut, it cannot be followed then either, and is set aside again.
 */
export function setJournalAside(reader: FileReader, writer: FileWriter): string {
  return setAside(reader, writer, ownPaths.journal);
}
