import type { Manifest } from '../generation/generation.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { State } from '../state/state.ts';
import { listed } from '../assess/figures.ts';
import type { Priority } from '../audit/audit.ts';
import type { Session } from './session.ts';

/** A certificate that is another one than certmend remembers, and not one that it put there itself. */
export interface ForeignChange {
  readonly id: string;
  readonly path: string;
  readonly isAuthority: boolean;
  /** SHA-256 fingerprints; undefined when nothing readable was there before. */
  readonly before: string | undefined;
  readonly after: string;
  /** SHA-256 of the file as it is now; of a listener undefined. */
  readonly sha256?: string | undefined;
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
    if ((item.kind !== 'leaf' && item.kind !== 'authority' && item.kind !== 'listener') || item.entry.reissuedAtStart)
      return [];
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
    if (remembered === undefined || after === undefined || remembered.fingerprint256 === after) return [];
    if (ours.has(`${path} ${after}`)) return [];
    const file = item.kind === 'listener' ? undefined : item.certificateFile;
    const sha256 = file?.state === 'regular' ? file.sha256 : undefined;
    const before = remembered.fingerprint256 ?? undefined;
    return [{ id, path, isAuthority: item.kind === 'authority', before, after, sha256 }];
  });
}

/**
 * Records what others changed and takes it as the node's own from now on; it is not fought. One record for all the
 * certificates that were replaced, and one for the authorities: that is no everyday event, everything else hangs on it.
 */
export function adoptForeignChanges(session: Session, changes: readonly ForeignChange[]): void {
  // What an operator's rotation has sent, and the product wrote when it was restarted (heal/authorities/).
  const sent = new Set(session.state().authorityRotation?.authorities.map(({ newSha256 }) => newSha256));
  const isExpected = ({ isAuthority, sha256 }: ForeignChange): boolean =>
    isAuthority && sha256 !== undefined && sent.has(sha256);
  const rotated = changes.filter(isExpected);
  const authorities = changes.filter((change) => change.isAuthority && !isExpected(change));
  const others = changes.filter(({ isAuthority }) => !isAuthority);
  tellChanges(session, rotated, {
    priority: 'notice',
    verb: 'replaced by the authority of the rotation',
    then: 'what it signs is checked against the new one from now on',
  });
  tellChanges(session, authorities, {
    priority: 'warning',
    verb: 'replaced by another authority',
    then: 'what it signs is checked against the new one from now on; if this was not you, find out who did it',
  });
  tellChanges(session, others, {
    priority: 'notice',
    verb: 'replaced, not by certmend',
    then: 'the new files are kept',
  });
  const { active } = session.state().generations;
  const held = new Set(active === null ? [] : session.store.manifest(active.number)?.files.map(({ path }) => path));
  // What is live is no generation of ours any more: said now, or a rollback would offer it as what it is not.
  if (changes.some(({ path }) => held.has(path)))
    session.remember((state) => ({ ...state, generations: { ...state.generations, active: null } }));
}

function tellChanges(
  session: Session,
  changes: readonly ForeignChange[],
  words: { readonly priority: Priority; readonly verb: string; readonly then: string },
): void {
  const [first, ...more] = changes;
  if (first === undefined) return;
  const ids = listed(changes.map(({ id }) => id));
  session.tell({
    event: 'external-change-adopted',
    priority: words.priority,
    reason: 'ExternalChange',
    ...(more.length === 0
      ? { entry: first.id, path: first.path, fingerprintOld: first.before, fingerprintNew: first.after }
      : {
          changes: changes.map(({ id, path, before, after }) => ({
            entry: id,
            path,
            fingerprintOld: before,
            fingerprintNew: after,
          })),
        }),
    message: `${ids} ${more.length === 0 ? 'was' : 'were'} ${words.verb}: ${words.then}`,
  });
}
