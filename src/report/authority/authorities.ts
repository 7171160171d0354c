import type { HealthLevel } from '../../assess/assessment.ts';
import type { AuthorityKey, AuthorityOverview, AuthorityView, Rotation } from '../../assess/authority/authorities.ts';
import type { AuthorityShape } from '../../assess/authority/authority-shape.ts';
import { nextActs, type NextAct } from './rotation.ts';
import { isRotationOpen, type StateAuthorityRotation } from '../../state/state.ts';
import type { Datastore } from '../../layout/datastore.ts';
import type { Layout } from '../../layout/layout.ts';
import type { SaidReason } from '../../reason.ts';
import { rfc3339 } from '../../time/rfc3339.ts';
import type { Certificate } from '../../x509/certificate.ts';
import { apiVersion, documented, type DocumentHeader } from '../document.ts';

/** The authorities of a node, and what replacing them would mean, for `ca status`. Null where it is not known. */
export interface AuthorityReport extends DocumentHeader<'AuthorityReport'> {
  readonly at: string;
  readonly root: string;
  readonly layout: string;
  readonly nodeName: string;
  readonly role: 'server' | 'agent';
  /** `unknown` where there is no authority. */
  readonly level: HealthLevel | 'unknown';
  readonly reasons: readonly SaidReason<string | null>[];
  readonly authorities: readonly ReportedAuthority[];
  /** The earliest effective end, and two years before it. */
  readonly firstEnd: string | null;
  readonly beginAt: string | null;
  readonly datastore: { readonly kind: Datastore['kind']; readonly evidence: string | null };
  /** What a rotation would be to the other nodes; null where the authority that they pin cannot be read. */
  readonly rotation: Rotation | null;
  readonly token: ReportedToken | null;
  /** The rotation that is not finished, and what a person does next. */
  readonly underWay: {
    readonly startedAt: string;
    readonly step: StateAuthorityRotation['step'];
    readonly reachedAt: string;
    readonly next: readonly NextAct[];
  } | null;
}

export interface ReportedAuthority {
  readonly id: string;
  readonly path: string;
  readonly state: AuthorityView['state'];
  readonly subject: string | null;
  readonly fingerprint256: string | null;
  /** Its own end. */
  readonly notAfter: string | null;
  /** What its leaves can live to, over every path in its file. */
  readonly effectiveNotAfter: string | null;
  /** Seconds until the effective end; negative when past. */
  readonly residualSeconds: number | null;
  readonly shape: AuthorityShape | null;
  /** How many its file holds. */
  readonly certificates: number;
  /** The self-signed ones of the file. */
  readonly roots: readonly ReportedRoot[];
  readonly key: {
    readonly state: AuthorityKey['state'];
    readonly path: string | null;
    readonly algorithm: string | null;
  };
  /** What a rotation has to make anew. */
  readonly renewal: 'intermediate' | 'root' | null;
  readonly usedBy: readonly string[];
  /** Entry ids. */
  readonly signs: readonly string[];
}

export interface ReportedRoot {
  readonly subject: string;
  readonly fingerprint256: string;
  readonly notAfter: string;
  /** The authority's first certificate leads to it. */
  readonly inUse: boolean;
  /** Its key is on this node; null of a root that is not in use. */
  readonly keyHere: boolean | null;
}

/** What a token pins (products 6.3), and whether the server's own does. Never the password. */
export interface ReportedToken {
  readonly caHash: string;
  readonly over: 'file' | 'root';
  readonly path: string | null;
  /** `bare`: without a hash, so it pins nothing. `elsewhere`: agents have no such file. */
  readonly state: 'agrees' | 'differs' | 'bare' | 'missing' | 'elsewhere';
}

export interface AuthorityReportInput {
  readonly overview: AuthorityOverview;
  readonly layout: Layout;
  readonly root: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly datastore: Datastore;
  readonly tokenPath: string;
  /** The hash in it, `none` when it has none; undefined when there is no token that can be read. */
  readonly pinnedHash: string | undefined;
  /** The last rotation, as it is remembered. */
  readonly remembered: StateAuthorityRotation | null;
  readonly agentUnit: string;
}

export function authorityReport(input: AuthorityReportInput): AuthorityReport {
  const { overview, layout, root, now, datastore } = input;
  return {
    apiVersion,
    kind: 'AuthorityReport',
    at: rfc3339(now),
    root,
    layout: layout.name,
    nodeName: layout.nodeName,
    role: layout.role,
    level: overview.level ?? 'unknown',
    reasons: documented(overview.reasons),
    authorities: overview.authorities.map((view) => reported(view, now)),
    firstEnd: timeOf(overview.firstEnd),
    beginAt: timeOf(overview.beginAt),
    datastore: { kind: datastore.kind, evidence: datastore.evidence ?? null },
    rotation: overview.rotation ?? null,
    token: tokenOf(input),
    underWay: underWayOf(input),
  };
}

function underWayOf({ remembered: rotation, layout, agentUnit }: AuthorityReportInput): AuthorityReport['underWay'] {
  if (!isRotationOpen(rotation)) return null;
  const { startedAt, step, at: reachedAt } = rotation;
  return { startedAt, step, reachedAt, next: nextActs({ layout, agentUnit, rotation, tokens: [] }) };
}

function reported(view: AuthorityView, now: number): ReportedAuthority {
  const { entry, state, signer, structure, key } = view;
  const end = structure?.effectiveEnd;
  return {
    id: entry.id,
    path: entry.certificatePath,
    state,
    subject: signer?.commonName ?? null,
    fingerprint256: signer?.fingerprint256 ?? null,
    notAfter: timeOf(signer?.notAfter),
    effectiveNotAfter: timeOf(end),
    residualSeconds: end === undefined ? null : Math.floor((end - now) / 1000),
    shape: structure?.shape ?? null,
    certificates: view.certificates.length,
    roots: (structure?.roots ?? []).map((root) => rootOf(root, view)),
    key: { state: key.state, path: entry.keyPath ?? null, algorithm: key.algorithm ?? null },
    renewal: view.renewal ?? null,
    usedBy: view.usedBy,
    signs: view.signs,
  };
}

function rootOf(root: Certificate, { structure, isRootKeyHere }: AuthorityView): ReportedRoot {
  const { commonName: subject, fingerprint256, notAfter } = root;
  const inUse = fingerprint256 === structure?.root?.fingerprint256;
  return { subject, fingerprint256, notAfter: rfc3339(notAfter), inUse, keyHere: inUse ? isRootKeyHere : null };
}

function tokenOf({ overview, layout, tokenPath, pinnedHash }: AuthorityReportInput): ReportedToken | null {
  const { pinned } = overview;
  if (pinned === undefined) return null;
  const caHash = pinned.hash;
  const over = pinned.root === undefined ? 'file' : 'root';
  if (layout.role === 'agent') return { caHash, over, path: null, state: 'elsewhere' };
  return { caHash, over, path: tokenPath, state: agreement(caHash, pinnedHash) };
}

function agreement(caHash: string, pinnedHash: string | undefined): ReportedToken['state'] {
  if (pinnedHash === undefined) return 'missing';
  if (pinnedHash === 'none') return 'bare';
  return pinnedHash === caHash ? 'agrees' : 'differs';
}

function timeOf(instant: number | undefined): string | null {
  return instant === undefined ? null : rfc3339(instant);
}
