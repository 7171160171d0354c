import { dayMs } from '../time/units.ts';
import { instant } from '../time/rfc3339.ts';
import { hasSubject, isKeyOf, namesLacking, usageFault } from '../assess/leaf-checks.ts';
import type { Certificate } from '../x509/certificate.ts';
import type { Candidate } from './candidate.ts';
import type { Failure } from './verdict.ts';
import { issuerRelation, lacking, maySign } from '../assess/chain.ts';
import type { AuthorityItem } from '../inventory/inventory.ts';

/** When the product would put its own certificate in place at its start, because this one ends too soon (products 2.1). */
export interface ProductWindow {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly days: number;
}

/**
 * Would the product leave this pair alone (products 10): key fits, common name, organizations as a set, names at least
 * those asked for, end beyond the product's own window; and what the product does not check but its peers do: the usages.
 * That it compares key identifiers too is asked by `checkChain`.
 */
export function checkAcceptance(candidate: Candidate, signer: Certificate, window: ProductWindow): readonly Failure[] {
  const { entry, leaf, key } = candidate;
  const failures: Failure[] = [];
  const fail = (code: Failure['code'], message: string, path = entry.certificatePath): void => {
    failures.push({ id: entry.id, path, code, message });
  };
  if (!isKeyOf(leaf, key)) fail('KeyMismatch', 'its key does not match its certificate', entry.keyPath);
  const { commonName, organizations, dnsNames, ipAddresses } = entry.identity;
  if (!hasSubject(leaf, entry.identity)) {
    const is = `CN=${leaf.commonName}, O=${words(leaf.organizations)}`;
    fail('IdentityDrift', `it is for ${is}, not for CN=${commonName}, O=${words(organizations)}`);
  }
  const absent = namesLacking(leaf, [...dnsNames, ...ipAddresses]);
  if (absent.length > 0) fail('SanMissing', `it lacks the names ${words(absent)}`);
  const usage = usageFault(leaf, entry.extendedKeyUsages);
  if (usage !== undefined) fail('UsageMismatch', `it ${usage}`);
  if (endsTooSoon(candidate, signer, window)) {
    fail(
      'LeafRenewDue',
      `it expires at ${instant(leaf.notAfter)}, within the ${window.days} days in which the product renews`,
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

function words(list: readonly string[]): string {
  return list.length === 0 ? 'none' : list.join(', ');
}

export type AuthorityVerdict =
  { readonly ok: true; readonly signer: Certificate } | { readonly ok: false; readonly failure: Failure };

/**
 * Is the authority on disk good at `now`: readable, may sign, and valid. What stands above it in its file is not asked:
 * every peer has this very file and takes each of its certificates for an anchor. @param now milliseconds since the epoch
 */
export function checkAuthority(item: AuthorityItem, now: number): AuthorityVerdict {
  const { certificates } = item;
  if (!certificates.ok) {
    const code = certificates.missing ? 'AuthorityMissing' : 'AuthorityUnreadable';
    return authorityFailed(item, code, `its file ${certificates.problems.join(', ')}`);
  }
  const [signer] = certificates.value;
  if (signer === undefined) return authorityFailed(item, 'AuthorityUnreadable', 'its file holds no certificate');
  if (!maySign(signer))
    return authorityFailed(item, 'AuthorityUnreadable', 'its first certificate may not sign others');
  if (now < signer.notBefore)
    return authorityFailed(item, 'AuthorityNotYetValid', `it is not valid before ${instant(signer.notBefore)}`);
  if (now > signer.notAfter)
    return authorityFailed(item, 'AuthorityExpired', `it expired at ${instant(signer.notAfter)}`);
  return { ok: true, signer };
}

/**
 * Does the leaf hang from the first certificate of its authority on disk at `now`: issuer Name equal byte by byte,
 * signature made with its key, key identifiers as the product compares them, within its dates, and the authority's certificates behind it in the file where the layout wants them
 * (RFC 5280 6.1, products 1.1, 2.1).
 */
export function checkChain(candidate: Candidate, now: number): readonly Failure[] {
  const { entry, leaf, rest, authority } = candidate;
  const failures: Failure[] = [];
  const fail = (code: Failure['code'], message: string): void => {
    failures.push({ id: entry.id, path: entry.certificatePath, code, message });
  };
  const relation = issuerRelation(leaf, authority?.certificates.ok === true ? authority.certificates.value : [], rest);
  if (relation === 'foreign')
    fail('IssuerMismatch', `it was issued by CN=${leaf.issuerCommonName}, not by ${entry.issuer} on this node`);
  else if (relation === 'signature-invalid')
    fail('SignatureInvalid', `its signature was not made with the key of ${entry.issuer}`);
  else if (relation !== 'fits')
    fail('IssuerMismatch', `its authority key identifier is not the key identifier of ${entry.issuer}`);
  if (now < leaf.notBefore) fail('LeafNotYetValid', `it is not valid before ${instant(leaf.notBefore)}`);
  if (now > leaf.notAfter) fail('LeafExpired', `it expired at ${instant(leaf.notAfter)}`);
  if (!hasWholeChain(candidate, now))
    fail('ChainIncomplete', `its file does not include every certificate of ${entry.issuer}`);
  return failures;
}

function hasWholeChain({ entry, rest, authority }: Candidate, now: number): boolean {
  if (!entry.chainInFile || authority?.certificates.ok !== true) return true;
  return lacking(authority.certificates.value, rest, now).length === 0;
}

function authorityFailed(item: AuthorityItem, code: Failure['code'], message: string): AuthorityVerdict {
  return { ok: false, failure: { id: item.entry.id, path: item.entry.certificatePath, code, message } };
}
