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
