import type { FileReader } from '../disk/file-reader.ts';
import { forgetRestore, isRestore, refuseRestore, restoredDirectories, whyNotRestored } from './restore/interrupted.ts';
import type { FileWriter, Relabel } from '../disk/file-writer.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { createGenerationStore } from '../generation/store.ts';
import type { Placed } from '../layout/backed-up-paths.ts';
import type { Change } from './change.ts';
import { type Door, lets } from './door.ts';
import { readJournal, setJournalAside } from './journal.ts';
import type { Journal, JournalNode, Transaction } from './journal-format.ts';
import { isBootstrapRemoval, whyNotFollowed } from './not-followed.ts';
import { refuseProtected } from './protected.ts';
import { rollForward, type RolledForward } from './roll-forward.ts';
import { CertmendError } from '../error.ts';
import { stagingDirectories, tidy } from './tidy.ts';
import { isSyncFailure, noteFailedSync } from './sync-doubt.ts';

export interface RecoverInput {
  readonly reader: FileReader;
  readonly writer: FileWriter;
  readonly relabel: Relabel;
  /** Its entries say where leftovers may be, its protected paths what is never written. */
  readonly layout: Placed;
  readonly node: JournalNode;
  /** Of a command that a person gave to change what is protected: without it no journal may do so either. */
  readonly door?: Door | undefined;
  /** Records a transaction that was completed, with the entries it was about; runs before the journal is cleared, so that it is never forgotten. */
  readonly saveState?: ((transaction: Transaction, ids: readonly string[]) => void) | undefined;
}

export type RecoveryOutcome =
  | { readonly kind: 'nothing' }
  /** A commit that a crash had cut off was completed. `left`: paths someone else has changed since, which stay as they are. */
  | {
      readonly kind: 'completed';
      readonly transaction: Transaction;
      readonly changed: readonly string[];
      readonly left: readonly string[];
      /** Damaged files of the bootstrap set that it was to take away, and that stay without the flag that asked for it. */
      readonly heldBack?: readonly string[];
    }
  /** It could not be completed (its material is gone) and was taken back whole. */
  | { readonly kind: 'undone'; readonly transaction: Transaction; readonly restored: readonly string[] }
  /**
   * The journal is of no use: not readable as one, or neither the new nor the old files are there. It was kept under
   * `journal`; what the node needs is for the next assessment to find out.
   */
  | {
      readonly kind: 'set-aside';
      readonly journal: string;
      readonly problem: string;
      readonly removed: readonly string[];
    }
  /** No transaction was open; leftovers of one that never began were removed. */
  | { readonly kind: 'cleaned'; readonly removed: readonly string[] };

/**
 * Finishes or clears away what a crash left, before anything else is looked at. With a journal the transaction goes
 * forward: it was decided, verified, and may be half done. Without one nothing was begun, and only leftovers go.
 * Every step may be repeated: recovery that is itself cut off is recovered by the next one. The caller holds the lock.
 *
 * @throws CertmendError StorageFull and siblings (the journal stays, the next run tries again), StateNewer, ProtectedPath,
 * RestoreInterrupted (exit 77) when it is a restore that only the command of a person may finish
 */
export function recover(input: RecoverInput): RecoveryOutcome {
  const { reader, writer, layout } = input;
  const reading = readJournal(reader);
  if (reading.state === 'open') refuseRestore(reading.journal, input.door);
  // First, because their names may be needed: what was being written when the crash came, no part of any transaction.
  tidy([ownPaths.stateDirectory], reader, writer);
  const directories = stagingDirectories(layout);
  switch (reading.state) {
    case 'open': {
      const refusal = isRestore(reading.journal)
        ? whyNotRestored(reading.journal, input)
        : whyNotFollowed(reading.journal, input);
      if (refusal !== undefined) return giveUp(refusal, directories, input);
      const outcome = follow(reading.journal, input);
      const removed = clean(directories, input);
      return outcome.kind === 'set-aside' ? { ...outcome, removed } : outcome;
    }
    case 'damaged':
      return giveUp(reading.problem, directories, input);
    case 'absent': {
      const removed = clean(directories, input);
      return removed.length === 0 ? { kind: 'nothing' } : { kind: 'cleaned', removed };
    }
  }
}

function follow(journal: Journal, input: RecoverInput): RolledForward & { readonly heldBack?: readonly string[] } {
  const { reader, writer, layout } = input;
  const isHeldBack = (change: Change): boolean => isBootstrapRemoval(change) && !lets(input.door, change);
  const changes = journal.changes.filter((change) => !isHeldBack(change));
  try {
    const outcome = rollForward({
      ...input,
      journal,
      within: layout.dataDir,
      changes: refuseProtected(changes, layout.protectedPaths, reader, input.door),
    });
    if (outcome.kind !== 'completed') return outcome;
    const heldBack = journal.changes.filter(isHeldBack).map(({ path }) => path);
    return { ...outcome, heldBack: heldBack.filter((path) => reader.stat(path).state !== 'absent') };
  } catch (error) {
    if (isSyncFailure(error)) noteFailedSync(writer);
    throw error;
  }
}

function giveUp(problem: string, directories: readonly string[], input: RecoverInput): RecoveryOutcome {
  const { reader, writer } = input;
  const journal = setJournalAside(reader, writer);
  return { kind: 'set-aside', journal, problem, removed: clean(directories, input) };
}

/**
 * Leftovers that cannot be removed harm nobody here: they are found again, and nothing new is staged beside them
 * (session.begin). What must work is the commit that follows.
 */
function clean(directories: readonly string[], { reader, writer, layout }: RecoverInput): readonly string[] {
  const isAfterRestore = reader.stat(ownPaths.restore).state !== 'absent';
  const everywhere = isAfterRestore ? [...directories, ...restoredDirectories(layout, reader)] : directories;
  const { removed } = tidy(everywhere, reader, writer);
  try {
    if (isAfterRestore) forgetRestore(reader, writer);
    return [...removed, ...createGenerationStore({ reader, writer }).cleanUp()];
  } catch (error) {
    if (error instanceof CertmendError) return removed;
    throw error;
  }
}
