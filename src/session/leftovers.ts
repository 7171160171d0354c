import { tidy, stagingDirectories } from '../commit/tidy.ts';
import { removeOwnTree } from '../disk/own-files.ts';
import { ownPaths } from '../disk/own-paths.ts';
import { CertmendError } from '../error.ts';
import { prunable } from '../generation/numbers.ts';
import type { GenerationStore } from '../generation/store.ts';
import type { Layout } from '../layout/layout.ts';
import { isRotationOpen, type State } from '../state/state.ts';
import type { Ports, WriteSide } from '../survey/ports.ts';
import type { Session } from './session.ts';

/**
 * Removes the sets of attempts that came to nothing (P13). What the saved state has never counted belongs to no commit
 * and no standby: a run that was ended, or that failed and could not clear up, left it. Of the others the retention
 * decides. For the beginning of a session, after recovery: then no journal is open that could need one of them.
 *
 * @param saved undefined when there was no state that could be read: then all that is there may be what was live
 * @throws CertmendError StorageReadOnly and siblings: what is in the way of everything new
 */
export function removeLeftovers(store: GenerationStore, saved: State | undefined, retention: number): void {
  store.cleanUp();
  const numbers = store.numbers();
  const { next, active, standby, previous, confirmed } = saved?.generations ?? nothing;
  const known = { active: active?.number, standby: standby?.number, previous: previous?.number };
  const inUse = new Set([...Object.values(known), confirmed ?? undefined]);
  const unheardOf = numbers.filter((number) => saved !== undefined && number >= next && !inUse.has(number));
  const others = numbers.filter((number) => !unheardOf.includes(number));
  const old = prunable({ ...known, numbers: others, confirmed: confirmed ?? undefined, retention });
  for (const number of [...unheardOf, ...old]) store.remove(number);
}

/**
 * The keys that a rotation of authorities keeps are there as long as it is under way: those of one that was ended before it was
 * remembered, or when it was over, go. Without a state that could be read nobody knows, and they stay.
 *
 * @throws CertmendError StorageReadOnly and siblings
 */
export function removeAbandonedRotation({ reader }: Ports, { writer }: WriteSide, saved: State | undefined): void {
  if (saved === undefined || isRotationOpen(saved.authorityRotation)) return;
  removeOwnTree(reader, writer, ownPaths.authorityRotation);
}

const nothing: Pick<State['generations'], 'next' | 'active' | 'standby' | 'previous' | 'confirmed'> = {
  next: 1,
  active: null,
  standby: null,
  previous: null,
  confirmed: null,
};

/**
 * Nothing new is begun beside leftovers that cannot be removed: a loop of failing attempts would add its own each time.
 *
 * @throws CertmendError the first thing that is in the way; nothing was changed
 */
export function requireTidy({ reader }: Ports, { writer }: WriteSide, layout: Layout): void {
  const [problem] = tidy(stagingDirectories(layout), reader, writer).problems;
  if (problem === undefined) return;
  throw new CertmendError(
    'StorageFailed',
    `leftovers of an earlier attempt are still there: ${problem}; nothing new was started`,
    {
      hint: 'find out why it cannot be removed (lsattr, mount, dmesg), remove it by hand, then run certmend again',
    },
  );
}

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
