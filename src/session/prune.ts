import { prunable } from '../generation/numbers.ts';
import type { Session } from './session.ts';

/** Removes generations beyond the retention; a failure to remove is told and never fatal. */
export function prune(session: Session): void {
  const { store, ports } = session;
  const { active, standby, previous, confirmed } = session.state().generations;
  const numbers = prunable({
    numbers: store.list().map(({ number }) => number),
    active: active?.number,
    standby: standby?.number,
    previous: previous?.number,
    confirmed: confirmed ?? undefined,
    retention: ports.config.retention,
  });
  for (const generation of numbers) {
    try {
      store.remove(generation);
      session.tell({
        event: 'pruned',
        priority: 'info',
        generation,
        message: `generation ${String(generation)} was pruned`,
      });
    } catch (cause) {
      session.tell({
        event: 'failed',
        priority: 'warning',
        generation,
        message: `generation ${String(generation)} could not be pruned: ${cause instanceof Error ? cause.message : 'unknown error'}`,
      });
    }
  }
}
