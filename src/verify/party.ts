import type { Inventory, LeafItem } from '../inventory/inventory.ts';
import type { LeafEntry } from '../layout/entry.ts';
import type { Candidate } from './candidate.ts';
import type { Failure } from './verdict.ts';

/** One side of a conversation: the pair of the set, else the pair that is live. */
export type Party =
  | { readonly state: 'present'; readonly entry: LeafEntry; readonly certificatePem: Buffer; readonly keyPem: Buffer }
  /** Nobody talks here: the node has no such leaf, or the product makes it anew when it starts. */
  | { readonly state: 'none' }
  | { readonly state: 'failed'; readonly failures: readonly Failure[] };

/** @param set the leaves of the set that are sound in themselves; undefined for one that has already failed */
export function partyOf(id: string, set: ReadonlyMap<string, Candidate | undefined>, inventory: Inventory): Party {
  if (set.has(id)) {
    const candidate = set.get(id);
    return candidate === undefined ? { state: 'failed', failures: [] } : { state: 'present', ...candidate };
  }
  const item = inventory.items.find((one): one is LeafItem => one.kind === 'leaf' && one.entry.id === id);
  return item === undefined ? { state: 'none' } : liveParty(item);
}

function liveParty({ entry, certificateFile, keyFile, certificates, key }: LeafItem): Party {
  if (entry.reissuedAtStart) return { state: 'none' };
  if (certificateFile.state === 'regular' && keyFile.state === 'regular' && certificates.ok && key.ok)
    return { state: 'present', entry, certificatePem: certificateFile.bytes, keyPem: keyFile.bytes };
  if (entry.optional && certificateFile.state === 'absent') return { state: 'none' };
  const failures: Failure[] = [];
  const base = { id: entry.id, message: 'its file' };
  if (!certificates.ok) {
    const code = certificates.missing ? 'LeafMissing' : 'LeafUnreadable';
    failures.push({
      ...base,
      path: entry.certificatePath,
      code,
      message: `${base.message} ${certificates.problems.join(', ')}`,
    });
  }
  if (!key.ok) {
    const code = key.missing ? 'KeyMissing' : 'KeyUnreadable';
    failures.push({ ...base, path: entry.keyPath, code, message: `${base.message} ${key.problems.join(', ')}` });
  }
  return { state: 'failed', failures };
}
