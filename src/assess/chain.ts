import type { Certificate } from '../inventory/inventory.ts';

/** Bundles in the field hold one to four certificates; beyond this only a certificate's own end counts. */
const largestBundle = 32;

/**
 * The instant from which a certificate is worth nothing: the minimum of notAfter along its chain (design 6). Bundles of
 * rotated authorities hold several chains (cross-signed, old root); the one that lasts longest counts, since one good
 * chain is all a verifier needs. Chains are found by names and key identifiers; signatures are checked elsewhere.
 * @param bundle certificates that may be on the chain, in any order; may hold `certificate` itself
 * @returns milliseconds since the epoch
 */
export function effectiveEnd(certificate: Certificate, bundle: readonly Certificate[]): number {
  if (isSelfIssued(certificate) || bundle.length > largestBundle) return certificate.notAfter;
  const ends = new Map<Certificate, number>();
  for (const candidate of bundle) {
    // A chain ends at a self-issued certificate, or where the bundle has no issuer for it (a partial chain).
    if (isSelfIssued(candidate) || !bundle.some((issuer) => mayIssue(issuer, candidate))) {
      ends.set(candidate, candidate.notAfter);
    }
  }
  // Longest-lasting chain: relax until nothing gets better, which is at most once per certificate.
  let changed = true;
  while (changed) {
    changed = false;
    for (const candidate of bundle) {
      const end = endThrough(candidate, bundle, ends);
      if (end !== undefined && end > (ends.get(candidate) ?? -Infinity)) {
        ends.set(candidate, end);
        changed = true;
      }
    }
  }
  return endThrough(certificate, bundle, ends) ?? certificate.notAfter;
}

function endThrough(
  certificate: Certificate,
  bundle: readonly Certificate[],
  ends: ReadonlyMap<Certificate, number>,
): number | undefined {
  let best: number | undefined;
  for (const issuer of bundle) {
    const end = ends.get(issuer);
    if (end !== undefined && mayIssue(issuer, certificate) && (best === undefined || end > best)) best = end;
  }
  return best === undefined ? undefined : Math.min(certificate.notAfter, best);
}

function mayIssue(issuer: Certificate, certificate: Certificate): boolean {
  return (
    issuer !== certificate &&
    issuer.subjectDer.equals(certificate.issuerDer) &&
    (certificate.authorityKeyIdentifier === undefined ||
      issuer.subjectKeyIdentifier === undefined ||
      certificate.authorityKeyIdentifier === issuer.subjectKeyIdentifier)
  );
}

/** Issuer and subject are the same name, and no key identifier says otherwise. */
function isSelfIssued(certificate: Certificate): boolean {
  return (
    certificate.subjectDer.equals(certificate.issuerDer) &&
    (certificate.authorityKeyIdentifier === undefined ||
      certificate.authorityKeyIdentifier === certificate.subjectKeyIdentifier)
  );
}

/**
 * How a leaf stands to the authority that should have signed it.
 * `fits`: name, key identifier and signature are those of the authority's first certificate, which is all the product
 * compares (facts 2.1). `identifier-differs`: signed by it, but the AKI is not its SKI. `bundled`: signed by another
 * certificate of the authority's file (an older root), so it works but is due. `foreign`: another name or another key.
 * `signature-invalid`: it claims this very authority by name and key identifier, and the signature does not verify.
 */
export type IssuerRelation = 'fits' | 'identifier-differs' | 'bundled' | 'foreign' | 'signature-invalid';

/** @param authority certificates of the authority's file, the signer first; not empty */
export function issuerRelation(leaf: Certificate, authority: readonly Certificate[]): IssuerRelation {
  const [signer, ...others] = authority;
  if (signer === undefined) return 'foreign';
  const named = leaf.issuerDer.equals(signer.subjectDer);
  const sameIdentifier = (leaf.authorityKeyIdentifier ?? '') === (signer.subjectKeyIdentifier ?? '');
  if (named && isSignedBy(leaf, signer)) return sameIdentifier ? 'fits' : 'identifier-differs';
  const bundled = others
    .slice(0, largestBundle)
    .some((other) => leaf.issuerDer.equals(other.subjectDer) && isSignedBy(leaf, other));
  if (bundled) return 'bundled';
  return named && sameIdentifier ? 'signature-invalid' : 'foreign';
}

/** A command looks at the node several times; what one look has verified holds for the same two in the next. */
const verified = new WeakMap<Certificate, WeakMap<Certificate, boolean>>();

function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
  const known = verified.get(certificate) ?? new WeakMap<Certificate, boolean>();
  verified.set(certificate, known);
  const answer = known.get(issuer) ?? checkSignature(certificate, issuer);
  known.set(issuer, answer);
  return answer;
}

function checkSignature(certificate: Certificate, issuer: Certificate): boolean {
  try {
    return certificate.x509.verify(issuer.x509.publicKey);
  } catch {
    // A public key that OpenSSL cannot use (an unknown algorithm in a damaged certificate) has signed nothing.
    return false;
  }
}
