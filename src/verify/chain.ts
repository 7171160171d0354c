import type { AuthorityItem } from '../inventory/inventory.ts';
import { authorityPath, maySign, verifies, type AuthorityPath } from '../issue/authority-path.ts';
import type { Candidate } from './candidate.ts';
import { instant, type Failure } from './verdict.ts';

export type AuthorityVerdict =
  { readonly ok: true; readonly path: AuthorityPath } | { readonly ok: false; readonly failure: Failure };

/**
 * Is the authority on disk good at `now`: readable, may sign, and with a way to a root of its file on which every link's
 * signature was checked and every certificate is valid. @param now milliseconds since the epoch
 */
export function checkAuthority(item: AuthorityItem, now: number): AuthorityVerdict {
  const { certificates } = item;
  if (!certificates.ok) {
    const code = certificates.missing ? 'AuthorityMissing' : 'AuthorityUnreadable';
    return authorityFailed(item, code, `its file ${certificates.problems.join(', ')}`);
  }
  const path = authorityPath(certificates.value, now);
  if (path === undefined) return authorityFailed(item, 'AuthorityUnreadable', 'its file holds no certificate');
  if (!path.certificates.every(maySign)) {
    return authorityFailed(item, 'AuthorityUnreadable', 'a certificate on its chain may not sign others');
  }
  if (now < path.notBefore) {
    return authorityFailed(item, 'AuthorityNotYetValid', `its chain is not valid before ${instant(path.notBefore)}`);
  }
  if (now > path.notAfter) {
    return authorityFailed(item, 'AuthorityExpired', `its chain expired at ${instant(path.notAfter)}`);
  }
  return { ok: true, path };
}

/**
 * Does the leaf hang from its authority on disk at `now`: issuer Name equal byte by byte, signature made with the
 * authority's key, within its dates, and the authority's certificates behind it in the file where the layout wants them
 * (RFC 5280 6.1, facts 1.1).
 * @param authority the authority's certificates, the issuer first
 */
export function checkChain(candidate: Candidate, authority: AuthorityPath, now: number): readonly Failure[] {
  const { entry, leaf } = candidate;
  const [issuer] = authority.certificates;
  const failures: Failure[] = [];
  const fail = (code: Failure['code'], message: string): void => {
    failures.push({ id: entry.id, path: entry.certificatePath, code, message });
  };
  if (issuer === undefined || !leaf.issuerDer.equals(issuer.subjectDer)) {
    fail('IssuerMismatch', `it was issued by CN=${leaf.issuerCommonName}, not by ${entry.issuer} on this node`);
  } else if (!verifies(leaf, issuer)) {
    fail('SignatureInvalid', `its signature was not made with the key of ${entry.issuer}`);
  }
  if (now < leaf.notBefore) fail('LeafNotYetValid', `it is not valid before ${instant(leaf.notBefore)}`);
  if (now > leaf.notAfter) fail('LeafExpired', `it expired at ${instant(leaf.notAfter)}`);
  if (!hasWholeChain(candidate)) {
    fail('ChainIncomplete', `its file does not carry every certificate of ${entry.issuer}`);
  }
  return failures;
}

function hasWholeChain({ entry, rest, authority }: Candidate): boolean {
  if (!entry.chainInFile || authority?.certificates.ok !== true) return true;
  const carried = new Set(rest.map((certificate) => certificate.fingerprint256));
  return authority.certificates.value.every((certificate) => carried.has(certificate.fingerprint256));
}

function authorityFailed(item: AuthorityItem, code: Failure['code'], message: string): AuthorityVerdict {
  return { ok: false, failure: { id: item.entry.id, path: item.entry.certificatePath, code, message } };
}
