import { type ReasonCode, reasonCodes } from '../reason.ts';
import { createHash } from 'node:crypto';
import {
  count,
  exact,
  instant,
  list,
  matching,
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
  whole,
} from '../disk/shape.ts';
import { CertmendError, exitStatus } from '../error.ts';
import type { Change, Expectation, PutChange, RemoveChange } from './change.ts';

/** Who commits what. */
export interface Transaction {
  /** 16 hexadecimal digits, never used twice. */
  readonly id: string;
  readonly generation: number;
  /** The generation that holds what was live before; null when none could be kept. */
  readonly previous: number | null;
  readonly reason: ReasonCode;
  /** RFC 3339, UTC. */
  readonly startedAt: string;
  /** What the brake counts of it; a journal of an earlier certmend does not say. */
  readonly counts?: 'rotation' | 'repair' | 'nothing' | undefined;
  /** The backup that a person restores with it, as they named it. Only their command may go on with it (P2). */
  readonly restores?: string | undefined;
}

/** Where a journal belongs: the disk of another machine, or its clone, brings one that is not this node's. */
export interface JournalNode {
  /** Empty when the node has none. */
  readonly machineId: string;
  readonly nodeName: string;
}

/**
 * `/var/lib/certmend/journal.json`. While it exists, the changes in it are decided and will be made, by this run or by
 * the next one's recovery. When it does not, none of them was begun or all of them are done.
 */
export interface Journal {
  readonly node: JournalNode;
  readonly transaction: Transaction;
  /** The data dir that the expectations were read within (symlinks); null when none was given. */
  readonly within: string | null;
  readonly changes: readonly Change[];
}

export type JournalReading =
  | { readonly state: 'absent' }
  | { readonly state: 'open'; readonly journal: Journal }
  | { readonly state: 'damaged'; readonly problem: string };

/**
 * Schema 1 had neither a node nor a checksum. Schema 3 is 2 with files that are written over: a certmend that knows only
 * 2 would replace them, so it must refuse; and one without such files stays readable to it. Schema 4 is the restore of a
 * backup, which a certmend that knows none would set aside half done.
 */
const schemas = { plain: 2, inPlace: 3, restore: 4 } as const;

/** No file of the node needs more: nothing certmend writes is executed, and none of it runs as somebody else. */
export const widestMode = 0o666;

/** The bytes of a journal file: the transaction, and a digest over its text. */
export function formatJournal(journal: Journal): Buffer {
  const isInPlace = journal.changes.some((change) => change.op === 'put' && change.how === 'in-place');
  const isRestore = journal.transaction.restores !== undefined;
  const schema = isRestore ? schemas.restore : isInPlace ? schemas.inPlace : schemas.plain;
  return Buffer.from(`${JSON.stringify({ schema, sha256: digest(journal), journal })}\n`);
}

/** Never throws for what the bytes are, except when a newer certmend wrote them. */
export function parseJournal(bytes: Uint8Array): Exclude<JournalReading, { state: 'absent' }> {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return { state: 'damaged', problem: 'is not JSON' };
  }
  const header = readDocument(object<{ readonly schema: number }>({ schema: count }), document);
  if (header.ok && header.value.schema > schemas.restore) {
    throw new CertmendError(
      'StateNewer',
      `an unfinished transaction was started by a newer certmend (journal schema ${String(header.value.schema)}); nothing was changed`,
      { exit: exitStatus.refused, hint: 'install that version again and run: certmend prestart' },
    );
  }
  if (header.ok && header.value.schema < schemas.plain)
    return { state: 'damaged', problem: 'was written by an earlier certmend, without the checksum it needs' };
  const read = readDocument(envelope, document);
  if (!read.ok)
    return { state: 'damaged', problem: `has an invalid or missing value at ${read.at || 'its top level'}` };
  return read.value.sha256 === digest((document as { readonly journal: unknown }).journal)
    ? { state: 'open', journal: read.value.journal }
    : { state: 'damaged', problem: 'is not what was written: its checksum differs' };
}

/** JSON keeps the order of an object's names, so a parsed journal has the text that was written. */
function digest(journal: unknown): string {
  return createHash('sha256').update(JSON.stringify(journal)).digest('hex');
}

const expects = tagged<Expectation>('state', {
  absent: exact<Expectation & { state: 'absent' }>({ state: oneOf('absent') }),
  file: exact<Expectation & { state: 'file' }>({ state: oneOf('file'), sha256 }),
  other: exact<Expectation & { state: 'other' }>({ state: oneOf('other'), detail: text() }),
});

const journalShape = exact<Journal>({
  node: exact<JournalNode>({ machineId: text(), nodeName: text() }),
  transaction: exact<Transaction>({
    id: matching(/^[0-9a-f]{16}$/),
    generation: count,
    previous: nullable(count),
    reason: oneOf(...reasonCodes),
    startedAt: instant,
    counts: optional(oneOf('rotation', 'repair', 'nothing')),
    restores: optional(text()),
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
        mode: whole(0, widestMode),
        uid: owner,
        gid: owner,
        how: optional(oneOf('in-place')),
        modifiedAtMs: optional(count),
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

const envelope = exact<{ readonly schema: 2 | 3 | 4; readonly sha256: string; readonly journal: Journal }>({
  schema: oneOf(schemas.plain, schemas.inPlace, schemas.restore),
  sha256,
  journal: journalShape,
});
