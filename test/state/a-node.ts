import type { Assessment, CertificateRow } from '../../src/assess/assessment.ts';
import type { LeafEntry } from '../../src/layout/entry.ts';
import type { AuthorityItem, Inventory, LeafItem, ListenerItem } from '../../src/inventory/inventory.ts';
import type { Certificate } from '../../src/x509/certificate.ts';
import { noon } from './full-state.ts';

type Names = Pick<Certificate, 'commonName' | 'dnsNames' | 'ipAddresses'>;

/** The fields of a parsed certificate that the state looks at. */
export function seenCertificate(change: Partial<Certificate> = {}): Certificate {
  return {
    commonName: 'kube-apiserver',
    organizations: [],
    dnsNames: ['kubernetes', 'edge-1'],
    ipAddresses: ['127.0.0.1'],
    fingerprint256: 'c'.repeat(64),
    notBefore: Date.parse('2027-01-01T00:00:00Z'),
    notAfter: Date.parse('2028-01-01T00:00:00Z'),
    ...change,
  } as Certificate;
}

export function leaf(id: string, certificate: Certificate | undefined, table: Partial<Names> = {}): LeafItem {
  const identity = { commonName: 'from-table', organizations: [], dnsNames: [], ipAddresses: [], ...table };
  return {
    kind: 'leaf',
    entry: { kind: 'leaf', id, identity } as unknown as LeafEntry,
    certificates:
      certificate === undefined
        ? { ok: false, missing: true, problems: ['is not there'] }
        : { ok: true, value: [certificate] },
  } as unknown as LeafItem;
}

export function listener(id: string, certificate: Certificate, names: readonly string[]): ListenerItem {
  return {
    kind: 'listener',
    entry: { kind: 'listener', id, identity: { commonName: 'rke2', organizations: [], dnsNames: [], ipAddresses: [] } },
    document: { ok: true, value: { certificates: [certificate], names } },
  } as unknown as ListenerItem;
}

export function authority(id: string, certificate: Certificate | undefined): AuthorityItem {
  return {
    kind: 'authority',
    entry: { kind: 'authority', id },
    certificates:
      certificate === undefined
        ? { ok: false, missing: false, problems: ['is empty'] }
        : { ok: true, value: [certificate] },
  } as unknown as AuthorityItem;
}

export function row(id: string, change: Partial<CertificateRow> = {}): CertificateRow {
  return { id, path: `/${id}.crt`, role: 'leaf', status: 'OK', findings: [], usages: [], ...change } as CertificateRow;
}

export function seen(
  items: Inventory['items'],
  rows: readonly CertificateRow[],
  change: Partial<Assessment> = {},
): { inventory: Inventory; assessment: Assessment } {
  return {
    inventory: { items } as unknown as Inventory,
    assessment: {
      now: noon,
      clock: { believed: true, verdict: 'believed', evidence: [], bound: undefined },
      findings: [],
      rows,
      health: { level: 'ok', reasons: [] },
      ...change,
    },
  };
}
