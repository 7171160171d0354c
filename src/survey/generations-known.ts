import { createHash } from 'node:crypto';
import { type KnownNode, leftAsIfLive, leftClause } from './as-if-live.ts';
import { bindingOf } from '../generation/binding.ts';
import type { Manifest } from '../generation/generation.ts';
import { loadGeneration, readManifest, type NotLoaded } from '../generation/load.ts';
import { standbyVerdict } from '../generation/standby-verdict.ts';
import type { MaterialFile } from '../issue/material.ts';
import type { StandbyVerdict } from '../plan/plan.ts';
import { verifyMaterial } from '../verify/verify-material.ts';
import type { Inventory } from '../inventory/inventory.ts';

/**
 * The verdict on the standby generation that the state names.
 * @param purpose `commit`: may it go live now; `keep`: would a fresh one be better
 * @param afresh hold the TLS handshakes again, also when the same bytes have held them
 */
export async function standbyOf(node: KnownNode, purpose: 'commit' | 'keep', afresh = false): Promise<StandbyVerdict> {
  const { ports, survey, state } = node;
  return standbyVerdict({
    store: { load: (number) => loadGeneration(ports.reader, number) },
    number: state?.generations.standby?.number,
    binding: bindingOf(survey.inventory, ports.host.machineId),
    now: survey.assessment.now,
    renewBeforeDays: survey.settings.renewBeforeDays,
    purpose,
    unanswered: (files) => {
      const [first] = leftAsIfLive(node, files);
      return first === undefined ? undefined : leftClause(first);
    },
    verify: (files) => problemOf(node, files, { afresh }),
  });
}

/** The generation that was live before the active one, when its manifest is there. */
export function previousOf({
  ports,
  state,
}: KnownNode): { readonly generation: number; readonly notBefore: number; readonly notAfter: number } | undefined {
  const reference = state?.generations.previous ?? undefined;
  const read = reference === undefined ? undefined : readManifest(ports.reader, reference.number);
  return read?.ok === true
    ? {
        generation: read.manifest.number,
        notBefore: Date.parse(read.manifest.notBefore),
        notAfter: Date.parse(read.manifest.notAfter),
      }
    : undefined;
}

/**
 * A generation read back from disk and proven at this instant, or why it is not good.
 * @param purpose `commit` asks that it leaves no finding of the node unanswered; `rollback`, which a person asks for, lets
 * pass a set that is good now, whatever the next start will find due
 */
export async function prove(
  node: KnownNode,
  number: number,
  purpose: 'commit' | 'rollback',
): Promise<{ readonly ok: true; readonly manifest: Manifest; readonly files: readonly MaterialFile[] } | NotLoaded> {
  const loaded = loadGeneration(node.ports.reader, number);
  if (!loaded.ok) return loaded;
  const [left] = purpose === 'commit' ? leftAsIfLive(node, loaded.files) : [];
  if (left !== undefined) return { ok: false, problem: `it would leave ${leftClause(left)}` };
  const problem = await problemOf(node, loaded.files, { acceptRenewDue: purpose === 'rollback' });
  return problem === undefined ? loaded : { ok: false, problem };
}

async function problemOf(
  node: KnownNode,
  files: readonly MaterialFile[],
  options: { readonly acceptRenewDue?: boolean; readonly afresh?: boolean },
): Promise<string | undefined> {
  const { ports, survey, state, onProven } = node;
  const proof = proofOf(survey.inventory, files);
  const handshakesHeld = options.afresh !== true && state?.generations.proof === proof;
  const verdict = await verifyMaterial({
    files,
    inventory: survey.inventory,
    memory: ports.memory,
    now: survey.assessment.now,
    clockIsShifted: ports.clockIsShifted,
    acceptRenewDue: options.acceptRenewDue,
    handshakesHeld,
  });
  if (verdict.ok) {
    if (!handshakesHeld) onProven?.(proof);
    return undefined;
  }
  const [first] = verdict.failures;
  return first === undefined ? 'it failed verification' : `${first.id}: ${first.message}`;
}

/**
 * What the outcome of a set's TLS handshakes rests on, as one digest: every byte of the set, and every byte of every
 * authority on disk. A set whose digest is remembered has held them; dates, chains and identities are looked at again
 * each time, since they rest on the clock and on the configuration too.
 * @returns SHA-256, 64 hexadecimal digits
 */
export function proofOf(inventory: Inventory, files: readonly MaterialFile[]): string {
  const hash = createHash('sha256');
  for (const item of inventory.items) {
    if (item.kind !== 'authority' || item.certificateFile.state !== 'regular') continue;
    hash.update(`authority ${item.entry.id} ${item.certificateFile.sha256}\n`);
  }
  for (const { path, bytes } of files) hash.update(`file ${path} ${String(bytes.length)}\n`).update(bytes);
  return hash.digest('hex');
}
