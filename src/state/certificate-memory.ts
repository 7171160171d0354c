import type { Assessment, CertificateRow } from '../assess/assessment.ts';
import type { Inventory, LeafItem, ListenerItem } from '../inventory/inventory.ts';
import type { Certificate } from '../x509/certificate.ts';
import { reasons } from '../reason.ts';
import { bounds, type State, type StateAuthority, type StateCertificate } from './state.ts';
import { rfc3339 } from '../time/rfc3339.ts';

/**
 * What is remembered of each leaf and listener after an assessment. Names are never lost (architecture, Identity): those on disk now
 * come first, then those remembered from before, up to a bound. Entries that the layout no longer has stay remembered.
 */
export function certificatesAfter(
  before: State['certificates'],
  inventory: Inventory,
  assessment: Assessment,
): State['certificates'] {
  const rows = new Map(assessment.rows.map((row) => [row.id, row]));
  const after = new Map(Object.entries(before));
  for (const item of inventory.items) {
    if (item.kind !== 'leaf' && item.kind !== 'listener') continue;
    const row = rows.get(item.entry.id);
    const known = after.get(item.entry.id);
    // An optional entry that was never there is nothing to remember.
    if (row === undefined && known === undefined) continue;
    after.set(item.entry.id, certificateAfter(known, item, row));
  }
  return Object.fromEntries(after);
}

function certificateAfter(
  known: StateCertificate | undefined,
  item: LeafItem | ListenerItem,
  row: CertificateRow | undefined,
): StateCertificate {
  const present = leafOf(item);
  // One that does not belong where it lies says nothing about the entry by its names.
  const trusted = present !== undefined && row?.findings.every((code) => reasons[code].names === 'own') === true;
  const identity = trusted ? learnt(known, present, item) : (known ?? item.entry.identity);
  return {
    commonName: identity.commonName,
    organizations: identity.organizations,
    dnsNames: identity.dnsNames,
    ipAddresses: identity.ipAddresses,
    fingerprint256: present?.fingerprint256 ?? null,
    notBefore: present === undefined ? null : rfc3339(present.notBefore),
    // The one notion of an end: what a person reads in status is what check says.
    notAfter: present === undefined ? null : rfc3339(row?.effectiveNotAfter ?? present.notAfter),
    status: row?.status ?? 'MISSING',
    reasons: row?.findings ?? [],
  };
}

function leafOf(item: LeafItem | ListenerItem): Certificate | undefined {
  if (item.kind === 'leaf') return item.certificates.ok ? item.certificates.value[0] : undefined;
  return item.document.ok ? item.document.value.certificates[0] : undefined;
}

function learnt(known: StateCertificate | undefined, present: Certificate, item: LeafItem | ListenerItem) {
  // The listener's annotations are the product's own truth about its names (products 5); they mix names and addresses.
  const annotated = item.kind === 'listener' && item.document.ok ? item.document.value.names : [];
  const isAddress = (name: string) => name.includes(':') || /^\d{1,3}(\.\d{1,3}){3}$/.test(name);
  const ipAddresses = [...present.ipAddresses, ...annotated.filter(isAddress), ...(known?.ipAddresses ?? [])];
  const dnsNames = [...present.dnsNames, ...annotated.filter((name) => !isAddress(name)), ...(known?.dnsNames ?? [])];
  return {
    commonName: present.commonName,
    organizations: present.organizations,
    ...withinBound(ipAddresses, dnsNames),
  };
}

/** Each name once, in order, until the bound is reached; addresses first because there are few of them. */
function withinBound(ipAddresses: readonly string[], dnsNames: readonly string[]) {
  let left: number = bounds.names;
  const take = (names: readonly string[]) =>
    [...new Set(names)].filter((name) => {
      left -= name.length + 1;
      return left >= 0;
    });
  return { ipAddresses: take(ipAddresses), dnsNames: take(dnsNames) };
}

/** What is remembered of each authority: its first certificate is the one that signs (products 1.1). */
export function authoritiesAfter(before: State['authorities'], inventory: Inventory): State['authorities'] {
  const after = new Map<string, StateAuthority>(Object.entries(before));
  for (const item of inventory.items) {
    if (item.kind !== 'authority') continue;
    const { id } = item.entry;
    const signer = item.certificates.ok ? item.certificates.value[0] : undefined;
    if (signer !== undefined) {
      const { commonName, fingerprint256, notAfter } = signer;
      after.set(id, { commonName, fingerprint256, notAfter: rfc3339(notAfter) });
    } else {
      const known = after.get(id);
      if (known !== undefined) after.set(id, { ...known, fingerprint256: null, notAfter: null });
    }
  }
  return Object.fromEntries(after);
}
