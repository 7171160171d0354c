import { dayMs } from '../time/units.ts';
import { instant } from '../time/rfc3339.ts';
import { nameFault } from '../x509/name-fault.ts';
import type { Certificate } from '../x509/certificate.ts';
import { ipOctets } from '../x509/ip-address.ts';
import type { Candidate } from './candidate.ts';
import type { Failure } from './verdict.ts';

/** When the product would put its own certificate in place at its start, because this one ends too soon (products 2.1). */
export interface ProductWindow {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly days: number;
}

/**
 * Would the product leave this pair alone (products 10): key fits, common name, organizations as a set, names at least
 * those asked for, authority key identifier equal to the authority's subject key identifier, end beyond the product's
 * own window; and what the product does not check but its peers do: the usages.
 */
export function checkAcceptance(candidate: Candidate, signer: Certificate, window: ProductWindow): readonly Failure[] {
  const { entry, leaf, key } = candidate;
  const failures: Failure[] = [];
  const fail = (code: Failure['code'], message: string, path = entry.certificatePath): void => {
    failures.push({ id: entry.id, path, code, message });
  };
  if (!key.spkiDer.equals(leaf.spkiDer))
    fail('KeyMismatch', 'its key does not belong to its certificate', entry.keyPath);
  const { commonName, organizations } = entry.identity;
  if (leaf.commonName !== commonName) fail('IdentityDrift', `its CN is ${leaf.commonName}, not ${commonName}`);
  if (!sameSet(leaf.organizations, organizations))
    fail('IdentityDrift', `its O is ${words(leaf.organizations)}, not ${words(organizations)}`);
  const absent = absentNames(candidate);
  if (absent.length > 0) fail('SanMissing', `it lacks the names ${words(absent)}`);
  const usages = entry.extendedKeyUsages.filter((usage) => leaf.extendedKeyUsages?.includes(usage) !== true);
  if (usages.length > 0) fail('UsageMismatch', `it lacks the extended key usages ${words(usages)}`);
  if (leaf.keyUsages?.includes('digitalSignature') === false)
    fail('UsageMismatch', 'it lacks the key usage digitalSignature');
  if (leaf.authorityKeyIdentifier !== signer.subjectKeyIdentifier)
    fail('IssuerMismatch', `its authority key identifier is not the key identifier of ${entry.issuer}`);
  if (endsTooSoon(candidate, signer, window)) {
    fail(
      'LeafRenewDue',
      `it ends at ${instant(leaf.notAfter)}, within the ${window.days} days in which the product renews`,
    );
  }
  return failures;
}

/**
 * A certificate that stays as it is makes nothing worse, and one that ends with its authority cannot be any better:
 * the product would renew it at its start, and its own would not be worth more. One that has ended is not due but over.
 */
function endsTooSoon({ leaf, isNew }: Candidate, signer: Certificate, { now, days }: ProductWindow): boolean {
  const isDue = leaf.notAfter >= now && leaf.notAfter <= now + days * dayMs;
  return isNew && isDue && leaf.notAfter < signer.notAfter;
}

function absentNames({ entry, leaf }: Candidate): string[] {
  const names = new Set(leaf.dnsNames);
  const addresses = new Set(leaf.ipAddresses.map(addressKey));
  return [
    ...entry.identity.dnsNames.filter((name) => !names.has(name) && nameFault(name) === undefined),
    ...entry.identity.ipAddresses.filter((address) => !addresses.has(addressKey(address))),
  ];
}

function addressKey(text: string): string {
  return ipOctets(text)?.toString('hex') ?? text;
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  const [a, b] = [new Set(left), new Set(right)];
  return a.size === b.size && [...a].every((one) => b.has(one));
}

function words(list: readonly string[]): string {
  return list.length === 0 ? 'none' : list.join(', ');
}
