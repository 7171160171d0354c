import { type FileReader, requireReadable } from '../disk/file-reader.ts';
import { onDisk } from '../disk/disk-error.ts';
import { writeNewFile } from '../disk/durable-write.ts';
import type { FileWriter, Relabel } from '../disk/file-writer.ts';
import {
  type Change,
  type PutChange,
  directoriesOf,
  isWanted,
  meets,
  readLive,
  type Standing,
  standingOf,
} from './change.ts';
import { clearJournal, setJournalAside, syncJournal, writeJournal } from './journal.ts';
import type { Journal, Transaction } from './journal-format.ts';
import { isInPlace, isTorn } from './in-place.ts';
import type { GuardedChanges } from './protected.ts';
import { findSource, prepareDirectories } from './stage.ts';
import { keepsakePath, restagedPath, stagedPath } from './staged-name.ts';
import { swap, syncDirectories, undo } from './swap.ts';
import { forgetFailedSync, isSyncDoubtful } from './sync-doubt.ts';

export type RolledForward =
  | {
      readonly kind: 'completed';
      readonly transaction: Transaction;
      readonly changed: readonly string[];
      readonly left: readonly string[];
    }
  | { readonly kind: 'undone'; readonly transaction: Transaction; readonly restored: readonly string[] }
  | { readonly kind: 'set-aside'; readonly journal: string; readonly problem: string };

export interface RollForwardInput {
  readonly journal: Journal;
  /** Those of the journal that may be made. */
  readonly changes: GuardedChanges;
  readonly within: string | undefined;
  readonly reader: FileReader;
  readonly writer: FileWriter;
  readonly relabel: Relabel;
  readonly saveState?: ((transaction: Transaction, ids: readonly string[]) => void) | undefined;
}

/**
 * Completes a transaction whose journal is there. What is live decides, file by file: has it the new contents, it is
 * done; has it the old ones, it is replaced; has it neither, someone else wrote it since the crash, and then the whole
 * entry stays as they made it, since half of their pair and half of ours would not fit. A file that was being written
 * over when the power went may have some of both: it is ours, and is written again.
 *
 * After a failed fsync (`sync-doubt.ts`) all of it is written again, what is done already too.
 */
export function rollForward(input: RollForwardInput): RolledForward {
  const { journal, changes, within, reader, writer, relabel, saveState } = input;
  const { transaction } = journal;
  const isDoubtful = isSyncDoubtful(reader);
  // The run that wrote the journal may have died between its rename and its sync. Nothing goes live before it is down.
  if (isDoubtful) writeJournal(reader, writer, journal);
  else syncJournal(writer);
  const foreign = new Set(changes.filter((change) => standingNow(change, input) === 'foreign').map(({ id }) => id));
  const ours = pick(changes, ({ id }) => !foreign.has(id));
  const pending = pick(
    ours,
    (change) =>
      // The run that wrote over a file may have died before its sync, which no directory's sync makes up for.
      isInPlace(change) || (isDoubtful && change.op === 'put') || standingOf(change, reader, within) !== 'done',
  );

  const material = new Map(
    pending.flatMap((change) =>
      change.op === 'put'
        ? [[change.path, isDoubtful || isInPlace(change) ? findAgain(change, input) : find(change, input)]]
        : [],
    ),
  );
  if ([...material.values()].includes(undefined)) return giveUp(ours, input);

  prepareDirectories(directoriesOf(pending), within, reader, writer);
  for (const change of pending) {
    const found = material.get(change.path);
    if (change.op === 'put' && !isInPlace(change) && found !== undefined && found !== 'staged')
      restage(change, found, input);
  }
  swap(
    pending,
    ({ path }) => (material.get(path) === 'staged' ? stagedPath : restagedPath)(path, transaction.id),
    ({ path }) => {
      const found = material.get(path);
      return found === 'staged' ? undefined : found;
    },
    writer,
  );
  if (isDoubtful) stir(ours, input);
  // Also those that were done already: the run that did them may have died before it came to this.
  syncDirectories(ours, writer);
  relabel(ours.filter((change) => change.op === 'put' && !isInPlace(change)).map(({ path }) => path));
  saveState?.(transaction, [...new Set(ours.map(({ id }) => id))]);
  clearJournal(reader, writer);
  forgetFailedSync(reader, writer);
  return {
    kind: 'completed',
    transaction,
    changed: ours.map(({ path }) => path),
    left: changes.filter(({ id }) => foreign.has(id)).map(({ path }) => path),
  };
}

/** How a file stands now; one that was torn while it was written over stands as it did before. */
function standingNow(change: Change, input: RollForwardInput): Standing {
  const { within, reader } = input;
  const standing = standingOf(change, reader, within);
  if (standing !== 'foreign' || !isInPlace(change)) return standing;
  const keepsake = keepsakePath(change.path, input.journal.transaction.id);
  const before = reader.read(keepsake);
  requireReadable(keepsake, before, 'the journal is kept');
  const after = findAgain(change, input);
  const live = readLive(reader, change.path, within);
  return after !== undefined && meets(before, change.expects) && isTorn(live, before, after) ? 'before' : 'foreign';
}

/**
 * Where the new file comes from. The staged one was on the disk before the journal was, so it can be trusted and needs
 * no room; its name was not made durable, so a power cut may have taken it, and then the generation's copy serves.
 */
function find(
  change: PutChange,
  { journal: { transaction }, reader }: RollForwardInput,
): 'staged' | Uint8Array | undefined {
  const staged = reader.read(stagedPath(change.path, transaction.id));
  return isWanted(staged, change) ? 'staged' : findSource(reader, change);
}

/** Bytes to be written once more: of the generation, of what was staged, or of what is live already. */
function findAgain(
  change: PutChange,
  { journal: { transaction }, within, reader }: RollForwardInput,
): Uint8Array | undefined {
  const kept = findSource(reader, change);
  if (kept !== undefined) return kept;
  const others = [reader.read(stagedPath(change.path, transaction.id)), readLive(reader, change.path, within)];
  return others.flatMap((file) => (file.state === 'regular' && file.sha256 === change.sha256 ? [file.bytes] : []))[0];
}

/** A removal leaves nothing to write again: its directory is changed once more, so that its next sync covers it. */
function stir(changes: readonly Change[], { journal: { transaction }, writer }: RollForwardInput): void {
  for (const { path } of changes.filter(({ op }) => op === 'remove')) {
    const name = restagedPath(path, transaction.id);
    onDisk('write', name, () => {
      writer.close(writer.create(name, 0o600));
      writer.unlink(name);
    });
  }
}

/** An earlier recovery may have left one of these without having synced it, so what is found is not used but replaced. */
function restage(
  change: PutChange,
  bytes: Uint8Array,
  { journal: { transaction }, reader, writer }: RollForwardInput,
): void {
  const path = restagedPath(change.path, transaction.id);
  if (reader.stat(path).state !== 'absent') {
    onDisk('remove', path, () => {
      writer.unlink(path);
    });
  }
  writeNewFile(writer, path, bytes, change);
}

/** The new material is gone. Back to the old set if every part of it can still be had, else out of the way. */
function giveUp(
  ours: GuardedChanges,
  { journal: { transaction }, within, reader, writer }: RollForwardInput,
): RolledForward {
  const canGoBack = ours.every((change) => {
    const isOld = standingOf(change, reader, within) === 'before';
    const keepsake = keepsakePath(change.path, transaction.id);
    const kept = reader.read(keepsake);
    requireReadable(keepsake, kept, 'the journal is kept');
    return change.expects.state === 'absent' || isOld || meets(kept, change.expects);
  });
  if (canGoBack) {
    undo(ours, transaction.id, reader, writer);
    return { kind: 'undone', transaction, restored: ours.map(({ path }) => path) };
  }
  const problem = `generation ${String(transaction.generation)} is missing or damaged, and so is part of what it replaces`;
  return { kind: 'set-aside', journal: setJournalAside(reader, writer), problem };
}

function pick(changes: GuardedChanges, wanted: (change: Change) => boolean): GuardedChanges {
  return changes.filter(wanted) as readonly Change[] as GuardedChanges;
}
