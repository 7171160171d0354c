import type { Assessment, CertificateRow, Finding } from '../assess/assessment.ts';
import type { Inventory, Item } from '../inventory/inventory.ts';
import { reasons, type ReasonCode } from '../reason.ts';
import { rfc3339 } from '../time/rfc3339.ts';
import type { Certificate } from '../x509/certificate.ts';
import { objectName } from './names.ts';

/** One certificate of the node as the cluster shows it, without what changes by itself (`observedAt`, transition times). */
export interface NodeCertificate {
  readonly name: string;
  readonly spec: {
    readonly nodeName: string;
    readonly entry: string;
    readonly path: string;
    readonly role: CertificateRow['role'];
  };
  readonly status: NodeCertificateStatus;
}

/** What is not known is left out: an apply then takes it away. Never a key, never a PEM. */
export interface NodeCertificateStatus {
  readonly status: CertificateRow['status'];
  /** The worst finding; empty when there is none. */
  readonly reason: ReasonCode | '';
  readonly findings: readonly ReasonCode[];
  readonly subject?: string;
  readonly issuer?: string;
  readonly serial?: string;
  readonly fingerprint256?: string;
  readonly notBefore?: string;
  readonly notAfter?: string;
  /** Its own end, or that of its authority when that comes first. */
  readonly expires?: string;
  readonly usages: readonly string[];
  readonly names: readonly string[];
  readonly servedFingerprint256?: string;
  /** Number of the set that is live; of leaves alone. */
  readonly generation?: number;
  readonly conditions: readonly ObjectCondition[];
}

export interface ObjectCondition {
  readonly type: 'Ready' | 'RenewalDue' | 'InUse';
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** A certificate with more names than this shows the first of them. */
const mostNames = 100;

/**
 * The certificates of a node's table, in its order: leaves, authorities, the listener, and kubeconfigs that hold one. What
 * no table knows is not here: there is no end to it.
 *
 * @param nodeName as the cluster knows it
 * @param generation the set that is live; undefined when there is none
 */
export function nodeCertificates(
  { assessment, inventory }: { readonly assessment: Assessment; readonly inventory: Inventory },
  nodeName: string,
  generation: number | undefined,
): readonly NodeCertificate[] {
  const certificates = new Map(inventory.items.map((item) => [item.entry.id, certificateOf(item)] as const));
  return assessment.rows.filter(isCertificate).map((row) => ({
    name: objectName(nodeName, row.id),
    spec: { nodeName, entry: row.id, path: row.path, role: row.role },
    status: statusOf(
      row,
      certificates.get(row.id),
      assessment.findings.filter(({ id }) => id === row.id),
      row.role === 'leaf' ? generation : undefined,
    ),
  }));
}

function isCertificate({ role, fingerprint256 }: CertificateRow): boolean {
  switch (role) {
    case 'leaf':
    case 'authority':
    case 'listener':
      return true;
    case 'kubeconfig':
      return fingerprint256 !== undefined;
    case 'key':
    case 'document':
    case 'unknown':
      return false;
  }
}

function certificateOf(item: Item): Certificate | undefined {
  switch (item.kind) {
    case 'leaf':
    case 'authority':
      return item.certificates.ok ? item.certificates.value[0] : undefined;
    case 'listener':
      return item.document.ok ? item.document.value.certificates[0] : undefined;
    case 'kubeconfig':
    case 'key':
    case 'document':
      return undefined;
  }
}

function statusOf(
  row: CertificateRow,
  certificate: Certificate | undefined,
  findings: readonly Finding[],
  generation: number | undefined,
): NodeCertificateStatus {
  const ends = row.effectiveNotAfter ?? row.notAfter;
  const worst = worstOf(findings);
  return {
    status: row.status,
    reason: worst?.code ?? '',
    findings: [...new Set(row.findings)],
    ...(row.subject === undefined ? {} : { subject: row.subject }),
    ...(row.issuer === undefined ? {} : { issuer: row.issuer }),
    ...(certificate === undefined ? {} : { serial: certificate.serialHex }),
    ...(row.fingerprint256 === undefined ? {} : { fingerprint256: row.fingerprint256 }),
    ...(row.notBefore === undefined ? {} : { notBefore: rfc3339(row.notBefore) }),
    ...(row.notAfter === undefined ? {} : { notAfter: rfc3339(row.notAfter) }),
    ...(ends === undefined ? {} : { expires: rfc3339(ends) }),
    usages: row.usages,
    names: [...(certificate?.dnsNames ?? []), ...(certificate?.ipAddresses ?? [])].slice(0, mostNames),
    ...(row.served === undefined ? {} : { servedFingerprint256: row.served.fingerprint256 }),
    ...(generation === undefined ? {} : { generation }),
    conditions: [ready(row, worst), renewalDue(ends, findings), inUse(row)],
  };
}

const rank = { critical: 0, warning: 1, note: 2 } as const;

function worstOf(findings: readonly Finding[]): Finding | undefined {
  return findings.toSorted((left, right) => rank[left.severity] - rank[right.severity])[0];
}

/** No message counts days: an object is written when something has changed, not at each midnight. */
function ready({ status }: CertificateRow, worst: Finding | undefined): ObjectCondition {
  const isUsable = status === 'OK' || status === 'WARNING';
  if (isUsable) return { type: 'Ready', status: 'True', reason: 'Valid', message: '' };
  const message = worst !== undefined && !isOfTime(worst.code) ? bounded(worst.message) : status.toLowerCase();
  return { type: 'Ready', status: 'False', reason: worst?.code ?? 'NotReady', message };
}

function renewalDue(ends: number | undefined, findings: readonly Finding[]): ObjectCondition {
  const message = ends === undefined ? '' : `expires at ${rfc3339(ends)}`;
  const due = findings.find(({ code, severity }) => severity !== 'note' && isOfTime(code));
  if (due !== undefined) return { type: 'RenewalDue', status: 'True', reason: due.code, message };
  return { type: 'RenewalDue', status: 'False', reason: 'NotDue', message };
}

function inUse({ served }: CertificateRow): ObjectCondition {
  if (served === undefined)
    return { type: 'InUse', status: 'Unknown', reason: 'NotServed', message: 'nothing answers on a port of its own' };
  return served.current
    ? { type: 'InUse', status: 'True', reason: 'Served', message: '' }
    : { type: 'InUse', status: 'False', reason: 'ServedStale', message: 'the port serves another certificate' };
}

function isOfTime(code: ReasonCode): boolean {
  return ['over', 'ending', 'early'].includes(reasons[code].nature);
}

/** The API server takes 32,768 characters; a person reads the first lines. */
function bounded(message: string): string {
  return message.length <= 500 ? message : `${message.slice(0, 499)}…`;
}
