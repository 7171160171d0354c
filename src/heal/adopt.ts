import type { Manifest } from '../generation/generation.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { State } from '../state/state.ts';
import type { Session } from './session.ts';

/** A certificate that is another one than certmend remembers, and not one that it put there itself. */
export interface ForeignChange {
  readonly id: string;
  readonly path: string;
  /** SHA-256 fingerprints; undefined when nothing readable was there before. */
  readonly before: string | undefined;
  readonly after: string;
}

/**
 * What others have changed since the state was saved (P10). The hash is the truth: times and sizes say nothing. What is
 * damaged or gone now is a finding, not a change, and what the product makes anew at each of its starts is no news.
 *
 * @param state as it was saved
 * @param active manifest of the generation that is live as far as the state knows: a crash between a commit and the last
 * save of the state leaves its fingerprints unknown
 */
export function foreignChanges(
  state: State,
  inventory: Inventory,
  active: Manifest | undefined,
): readonly ForeignChange[] {
  const ours = new Set(active?.files.map(({ path, fingerprint256 }) => `${path} ${fingerprint256 ?? ''}`));
  const known: Readonly<Record<string, { readonly fingerprint256: string | null }>> = {
    ...state.authorities,
    ...state.certificates,
  };
  return inventory.items.flatMap((item): ForeignChange[] => {
    if ((item.kind !== 'leaf' && item.kind !== 'authority' && item.kind !== 'listener') || item.entry.reissuedAtStart) {
      return [];
    }
    const certificates =
      item.kind === 'listener'
        ? item.document.ok
          ? item.document.value.certificates
          : []
        : item.certificates.ok
          ? item.certificates.value
          : [];
    const after = certificates[0]?.fingerprint256;
    const { id } = item.entry;
    const path = item.kind === 'listener' ? item.entry.path : item.entry.certificatePath;
    const remembered = known[id];
    if (remembered === undefined || after === undefined || remembered.fingerprint256 === after) {
      return [];
    }
    return ours.has(`${path} ${after}`) ? [] : [{ id, path, before: remembered.fingerprint256 ?? undefined, after }];
  });
}

/** Records what others changed and takes it as the node's own from now on; it is not fought. */
export function adoptForeignChanges(session: Session, changes: readonly ForeignChange[]): void {
  for (const { id, path, before, after } of changes) {
    session.tell({
      event: 'external-change-adopted',
      priority: 'notice',
      reason: 'ExternalChange',
      entry: id,
      path,
      fingerprintOld: before,
      fingerprintNew: after,
      message: `${id} was replaced by the service, a person or another tool; certmend goes on from what is there now`,
    });
  }
  const { active } = session.state().generations;
  const held = new Set(active === null ? [] : session.store.manifest(active.number)?.files.map(({ path }) => path));
  // What is live is no generation of ours any more: said now, or a rollback would offer it as what it is not.
  if (changes.some(({ path }) => held.has(path))) {
    session.remember((state) => ({ ...state, generations: { ...state.generations, active: null } }));
  }
}
