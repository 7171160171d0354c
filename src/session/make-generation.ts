import { credentialKubeconfig } from '../activate/credential-kubeconfig.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { composeGeneration, anchorsOn } from '../generation/material-set.ts';
import type { GenerationOrigin, Manifest } from '../generation/generation.ts';
import { generationDirectory } from '../generation/manifest.ts';
import type { KubeconfigItem } from '../inventory/inventory.ts';
import { issueMaterial } from '../issue/issue-material.ts';
import type { MaterialFile } from '../issue/material.ts';
import { verifyMaterial } from '../verify/verify-material.ts';
import { newLeafDays } from './new-leaf-days.ts';
import type { Session } from './session.ts';

/** A generation that is durable on disk and proven (P4). */
export interface MadeGeneration {
  readonly manifest: Manifest;
  readonly files: readonly MaterialFile[];
  readonly handshakes: number;
  /** Neighbours on disk that could not take their part in the proof, a sentence each. */
  readonly notes: readonly string[];
}

/**
 * Issues new pairs for `ids`, completes them to a whole set with what is healthy on the node, writes the set as a
 * numbered generation, reads it back from disk and proves every part of it.
 *
 * @throws CertmendError AuthorityUnusable, StorageFull, …; VerificationFailed when the proof fails: the generation is
 * removed again and the node is untouched
 */
export async function makeGeneration(
  session: Session,
  request: {
    readonly ids: readonly string[];
    readonly kubeconfigs: readonly string[];
    readonly origin: GenerationOrigin;
    readonly reuseKeys: boolean;
    readonly keepLength?: boolean | undefined;
  },
): Promise<MadeGeneration> {
  const { survey, ports, store } = session;
  const { now } = survey.assessment;
  const issued = issueMaterial({
    inventory: survey.inventory,
    ids: request.ids,
    remembered: survey.remembered,
    now,
    validityDays: newLeafDays(ports.config, survey.layout),
    reuseKeys: request.reuseKeys,
    keepLength: request.keepLength,
  });
  const fresh = [...issued, ...kubeconfigMaterial(session, request.kubeconfigs, issued)];
  const manifest = store.write({
    number: session.nextGeneration(),
    origin: request.origin,
    createdAt: now,
    binding: session.binding,
    files: composeGeneration({ inventory: survey.inventory, fresh }),
    anchorsOf: anchorsOn(survey.inventory),
  });
  const back = store.load(manifest.number);
  if (!back.ok) {
    store.remove(manifest.number);
    throw new CertmendError(
      'VerificationFailed',
      `generation ${String(manifest.number)} could not be read back: ${back.problem}`,
      {
        exit: exitStatus.refused,
        hint:
          back.isUnread === true
            ? `see why ${generationDirectory(manifest.number)} cannot be read (dmesg, smartctl; EMFILE: no file descriptor was left), then run certmend again`
            : 'the disk under /var/lib/certmend returns different data than was written: check it (dmesg, smartctl)',
      },
    );
  }
  const verdict = await verifyMaterial({
    // What is carried over is live already; a neighbour that cannot be helped must not stop this pair from being so.
    files: back.files.filter(({ id }) => request.ids.includes(id)),
    inventory: survey.inventory,
    memory: ports.memory,
    now,
    clockIsShifted: ports.clockIsShifted,
  });
  if (!verdict.ok) {
    store.remove(manifest.number);
    const [first] = verdict.failures;
    const more = verdict.failures.length > 1 ? ` (and ${String(verdict.failures.length - 1)} more)` : '';
    throw new CertmendError(
      'VerificationFailed',
      `the new set was not put in place: ${first === undefined ? 'it failed verification' : `${first.id}: ${first.message}`}${more}`,
      { exit: exitStatus.refused, hint: 'see: certmend check, certmend why ' + (first?.id ?? 'ENTRY') },
    );
  }
  return { manifest, files: back.files, handshakes: verdict.handshakes, notes: verdict.notes };
}

function kubeconfigMaterial(
  session: Session,
  ids: readonly string[],
  issued: readonly MaterialFile[],
): readonly MaterialFile[] {
  const { layout, inventory } = session.survey;
  return inventory.items
    .filter((item): item is KubeconfigItem => item.kind === 'kubeconfig' && ids.includes(item.entry.id))
    .map(({ entry, file }) => {
      const owner = file.state === 'regular' ? file : (issued[0] ?? ownerOfAuthority(session));
      return {
        path: entry.path,
        id: entry.id,
        role: 'kubeconfig',
        bytes: credentialKubeconfig(layout, entry),
        mode: entry.mode,
        uid: owner.uid,
        gid: owner.gid,
      };
    });
}

function ownerOfAuthority(session: Session): { readonly uid: number; readonly gid: number } {
  for (const item of session.survey.inventory.items)
    if (item.kind === 'authority' && item.certificateFile.state === 'regular') return item.certificateFile;
  return { uid: 0, gid: 0 };
}
