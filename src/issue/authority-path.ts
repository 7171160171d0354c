import type { Certificate } from '../inventory/inventory.ts';

/**
 * A way from an authority's first certificate to a trust anchor, through the certificates of its own file. Times in
 * milliseconds since the epoch: the window in which every certificate on the way is valid.
 */
export interface AuthorityPath {
  readonly certificates: readonly Certificate[];
  /** True when the last one is self-issued: a root. */
  readonly complete: boolean;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Signatures tried for one file. A bundle of four certificates needs five; a hostile one shall not cost more than this. */
const maxSignatures = 64;

/**
 * The best way for an authority at an instant: valid now before not valid, up to a root before broken off, then the one
 * that lasts longest. A bundle may hold several (intermediate, new root, the new root signed by the old one, the old
 * root: facts 4.4); the node trusts the whole file, so one good way is enough, and an old root that expired does no harm.
 * @param certificates of the authority's file, the issuer first; every link's signature is checked
 * @param now milliseconds since the epoch
 * @returns undefined when there is no certificate
 */
export function authorityPath(certificates: readonly Certificate[], now: number): AuthorityPath | undefined {
  const [first] = certificates;
  if (first === undefined) return undefined;
  let best: AuthorityPath | undefined;
  let signatures = maxSignatures;

  function walk(way: readonly Certificate[], last: Certificate): void {
    let broken = true;
    if (!last.subjectDer.equals(last.issuerDer)) {
      for (const candidate of certificates) {
        if (way.includes(candidate) || !mayHaveIssued(candidate, last)) continue;
        if (signatures <= 0) break;
        signatures -= 1;
        if (!verifies(last, candidate)) continue;
        broken = false;
        walk([...way, candidate], candidate);
      }
    }
    if (broken) best = better(best, pathOf(way), now);
  }

  walk([first], first);
  return best;
}

/** True when the certificate says it may sign certificates (RFC 5280 4.2.1.3, 4.2.1.9). */
export function maySign(certificate: Certificate): boolean {
  return (
    certificate.isAuthority && (certificate.keyUsages === undefined || certificate.keyUsages.includes('keyCertSign'))
  );
}

/** Names byte by byte and key identifiers where both are given, before the signature is worth a try. */
function mayHaveIssued(issuer: Certificate, subject: Certificate): boolean {
  return (
    subject.issuerDer.equals(issuer.subjectDer) &&
    (subject.authorityKeyIdentifier === undefined ||
      issuer.subjectKeyIdentifier === undefined ||
      subject.authorityKeyIdentifier === issuer.subjectKeyIdentifier) &&
    maySign(issuer)
  );
}

/** True when the subject's signature was made with the issuer's key. */
export function verifies(subject: Certificate, issuer: Certificate): boolean {
  try {
    return subject.x509.verify(issuer.x509.publicKey);
  } catch {
    // A public key of a kind that OpenSSL does not know.
    return false;
  }
}

function pathOf(certificates: readonly Certificate[]): AuthorityPath {
  const last = certificates.at(-1);
  return {
    certificates,
    complete: last?.subjectDer.equals(last.issuerDer) ?? false,
    notBefore: Math.max(...certificates.map((certificate) => certificate.notBefore)),
    notAfter: Math.min(...certificates.map((certificate) => certificate.notAfter)),
  };
}

function better(known: AuthorityPath | undefined, found: AuthorityPath, now: number): AuthorityPath {
  if (known === undefined) return found;
  const validity = Number(isValidAt(found, now)) - Number(isValidAt(known, now));
  if (validity !== 0) return validity > 0 ? found : known;
  if (found.complete !== known.complete) return found.complete ? found : known;
  return found.notAfter > known.notAfter ? found : known;
}

function isValidAt(path: AuthorityPath, now: number): boolean {
  return path.notBefore <= now && now <= path.notAfter;
}
