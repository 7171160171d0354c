import type { RememberedIdentity } from '../assess/assessment.ts';
import { nameFault, ipOctets } from '../x509/general-name.ts';
import type { LeafItem } from '../inventory/inventory.ts';
import type { Identity } from '../layout/entry.ts';

/**
 * The identity of a new leaf: common name and organizations from the table, names from the table, from the certificate
 * that is there if it belongs to this entry, and from what was last recorded. Names are never lost (architecture, Identity); the
 * product accepts more names than it asks for (products 2.1). Table order first, so that re-issuing is stable.
 */
export function identityOf(item: LeafItem, remembered: RememberedIdentity | undefined): Identity {
  const wanted = item.entry.identity;
  const existing = item.certificates.ok ? item.certificates.value[0] : undefined;
  const earlier = [existing?.commonName === wanted.commonName ? existing : undefined, remembered].filter(
    (source) => source !== undefined,
  );
  const earlierNames = earlier.flatMap((source) => source.dnsNames);
  const earlierAddresses = earlier
    .flatMap((source) => source.ipAddresses)
    .filter((text) => ipOctets(text) !== undefined);
  return {
    commonName: wanted.commonName,
    organizations: wanted.organizations,
    // A name that no certificate can hold is a finding (SanUnusable), and no reason to issue nothing at all.
    dnsNames: [...new Set([...wanted.dnsNames, ...earlierNames])].filter((name) => nameFault(name) === undefined),
    ipAddresses: distinctAddresses([...wanted.ipAddresses, ...earlierAddresses]),
  };
}

function distinctAddresses(texts: readonly string[]): string[] {
  const byOctets = new Map<string, string>();
  for (const text of texts) {
    const octets = ipOctets(text)?.toString('hex') ?? text;
    if (!byOctets.has(octets)) byOctets.set(octets, text);
  }
  return [...byOctets.values()];
}
