import * as z from 'zod/mini';
import { onDisk } from '../disk/disk-error.ts';
import { writeDurably } from '../disk/durable-write.ts';
import type { FileReader } from '../disk/file-reader.ts';
import type { FileWriter } from '../disk/file-writer.ts';
import { makeOwnDirectory } from '../disk/own-directory.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { reasonCodes, type ReasonCode } from '../reason.ts';
import type { Change } from './change.ts';
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
  const header = z.object({ schema: z.number() }).safeParse(document);
  if (header.success && header.data.schema > 1) {
    throw new CertmendError(
      'StateNewer',
      `an unfinished transaction was begun by a newer certmend (journal schema ${String(header.data.schema)}); nothing was changed`,
      { exit: exitStatus.refused, hint: 'install that version again and run: certmend prestart' },
    );
  }
  const result = journalSchema.safeParse(document);
  if (result.success) {
    return { state: 'open', journal: result.data };
  }
  const where = result.error.issues[0]?.path.map(String).join('.') ?? '';
  return { state: 'damaged', problem: `does not have the right shape at ${where === '' ? 'its top' : where}` };
}

const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const path = z.string().check(z.regex(/^\/[^\0]+$/));
const owner = z.int().check(z.minimum(0), z.maximum(0xffff_ffff));
const expects = z.discriminatedUnion('state', [
  z.strictObject({ state: z.literal('absent') }),
  z.strictObject({ state: z.literal('file'), sha256 }),
  z.strictObject({ state: z.literal('other'), detail: z.string() }),
]);

const journalSchema = z.strictObject({
  schema: z.literal(1),
  transaction: z.strictObject({
    id: z.string().check(z.regex(/^[0-9a-f]{16}$/)),
    generation: z.int().check(z.minimum(0)),
    reason: z.enum(reasonCodes),
    startedAt: z.iso.datetime(),
  }),
  within: z.nullable(path),
  changes: z.array(
    z.discriminatedUnion('op', [
      z.strictObject({
        op: z.literal('put'),
        path,
        id: z.string(),
        source: z.nullable(path),
        sha256,
        mode: z.int().check(z.minimum(0), z.maximum(0o7777)),
        uid: owner,
        gid: owner,
        expects,
      }),
      z.strictObject({
        op: z.literal('remove'),
        path,
        id: z.string(),
        bootstrap: z.optional(z.literal(true)),
        expects,
      }),
    ]),
  ),
});
