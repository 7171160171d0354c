import type { RecoveryOutcome } from '../commit/recover.ts';
import type { Outcome } from './outcome.ts';
import type { Transaction } from '../commit/journal-format.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { CertmendError } from '../error.ts';
import type { Manifest } from '../generation/generation.ts';
import { readManifest } from '../generation/load.ts';
import { generationDirectory } from '../generation/manifest.ts';
import { loadState, unreadState, type LoadedState } from '../state/load-state.ts';
import { refuseNewer, saveState } from '../state/save-state.ts';
import { afterCommit, type Counted } from '../state/transitions.ts';
import type { Ports, WriteSide } from '../survey/ports.ts';

/**
 * The outcome of a run that began with a recovery: what that did is a reason of the run, and the files that it moved are
 * among those that changed, also when there was nothing left to do after it.
 */
export function withRecovery(outcome: Outcome, recovered: RecoveryOutcome): Outcome {
  const message = recoverySentence(recovered);
  if (message === undefined) return outcome;
  return {
    ...outcome,
    reasons: [...outcome.reasons, { code: 'TransactionRecovered', id: undefined, message }],
    changed: [...new Set([...pathsOf(recovered), ...outcome.changed])],
  };
}

/** Node files that recovery changed; what it cleared away of a commit that never began were none of the node's own. */
function pathsOf(recovered: RecoveryOutcome): readonly string[] {
  switch (recovered.kind) {
    case 'completed':
      return recovered.changed;
    case 'undone':
      return recovered.restored;
    case 'nothing':
    case 'set-aside':
    case 'cleaned':
      return [];
  }
}

/** What recovery did, for a person; undefined when there was nothing to recover. */
export function recoverySentence(recovered: RecoveryOutcome): string | undefined {
  switch (recovered.kind) {
    case 'nothing':
      return undefined;
    case 'completed': {
      const { transaction, changed, left, heldBack = [] } = recovered;
      const foreign =
        left.length === 0 ? '' : `; ${left.join(', ')} had been changed by someone else and was left alone`;
      const unasked =
        heldBack.length === 0 ? '' : `; ${heldBack.join(', ')} was not removed: that needs --repair-bootstrap again`;
      return `an interrupted commit of ${subjectOf(transaction, changed)} was completed (${String(changed.length)} files)${foreign}${unasked}`;
    }
    case 'undone':
      return `an interrupted commit of ${subjectOf(recovered.transaction, recovered.restored)} could not be completed and was rolled back completely (${String(recovered.restored.length)} files)`;
    case 'set-aside':
      return `the journal of an interrupted commit could not be followed (${recovered.problem}); it was kept as ${recovered.journal}`;
    case 'cleaned':
      return recovered.removed.length === 0
        ? undefined
        : `${String(recovered.removed.length)} staged files of a commit interrupted before it started were removed`;
  }
}

/** Generation 0 is none: the agent part is signed elsewhere and in no set, and neither is what is only taken away. */
function subjectOf({ generation }: Transaction, paths: readonly string[]): string {
  if (generation !== 0) return `generation ${String(generation)}`;
  return paths.every((path) => path.includes('/agent/')) ? 'the agent part' : 'files that belong to no generation';
}

/**
 * A commit that recovery completed is remembered as if it had never been cut off, before its journal goes away. The
 * state that was saved at its begin says so by its open transaction; without that, the state is ahead already.
 *
 * @param ids the entries that it was about: a repair is counted for each of them
 */
export function rememberCompleted(
  ports: Ports,
  write: WriteSide,
  transaction: Transaction,
  ids: readonly string[],
): void {
  const loaded = loadState(ports.reader);
  refuseUnusable(loaded);
  if (loaded.kind !== 'loaded' || loaded.state.transaction?.id !== transaction.id) return;
  const manifestOf = (number: number | null): Manifest | undefined => {
    if (number === null || number === 0) return undefined;
    const read = readManifest(ports.reader, number);
    if (!read.ok && 'isUnread' in read) {
      throw new CertmendError(
        'StorageFailed',
        `generation ${String(number)} in ${generationDirectory(number)} cannot be read: ${read.problem}`,
        {
          hint: `the next run that can read it completes the commit: check the disk of ${ownPaths.generations} (dmesg)`,
        },
      );
    }
    return read.ok ? read.manifest : undefined;
  };
  const state = afterCommit(loaded.state, {
    at: Date.parse(transaction.startedAt),
    active: manifestOf(transaction.generation),
    previous: manifestOf(transaction.previous),
    counts: countedOf(transaction, ids),
  });
  saveState(write.writer, state);
}

function countedOf({ counts, reason }: Transaction, ids: readonly string[]): Counted {
  if (counts === 'repair') return { repaired: ids };
  return counts ?? (reason === 'OperatorRequest' ? 'nothing' : 'rotation');
}

/**
 * @throws CertmendError StateNewer (77) for the state of a newer certmend, StorageDenied, StorageFailed for one that is
 * there and could not be read: the brake, the standby and names that are nowhere else are in it
 */
export function refuseUnusable(loaded: LoadedState): void {
  if (loaded.kind === 'newer') refuseNewer(loaded);
  if (loaded.kind === 'unread') throw unreadState(loaded.problem);
}
