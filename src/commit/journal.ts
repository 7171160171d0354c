import { onDisk } from '../disk/disk-error.ts';
import { writeDurably } from '../disk/durable-write.ts';
import type { FileReader } from '../disk/file-reader.ts';
import type { FileWriter } from '../disk/file-writer.ts';
import { makeOwnDirectory } from '../disk/own-directory.ts';
import { ownPaths } from '../disk/own-paths.ts';
import {
  count,
  exact,
  instant,
  list,
  matching,
  mode,
  nodePath,
  nullable,
  object,
  oneOf,
  optional,
  owner,
  readDocument,
  sha256,
  tagged,
  text,
} from '../disk/shape.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { reasonCodes, type ReasonCode } from '../reason.ts';
import type { Change, Expectation, PutChange, RemoveChange } from './change.ts';
import { temporaryName } from './staged-name.ts';

/** Who commits what: stands in the journal and in the state file while it is under way. */
export interface Transaction {
  /** 16 hexadecimal digits, never used twice. */
  readonly id: string;
  readonly generation: number;
  readonly reason: ReasonCode;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
}

/**
 * `/var/lib/certmend/journal.json`. While it exists, the changes in it are decided and will be made, by this run or by
 * the next one's recovery. When it does not, none of them was begun or all of them are done.
 */
export interface Journal {
  readonly schema: 1;
  readonly transaction: Transaction;
  /** The data dir that the expectations were read within (symlinks); null when none was given. */
  readonly within: string | null;
  readonly changes: readonly Change[];
}

export type JournalReading =
  | { readonly state: 'absent' }
  | { readonly state: 'open'; readonly journal: Journal }
  | { readonly state: 'damaged'; readonly problem: string };

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
  writeDurably(writer, ownPaths.journal, Buffer.from(`${JSON.stringify(journal)}\n`), {
    mode: 0o600,
    temporaryName: temporaryName(ownPaths.journal, journal.transaction.id),
  });
}

/**
 * @throws CertmendError StateNewer (exit 77) for the journal of a newer certmend; StorageDenied, StorageFailed when it
 * is there but cannot be read: nobody may go on as if there were none
 */
export function readJournal(reader: FileReader): JournalReading {
  const file = reader.read(ownPaths.journal);
  if (file.state === 'absent') {
    return { state: 'absent' };
  }
  if (file.state === 'unreadable') {
    if (file.problem === 'denied' || file.problem === 'io') {
      throw new CertmendError(
        file.problem === 'denied' ? 'StorageDenied' : 'StorageFailed',
        `the transaction journal ${ownPaths.journal} ${file.detail}; nothing was changed`,
        { hint: 'run certmend as root; if it is, check the disk (dmesg)' },
      );
    }
    return { state: 'damaged', problem: file.detail };
  }
  return parseJournal(file.bytes);
}

/** Makes durable that there is a journal, for whoever found one and does not know how far its writer came. */
export function syncJournal(writer: FileWriter): void {
  onDisk('make durable', ownPaths.stateDirectory, () => {
    writer.syncDirectory(ownPaths.stateDirectory);
  });
}

/**
 * Ends the transaction, for good: a journal that came back after a power cut would undo what people did since.
 * No complaint when there is none.
 */
export function clearJournal(reader: FileReader, writer: FileWriter): void {
  onDisk('clear the transaction journal', ownPaths.journal, () => {
    if (journalPending(reader)) {
      writer.unlink(ownPaths.journal);
    }
    writer.syncDirectory(ownPaths.stateDirectory);
  });
}

/**
 * Keeps a journal that cannot be followed, out of the way, for people to look at; returns its new path. Not made
 * durable: should it come back after a power cut, it cannot be followed then either, and is set aside again.
 */
export function setJournalAside(reader: FileReader, writer: FileWriter): string {
  const taken = new Set(reader.list(ownPaths.stateDirectory) ?? []);
  let number = 1;
  while (taken.has(`journal.json.damaged-${String(number)}`)) {
    number += 1;
  }
  const aside = `${ownPaths.journal}.damaged-${String(number)}`;
  onDisk('set aside', ownPaths.journal, () => {
    writer.rename(ownPaths.journal, aside);
  });
  return aside;
}

/** Never throws for what the bytes are, except when a newer certmend wrote them. */
export function parseJournal(bytes: Uint8Array): JournalReading {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return { state: 'damaged', problem: 'is not JSON' };
  }
  const header = readDocument(object<{ readonly schema: number }>({ schema: count }), document);
  if (header.ok && header.value.schema > 1) {
    throw new CertmendError(
      'StateNewer',
      `an unfinished transaction was begun by a newer certmend (journal schema ${String(header.value.schema)}); nothing was changed`,
      { exit: exitStatus.refused, hint: 'install that version again and run: certmend prestart' },
    );
  }
  const read = readDocument(journalShape, document);
  return read.ok
    ? { state: 'open', journal: read.value }
    : { state: 'damaged', problem: `does not have the right shape at ${read.at || 'its top'}` };
}

const expects = tagged<Expectation>('state', {
  absent: exact<Expectation & { state: 'absent' }>({ state: oneOf('absent') }),
  file: exact<Expectation & { state: 'file' }>({ state: oneOf('file'), sha256 }),
  other: exact<Expectation & { state: 'other' }>({ state: oneOf('other'), detail: text() }),
});

const journalShape = exact<Journal>({
  schema: oneOf(1),
  transaction: exact<Transaction>({
    id: matching(/^[0-9a-f]{16}$/),
    generation: count,
    reason: oneOf(...reasonCodes),
    startedAt: instant,
  }),
  within: nullable(nodePath),
  changes: list(
    tagged<Change>('op', {
      put: exact<PutChange>({
        op: oneOf('put'),
        path: nodePath,
        id: text(),
        source: nullable(nodePath),
        sha256,
        mode,
        uid: owner,
        gid: owner,
        expects,
      }),
      remove: exact<RemoveChange>({
        op: oneOf('remove'),
        path: nodePath,
        id: text(),
        bootstrap: optional(oneOf(true)),
        expects,
      }),
    }),
  ),
});
