import { dayMs } from '../time/units.ts';
import type { MaterialFile } from '../issue/material.ts';
import type { StandbyVerdict } from '../plan/plan.ts';
import { bindingMismatch } from './binding.ts';
import type { Binding, Manifest } from './generation.ts';
import type { GenerationStore } from './store.ts';

/**
 * Is the standby good? Read again from disk, bound to this node, long enough, and verified.
 *
 * `purpose: 'commit'` asks what the boot path asks: may it go live now? `purpose: 'keep'` asks what the upkeep asks:
 * would a fresh one be better? The difference is age: a standby that has lived a quarter of its validity is due to be
 * made again (architecture, Standby), but on a node that slept for some months it is still as good as it looks.
 *
 * @param input.number generation number of the standby; undefined when there is none
 * @param input.now ms since the epoch, a believed clock
 * @param input.renewBeforeDays a set with less left is not worth going live: the product would replace it at its start
 * @param input.unanswered a finding of the node that the set, once live, would leave as it is, as a clause: then a fresh
 * one is better, however good this one is
 * @param input.verify proves the files (P4); returns the first problem as a clause, undefined when there is none
 */
export async function standbyVerdict(input: {
  readonly store: Pick<GenerationStore, 'load'>;
  readonly number: number | undefined;
  readonly binding: Binding;
  readonly now: number;
  readonly renewBeforeDays: number;
  readonly purpose?: 'commit' | 'keep';
  readonly unanswered?: ((files: readonly MaterialFile[]) => string | undefined) | undefined;
  readonly verify: (files: readonly MaterialFile[]) => Promise<string | undefined>;
}): Promise<StandbyVerdict> {
  const { store, number: generation, binding, now, renewBeforeDays, purpose = 'commit', verify } = input;
  if (generation === undefined) return { state: 'missing', reason: 'no standby was prepared' };
  const loaded = store.load(generation);
  if (!loaded.ok) {
    return loaded.isUnread === true
      ? {
          state: 'invalid',
          generation,
          reason: `standby ${String(generation)} cannot be used: ${loaded.problem}`,
          unread: true,
        }
      : { state: 'invalid', generation, reason: `standby ${String(generation)} is damaged: ${loaded.problem}` };
  }
  const { manifest, files } = loaded;
  const mismatch = bindingMismatch(manifest.binding, binding);
  if (mismatch !== undefined) {
    const reason = `standby ${String(generation)} does not match this node: ${mismatch.reason}`;
    return { state: mismatch.elsewhere ? 'invalid' : 'stale', generation, reason };
  }
  const outlived = outlivedReason(manifest, { now, renewBeforeDays, purpose });
  if (outlived !== undefined)
    return { state: 'stale', generation, reason: `standby ${String(generation)} ${outlived}` };
  const left = input.unanswered?.(files);
  if (left !== undefined)
    return { state: 'stale', generation, reason: `standby ${String(generation)} would leave ${left}` };
  const problem = await verify(files);
  if (problem !== undefined)
    return { state: 'invalid', generation, reason: `standby ${String(generation)} failed verification: ${problem}` };
  return {
    state: 'ready',
    generation,
    notAfter: Date.parse(manifest.notAfter),
    notBefore: Date.parse(manifest.notBefore),
  };
}

function outlivedReason(
  manifest: Manifest,
  at: { readonly now: number; readonly renewBeforeDays: number; readonly purpose: 'commit' | 'keep' },
): string | undefined {
  const notBefore = Date.parse(manifest.notBefore);
  const notAfter = Date.parse(manifest.notAfter);
  if (notAfter <= at.now) return `expired on ${manifest.notAfter}`;
  if (notAfter - at.now <= at.renewBeforeDays * dayMs)
    return `expires on ${manifest.notAfter}, less than ${String(at.renewBeforeDays)} days from now`;
  if (at.purpose === 'keep' && at.now - notBefore >= (notAfter - notBefore) / 4)
    return `has used up a quarter of its validity (${manifest.notBefore} to ${manifest.notAfter})`;
  return undefined;
}
