import type { RememberedIdentity } from '../assess/assessment.ts';
import { nameFault, ipOctets } from '../x509/general-name.ts';
import type { LeafItem } from '../inventory/inventory.ts';
import type { Identity } from '../layout/entry.ts';
import { CertmendError, exitStatus } from '../error.ts';
import * as der from '../x509/write-der.ts';

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

const commonName = der.objectIdentifier('2.5.4.3');
const organizationName = der.objectIdentifier('2.5.4.10');

/**
 * The subject Name as Go's crypto/x509/pkix writes it, hence as the product does: all organizations in one
 * RelativeDistinguishedName, then the common name.
 */
export function subjectName(identity: Pick<Identity, 'commonName' | 'organizations'>): Buffer {
  const attribute = (type: Buffer, value: string): Buffer => der.sequence(type, der.directoryString(value));
  const organizations = identity.organizations.map((name) => attribute(organizationName, name));
  return der.sequence(
    ...(organizations.length === 0 ? [] : [der.setOf(organizations)]),
    der.setOf([attribute(commonName, identity.commonName)]),
  );
}

/**
 * GeneralNames of a subjectAltName (RFC 5280 4.2.1.6): dNSName is IA5String, iPAddress is octets.
 * @returns undefined when there is no name: the extension is then left out
 * @throws CertmendError SanMissing when a name cannot stand in a certificate
 */
export function alternativeNames(identity: Pick<Identity, 'dnsNames' | 'ipAddresses'>): Buffer | undefined {
  const names = [
    ...identity.dnsNames.map((name) => {
      if (nameFault(name) !== undefined) throw unwritable(name);
      return der.implicit(2, Buffer.from(name, 'latin1'));
    }),
    ...identity.ipAddresses.map((address) => {
      const octets = ipOctets(address);
      if (octets === undefined) throw unwritable(address);
      return der.implicit(7, octets);
    }),
  ];
  return names.length === 0 ? undefined : der.sequence(...names);
}

function unwritable(name: string): CertmendError {
  return new CertmendError(
    'SanMissing',
    `the name ${JSON.stringify(name)} is not allowed in a certificate (RFC 5280)`,
    {
      hint: 'write it in its ASCII form (xn--…) in the configuration of the product, for example under tls-san',
      exit: exitStatus.refused,
    },
  );
}
