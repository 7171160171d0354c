import type { Finding } from '../assess/assessment.ts';
import { ownPaths } from '../disk/own-paths.ts';
import type { LoadedState } from './load-state.ts';

/** A node that the boot hook would not heal for want of its memory is not well, whatever its certificates are. */
export function stateFindings(loaded: LoadedState): readonly Finding[] {
  if (loaded.kind !== 'unread') return [];
  return [
    {
      code: 'StateUnread',
      id: undefined,
      path: ownPaths.state,
      severity: 'warning',
      message: `${ownPaths.state} ${loaded.problem}; until it can be read certmend changes nothing on this node`,
      evidence: { problem: loaded.problem },
      answer: 'operator',
    },
  ];
}
