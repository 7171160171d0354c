import type { Certificate } from '../x509/certificate.ts';

/*
 * Trust as the peers judge it. They are Go programs, and crypto/x509 takes every certificate of the file that it was
 * given for a trust anchor, whoever signed that: what stands above an anchor, is missing there or has ended there, is
 * never looked at, nor is a path length in it. OpenSSL does the same when it is told to (X509_V_FLAG_PARTIAL_CHAIN).
 */

/** Bundles in the field hold one to four certificates; what is beyond this is not searched. */
const largestBundle = 32;

/** The window in which every certificate of a chain is valid, ms since the epoch. */
export interface Life {
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * The best life that a certificate has under trust anchors: the chain that is valid now before one that is not, then
 * the one that lasts longest, since one good chain is all a verifier needs. Names byte by byte, signatures checked.
 * @param anchors certificates of the authority's file
 * @param carried what follows the leaf in its own file: may stand between the leaf and an anchor
 * @param now milliseconds since the epoch
 * @returns undefined when no chain leads to an anchor
 */
export function lifeUnder(
  certificate: Certificate,
  anchors: readonly Certificate[],
  carried: readonly Certificate[],
  now: number,
): Life | undefined {
  const trusted = anchors.slice(0, largestBundle);
  const between = carried
    .slice(0, largestBundle)
    .filter(({ fingerprint256 }) => !trusted.some((anchor) => anchor.fingerprint256 === fingerprint256));
  return walk(certificate, [], { trusted, between, now });
}

interface Search {
  readonly trusted: readonly Certificate[];
  readonly between: readonly Certificate[];
  readonly now: number;
}

function walk(certificate: Certificate, way: readonly Certificate[], search: Search): Life | undefined {
  let best: Life | undefined;
  const take = (life: Life | undefined): void => {
    if (life === undefined) return;
    const found = {
      notBefore: Math.max(certificate.notBefore, life.notBefore),
      notAfter: Math.min(certificate.notAfter, life.notAfter),
    };
    if (best === undefined || isBetter(found, best, search.now)) best = found;
  };
  for (const anchor of search.trusted) if (isIssuedBy(certificate, anchor)) take(anchor);
  // Three between the leaf and an anchor are more than anybody has; a file of cross-signed ones shall not cost more.
  if (way.length >= 3) return best;
  for (const issuer of search.between)
    if (!way.includes(issuer) && isIssuedBy(certificate, issuer)) take(walk(issuer, [...way, issuer], search));
  return best;
}

function isBetter(found: Life, known: Life, now: number): boolean {
  const isValid = ({ notBefore, notAfter }: Life): boolean => notBefore <= now && now <= notAfter;
  return isValid(found) === isValid(known) ? found.notAfter > known.notAfter : isValid(found);
}

/**
 * The instant from which a leaf is worth nothing to its peers: the one notion of its end, for check, plan, standby and
 * status alike. Of a leaf that no anchor signed it is its own: that it hangs in the air is another finding.
 * @returns milliseconds since the epoch
 */
export function effectiveEnd(
  leaf: Certificate,
  anchors: readonly Certificate[],
  carried: readonly Certificate[],
  now: number,
): number {
  return lifeUnder(leaf, anchors, carried, now)?.notAfter ?? leaf.notAfter;
}

/**
 * The certificate above the signer in the authority's own file that has ended, where no other way leads from the signer
 * to a root of the file. It harms no peer; what resolves the whole chain (the hash in the token) does not get through.
 * By names and key identifiers: it is told, nothing is decided by it.
 * @param authority certificates of the authority's file, the signer first
 * @param now milliseconds since the epoch
 */
export function endedAbove(authority: readonly Certificate[], now: number): Certificate | undefined {
  const [signer, ...others] = authority.slice(0, largestBundle);
  if (signer === undefined || isSelfIssued(signer)) return undefined;
  let ended: Certificate | undefined;
  const seen = new Set<Certificate>();
  const reachesRoot = (certificate: Certificate): boolean => {
    const issuers = others.filter((candidate) => mayIssue(candidate, certificate));
    // Where the file ends the chain ends: what is not there cannot have ended.
    if (issuers.length === 0) return true;
    return issuers.some((issuer) => {
      if (seen.has(issuer)) return false;
      seen.add(issuer);
      if (issuer.notAfter < now) {
        ended ??= issuer;
        return false;
      }
      return isSelfIssued(issuer) || reachesRoot(issuer);
    });
  };
  return reachesRoot(signer) ? undefined : ended;
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
 * The certificates of an authority's file that a leaf's file lacks. One of the same name, key and issuer stands for
 * another: an authority that was renewed with its old key is the same link of the same chain. A root may even have
 * ended there, since a peer has its roots from its own file; a link below a root may not.
 * @param carried what follows the leaf in its file
 * @param now milliseconds since the epoch
 */
export function lacking(
  authority: readonly Certificate[],
  carried: readonly Certificate[],
  now: number,
): readonly Certificate[] {
  const present = new Set(carried.map(({ fingerprint256 }) => fingerprint256));
  return authority.filter(
    (wanted) =>
      !present.has(wanted.fingerprint256) &&
      !carried.some(
        (link) => isSameLink(link, wanted) && (isSelfIssued(link) || now <= link.notAfter || wanted.notAfter < now),
      ),
  );
}

function isSameLink(one: Certificate, other: Certificate): boolean {
  return isSameAuthority(one, other) && one.issuerDer.equals(other.issuerDer);
}

/**
 * How a leaf stands to the authority that should have signed it.
 * `fits`: name, key identifier and signature are those of the authority's first certificate, which is all the product
 * compares (products 2.1). `identifier-differs`: signed by it, but the AKI is not its SKI. `bundled`: another certificate
 * of the authority's file (an older root) stands above it, so it works but is due. `foreign`: another name or another
 * key. `signature-invalid`: it claims this very authority by name and key identifier, and the signature does not verify.
 */
export type IssuerRelation = 'fits' | 'identifier-differs' | 'bundled' | 'foreign' | 'signature-invalid';

/**
 * @param authority certificates of the authority's file, the signer first; not empty
 * @param carried what follows the leaf in its own file
 */
export function issuerRelation(
  leaf: Certificate,
  authority: readonly Certificate[],
  carried: readonly Certificate[] = [],
): IssuerRelation {
  const [signer, ...others] = authority;
  if (signer === undefined) return 'foreign';
  const named = leaf.issuerDer.equals(signer.subjectDer);
  const sameIdentifier = (leaf.authorityKeyIdentifier ?? '') === (signer.subjectKeyIdentifier ?? '');
  if (named && isSignedBy(leaf, signer)) return sameIdentifier ? 'fits' : 'identifier-differs';
  if (lifeUnder(leaf, [signer, ...others], carried, leaf.notBefore) !== undefined) return 'bundled';
  return named && sameIdentifier ? 'signature-invalid' : 'foreign';
}

/** Of one name and one key: whatever else differs, to what either has signed they are the same. */
export function isSameAuthority(one: Certificate, other: Certificate): boolean {
  return one.subjectDer.equals(other.subjectDer) && one.spkiDer.equals(other.spkiDer);
}

/** True when the certificate says it may sign certificates (RFC 5280 4.2.1.3, 4.2.1.9). */
export function maySign(certificate: Certificate): boolean {
  return (
    certificate.isAuthority && (certificate.keyUsages === undefined || certificate.keyUsages.includes('keyCertSign'))
  );
}

/** Named as its issuer and signed with its key, by one that may sign: what Go asks of a parent. */
export function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  return certificate.issuerDer.equals(issuer.subjectDer) && maySign(issuer) && isSignedBy(certificate, issuer);
}

/** A command looks at the node several times; what one look has verified holds for the same two in the next. */
const verified = new WeakMap<Certificate, WeakMap<Certificate, boolean>>();

/** True when the certificate's signature was made with the issuer's key. */
export function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
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
