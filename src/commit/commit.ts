import type { FileReader } from '../disk/file-reader.ts';
import type { FileWriter, Relabel, Storage } from '../disk/file-writer.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { CertmendError } from '../error.ts';
import { type Change, directoriesOf, requireExpected, standingOf } from './change.ts';
import type { Door } from './door.ts';
import { isInPlace } from './in-place.ts';
import { clearJournal, journalPending, writeJournal } from './journal.ts';
import { type JournalNode, type Transaction, widestMode } from './journal-format.ts';
import { refuseProtected, type GuardedChanges } from './protected.ts';
import { requireSpace } from './space.ts';
import { keep, keepCopies, prepareDirectories, refuseDirectories, sourceBytes, stage } from './stage.ts';
import { stagedPath } from './staged-name.ts';
import { swap, syncDirectories, undo } from './swap.ts';
import { isSyncFailure, noteFailedSync } from './sync-doubt.ts';
import { tidy } from './tidy.ts';

export interface CommitInput {
  readonly transaction: Transaction;
  readonly node: JournalNode;
  /** In table order, key before certificate. */
  readonly changes: readonly Change[];
  readonly protectedPaths: readonly string[];
  /** Of a command that a person gave to change what is protected. */
  readonly door?: Door | undefined;
  /** Of directories that have to be made, where they are known; else that of the directory above. */
  readonly directoryModes?: ReadonlyMap<string, number> | undefined;
  /** The data dir, as the inventory was read with: no symlink may lead a write out of it. */
  readonly within?: string | undefined;
  readonly reader: FileReader;
  readonly writer: FileWriter;
  readonly storage: Storage;
  readonly relabel: Relabel;
  /** Makes the state that is true after the commit durable. Part of the transaction: when it throws, all is undone. */
  readonly saveState: () => void;
  /**
   * Asked once, when all is prepared and nothing is begun: is there time left for what comes after the commit point?
   * Throws when there is not. `preparedMs` is what the preparation took, which has more to sync than what follows.
   */
  readonly requireTime?: ((preparedMs: number) => void) | undefined;
  /** On a clock that never steps, milliseconds. */
  readonly monotonic?: (() => number) | undefined;
}

export interface CommitOutcome {
  /** Node paths that were written, created or taken away. */
  readonly changed: readonly string[];
  /** What did not go right after the commit was complete, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Makes a set of changes to the node's files, all of them or none, whatever fails and wherever the power is cut (
 * architecture, A commit). The caller holds the lock and has run recovery.
 *
 * 1. look: protected paths, expectations, sources, space. Nothing is touched.
 * 2. prepare: new files beside their targets, second names for what will go, copies of what will be written over. The
 *    node's own files are untouched.
 * 3. the journal is written: **the commit point**. A crash from here on ends in the new set, before it in the old one.
 * 4. swap, or write over; make durable, save the state. An *error* in here is undone and ends in the old set. A failed fsync is not: what
 *    it was to cover may be on the disk or not, so the journal stays, and the next run writes all of it again.
 * 5. clear the journal and the leftovers. Nothing in here can fail the commit any more.
 *
 * A change whose file is already as wanted is left out; when that is all of them, only the state is saved.
 *
 * Between the last look at the live files and their renames someone else could still write one of them; the file
 * system offers no compare-and-swap. The window is the renames themselves, and the product is not running.
 *
 * @throws CertmendError ProtectedPath, GenerationDamaged (77), ExternalChange (75, retry), StorageFull, StorageReadOnly,
 * StorageDenied, StorageFailed (73). After all of them the files are the old ones; where an fsync or even the undoing
 * failed, the journal stays and the message says that the next run goes forward.
 */
export function commitChanges(input: CommitInput): CommitOutcome {
  const { transaction, node, within, reader, writer, storage, relabel, saveState, monotonic = () => 0 } = input;
  const started = monotonic();
  const guarded = refuseProtected(input.changes.map(withoutSpecialBits), input.protectedPaths, reader, input.door);
  const changes = guarded.filter(
    (change) => standingOf(change, reader, within) !== 'done',
  ) as readonly Change[] as GuardedChanges;
  if (changes.length === 0) {
    saveState();
    return { changed: [], warnings: [] };
  }
  const puts = changes.filter((change) => change.op === 'put');
  const directories = directoriesOf(changes);

  refuseDirectories(changes, reader);
  requireExpected(changes, reader, within);
  const bytesOf = new Map(puts.map((change) => [change.path, sourceBytes(reader, change)]));
  requireSpace(
    puts.map(({ path }) => ({ path, bytes: bytesOf.get(path)?.length ?? 0 })),
    storage,
  );

  let made: readonly string[] = [];
  try {
    made = prepareDirectories(directoriesOf(puts), within, reader, writer, input.directoryModes);
    stage(changes, bytesOf, transaction.id, writer);
    keep(changes, transaction.id, writer);
    keepCopies(changes, within, transaction.id, reader, writer);
    requireExpected(changes, reader, within);
    input.requireTime?.(monotonic() - started);
  } catch (error) {
    leaveNothing(directories, made, reader, writer);
    throw saying(error, 'nothing was changed');
  }

  const warnings: string[] = [];
  try {
    writeJournal(reader, writer, { node, transaction, within: within ?? null, changes });
    swap(
      changes,
      ({ path }) => stagedPath(path, transaction.id),
      ({ path }) => bytesOf.get(path),
      writer,
    );
    syncDirectories(changes, writer);
    const unlabelled = relabel(puts.filter((change) => !isInPlace(change)).map(({ path }) => path));
    if (unlabelled !== undefined) warnings.push(unlabelled);
    saveState();
  } catch (error) {
    takeBack(error, changes, transaction, made, reader, writer);
  }

  try {
    clearJournal(reader, writer);
  } catch (error) {
    if (isSyncFailure(error)) noteFailedSync(writer);
    // The new set is live, durable and recorded; the journal that stays asks for what is already so.
    warnings.push(`${error instanceof Error ? error.message : 'the journal was not cleared'}; the next run clears it`);
    return { changed: changes.map(({ path }) => path), warnings };
  }
  const { problems } = tidy(directories, reader, writer);
  return { changed: changes.map(({ path }) => path), warnings: [...warnings, ...problems] };
}

/** What is live may have been left with any mode; nothing is put there that runs as somebody else, or runs at all. */
function withoutSpecialBits(change: Change): Change {
  return change.op === 'put' ? { ...change, mode: change.mode & widestMode } : change;
}

/** After the commit point an error still ends in the old set, unless the disk refuses that too. */
function takeBack(
  error: unknown,
  changes: GuardedChanges,
  transaction: Transaction,
  made: readonly string[],
  reader: FileReader,
  writer: FileWriter,
): never {
  if (isSyncFailure(error) && journalPending(reader)) {
    // What is on the disk nobody knows, and to sync it again would prove nothing. The journal asks for all of it.
    noteFailedSync(writer);
    throw saying(error, 'the journal is kept, and the next certmend run writes the whole change again');
  }
  try {
    undo(changes, transaction.id, reader, writer);
  } catch (failure) {
    if (isSyncFailure(failure)) noteFailedSync(writer);
    throw saying(error, 'not every file could be restored, and the next certmend run completes the change');
  }
  leaveNothing([...directoriesOf(changes), ownPaths.stateDirectory], made, reader, writer);
  throw saying(error, 'every file was restored');
}

/** Best effort: what stays is found by the next run, and the error that led here is the one to tell. */
function leaveNothing(
  directories: readonly string[],
  made: readonly string[],
  reader: FileReader,
  writer: FileWriter,
): void {
  tidy(directories, reader, writer);
  for (const directory of [...made].reverse()) {
    try {
      writer.removeDirectory(directory);
    } catch {
      // see above
    }
  }
}

function saying(error: unknown, outcome: string): unknown {
  if (!(error instanceof CertmendError)) return error;
  const { code, message, hint, cause, exit } = error;
  return new CertmendError(code, message.includes(outcome) ? message : `${message}; ${outcome}`, {
    hint,
    cause,
    exit,
  });
}
