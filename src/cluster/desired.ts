import { createHash } from 'node:crypto';
import type { HealthReason } from '../assess/assessment.ts';
import type { LeafItem } from '../inventory/inventory.ts';
import type { State, StateRenewal } from '../state/state.ts';
import type { Survey } from '../survey/survey.ts';
import { nodeCertificates, type NodeCertificate } from './node-certificate.ts';
import { nodeSummary, type NodeSummary } from './node-summary.ts';

/** What the cluster is to know of this node. */
export interface Desired {
  readonly level: 'node' | 'certificates';
  readonly nodeName: string;
  readonly summary: NodeSummary;
  /** Empty at level `node`. */
  readonly objects: readonly NodeCertificate[];
  readonly reasons: readonly HealthReason[];
  readonly fingerprints: Readonly<Record<string, string>>;
  readonly renewal: StateRenewal | null;
  /** SHA-256 of what is written when it has changed: all but the Events. */
  readonly digest: string;
}

/** @returns undefined when it cannot be known under which name the cluster knows the node */
export function desiredOf(
  { layout, inventory, assessment }: Pick<Survey, 'layout' | 'inventory' | 'assessment'>,
  state: State,
  level: Desired['level'],
): Desired | undefined {
  const nodeName = clusterName({ layout, inventory });
  if (nodeName === '') return undefined;
  const summary = nodeSummary(assessment);
  const generation = state.generations.active?.number;
  const objects = level === 'certificates' ? nodeCertificates({ assessment, inventory }, nodeName, generation) : [];
  const fingerprints = Object.fromEntries(
    assessment.rows.flatMap(({ id, role, fingerprint256 }) =>
      fingerprint256 === undefined || role === 'unknown' ? [] : [[id, fingerprint256]],
    ),
  );
  return {
    level,
    nodeName,
    summary,
    objects,
    reasons: assessment.health.reasons,
    fingerprints,
    renewal: state.renewal,
    digest: createHash('sha256')
      .update(JSON.stringify([level, nodeName, summary, objects]))
      .digest('hex'),
  };
}

/** The name that the cluster knows it by stands in its kubelet's certificate, whatever the host is called today. */
function clusterName({ layout, inventory }: Pick<Survey, 'layout' | 'inventory'>): string {
  const kubelet = inventory.items.find(
    (item): item is LeafItem => item.kind === 'leaf' && item.entry.id === layout.supervisor?.client,
  );
  const leaf = kubelet?.certificates.ok === true ? kubelet.certificates.value[0] : undefined;
  const named = leaf?.commonName ?? kubelet?.entry.identity.commonName ?? '';
  const name = named.startsWith('system:node:') ? named.slice('system:node:'.length) : layout.nodeName;
  // As a Node can be called: it goes into paths and selectors.
  return /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(name) ? name : '';
}
