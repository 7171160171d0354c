import type { AuthorityOverview } from '../../assess/authority/authorities.ts';
import { overviewOf } from '../../assess/authority/authorities.ts';
import { tokenHash } from '../../assess/authority/token-hash.ts';
import { CertmendError, exitStatus } from '../../error.ts';
import { renewAuthority, type NewAuthority } from '../../issue/authority/renew-authority.ts';
import { bootstrapFields } from '../../bootstrap/field-paths.ts';
import {
  decideRotation,
  type ChosenAuthority,
  type RotationRequest,
  unfitToRotate,
} from '../../plan/authority-rotation.ts';
import type { Ports } from '../../survey/ports.ts';
import type { Survey } from '../../survey/survey.ts';
import { proveAuthority } from '../../verify/authority/prove-authority.ts';
import { rfc3339 } from '../../time/rfc3339.ts';
import type { RotatedAuthority, StateAuthorityRotation } from '../../state/state.ts';
import { hash } from 'node:crypto';
import type { BootstrapSet } from './ask-product.ts';

/** New authorities, made and proven, and what they mean to the cluster. Nothing is written yet. */
export interface PreparedRotation {
  readonly survey: Survey;
  readonly overview: AuthorityOverview;
  readonly authorities: readonly { readonly chosen: ChosenAuthority; readonly made: NewAuthority }[];
  /** Held between a node with the old file and one with the new. */
  readonly handshakes: number;
  /** The hash in the token, before and afterwards; undefined where what it is over cannot be read. */
  readonly caHash: { readonly before: string | undefined; readonly after: string | undefined };
  /** Agents hold what is replaced, or a token that is no longer right. */
  readonly agentsRestart: boolean;
}

/**
 * Decides, makes and proves a rotation: all that can go wrong before anybody else is told. On a server alone: an agent has no keys.
 *
 * @throws CertmendError RotationUnfit, VerificationFailed (exit 77), Usage for an id that is no authority
 */
export async function prepareRotation(
  ports: Ports,
  survey: Survey,
  request: RotationRequest,
): Promise<PreparedRotation> {
  const { layout, inventory, assessment } = survey;
  const { now, clock } = assessment;
  if (layout.role !== 'server') {
    throw new CertmendError('RotationUnfit', 'an agent has no keys of authorities; nothing was changed', {
      exit: exitStatus.refused,
      hint: 'on a server of the cluster: certmend ca rotate --dry-run',
    });
  }
  if (!clock.believed) throw unfitToRotate(`the clock is not believed: ${clock.evidence[0] ?? clock.verdict}`);
  const overview = overviewOf(inventory, now, ports.config.authority.criticalDays);
  const chosen = decideRotation(inventory, overview, request, now);
  const authorities: { chosen: ChosenAuthority; made: NewAuthority }[] = [];
  let handshakes = 0;
  for (const one of chosen) {
    const made = renewAuthority({
      id: one.id,
      product: layout.product,
      old: one.old.certificates,
      way: one.way,
      now,
    });
    const proof = await proveAuthority({
      old: { id: one.id, certificates: one.old.certificates, key: one.old.key.keyObject },
      made,
      leaves: inventory.items.filter((item) => item.kind === 'leaf').filter(({ entry }) => entry.issuer === one.id),
      now,
      clockIsShifted: ports.clockIsShifted,
    });
    const [problem] = proof.problems;
    if (problem !== undefined) throw unproven(one.id, problem);
    handshakes += proof.handshakes;
    authorities.push({ chosen: one, made });
  }
  const caHash = { before: overview.pinned?.hash, after: hashAfter(survey, overview, authorities) };
  const changesToken = caHash.before !== caHash.after;
  const held = new Set(layout.entries.flatMap((entry) => (entry.kind === 'authority' ? (entry.copyOf ?? []) : [])));
  const isNewToAgents = authorities.some(
    ({ chosen: { id }, made }) => held.has(id) && made.crossSignedUntil !== undefined,
  );
  return { survey, overview, authorities, handshakes, caHash, agentsRestart: changesToken || isNewToAgents };
}

function hashAfter(
  { layout, assessment: { now } }: Survey,
  { pinned }: AuthorityOverview,
  authorities: PreparedRotation['authorities'],
): string | undefined {
  const listener = layout.entries.find(({ kind }) => kind === 'listener');
  const id = listener?.kind === 'listener' ? listener.issuer : undefined;
  const own = authorities.find(({ chosen }) => chosen.id === id);
  return own === undefined ? pinned?.hash : tokenHash(own.made.certificatePem, own.made.certificates, now).hash;
}

function unproven(id: string, problem: string): CertmendError {
  return new CertmendError(
    'VerificationFailed',
    `not rotated: of ${id} ${problem}; nothing was sent and nothing changed`,
    {
      exit: exitStatus.refused,
      hint: `see: certmend ca status, and: certmend why ${id}`,
    },
  );
}

/** What is sent, under the product's names. */
export function setOf(authorities: PreparedRotation['authorities']): BootstrapSet {
  return new Map(
    authorities.flatMap(({ chosen: { id }, made }): [string, Buffer][] => {
      const fields = bootstrapFields(id);
      if (fields === undefined) throw unfitToRotate(`${id} is not among what the product stores`, id);
      return [
        [fields.certificate, made.certificatePem],
        [fields.key, made.keyPem],
      ];
    }),
  );
}

/** What is remembered of it until it is finished: no key, no password. */
export function rememberedRotation(
  prepared: PreparedRotation,
  well: readonly string[],
  now: number,
): StateAuthorityRotation {
  const { before, after } = prepared.caHash;
  const at = rfc3339(now);
  return {
    startedAt: at,
    step: 'sending',
    at,
    tokenChanges: before !== after,
    caHash: after ?? null,
    agentsRestart: prepared.agentsRestart,
    well,
    authorities: prepared.authorities.map(({ chosen, made }): RotatedAuthority => {
      const { certificateFile } = chosen.item;
      return {
        id: chosen.id,
        way: chosen.way.kind,
        oldSha256: certificateFile.state === 'regular' ? certificateFile.sha256 : hash('sha256', '', 'hex'),
        newSha256: hash('sha256', made.certificatePem, 'hex'),
        notAfter: rfc3339(made.certificates[0]?.notAfter ?? now),
        crossSignedUntil: made.crossSignedUntil === undefined ? null : rfc3339(made.crossSignedUntil),
      };
    }),
  };
}
