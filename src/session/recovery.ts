import type { RecoveryOutcome } from '../commit/recover.ts';
import type { Outcome } from './outcome.ts';

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
      return `an interrupted commit of generation ${String(transaction.generation)} was completed (${String(changed.length)} files)${foreign}${unasked}`;
    }
    case 'undone':
      return `an interrupted commit of generation ${String(recovered.transaction.generation)} could not be completed and was rolled back completely (${String(recovered.restored.length)} files)`;
    case 'set-aside':
      return `the journal of an interrupted commit could not be followed (${recovered.problem}); it was kept as ${recovered.journal}`;
    case 'cleaned':
      return recovered.removed.length === 0
        ? undefined
        : `${String(recovered.removed.length)} staged files of a commit interrupted before it started were removed`;
  }
}
