import { instant } from '../time/rfc3339.ts';
import { issuerRelation, lacking, maySign } from '../assess/chain.ts';
import type { AuthorityItem } from '../inventory/inventory.ts';
import type { Certificate } from '../x509/certificate.ts';
import type { Candidate } from './candidate.ts';
import type { Failure } from './verdict.ts';

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
