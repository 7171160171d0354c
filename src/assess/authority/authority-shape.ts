import type { Certificate } from '../../x509/certificate.ts';
import { isIssuedBy, isSameAuthority, isSignedBy, maySign } from '../chain.ts';

/**
 * How an authority's file is built. `self-signed`: the signer is a root, and alone. `root-and-intermediate`: a root of the
 * file stands above the signer. `cross-signed`: a root of the file is there a second time, signed by another, as a
 * rotation leaves it (products 4.4). `several-roots`: the signer is a root, and others are beside it. `root-elsewhere`:
 * what stands above the signer is not in the file.
 */
export type AuthorityShape =
  'self-signed' | 'root-and-intermediate' | 'cross-signed' | 'several-roots' | 'root-elsewhere';

export interface AuthorityStructure {
  readonly shape: AuthorityShape;
  /** The self-signed ones of the file, in its order. One beside the root in use is what an earlier rotation left. */
  readonly roots: readonly Certificate[];
  /** The root that the signer leads to, which lasts longest; undefined when it is not in the file. */
  readonly root: Certificate | undefined;
  /** The end of what it signs: its own, or that of one of the same name and key in the file. Milliseconds since the epoch. */
  readonly effectiveEnd: number;
}

/** Bundles in the field hold one to four certificates; what is beyond this is not searched. */
const largestBundle = 32;

/**
 * @param certificates of the authority's file, the signer first
 * @param now milliseconds since the epoch
 * @returns undefined when there is no certificate
 */
export function structureOf(certificates: readonly Certificate[], now: number): AuthorityStructure | undefined {
  const file = certificates.slice(0, largestBundle);
  const [signer] = file;
  if (signer === undefined) return undefined;
  const roots = distinct(file.filter(isSelfSigned));
  const root = roots.includes(signer) ? signer : longest(rootsAbove(signer, file), now);
  return { shape: shapeOf(signer, file, roots, root), roots, root, effectiveEnd: endOfLeaves(signer, file, now) };
}

function shapeOf(
  signer: Certificate,
  file: readonly Certificate[],
  roots: readonly Certificate[],
  root: Certificate | undefined,
): AuthorityShape {
  if (root === undefined) return 'root-elsewhere';
  const isCrossSigned = file.some((other) => !isSelfSigned(other) && roots.some((own) => isSameAuthority(own, other)));
  if (isCrossSigned) return 'cross-signed';
  if (root !== signer) return 'root-and-intermediate';
  return roots.length > 1 ? 'several-roots' : 'self-signed';
}

/** Roots of the file that the certificate leads to, each once, however many ways there are. */
function rootsAbove(signer: Certificate, file: readonly Certificate[]): readonly Certificate[] {
  const reached = new Set([signer]);
  for (const certificate of reached)
    for (const other of file) if (!reached.has(other) && isIssuedBy(certificate, other)) reached.add(other);
  return [...reached].filter(isSelfSigned);
}

/** One that is valid now before one that is not, then the one that lasts longest. */
function longest(certificates: readonly Certificate[], now: number): Certificate | undefined {
  const isValid = ({ notBefore, notAfter }: Certificate): boolean => notBefore <= now && now <= notAfter;
  return certificates.toSorted(
    (left, right) => Number(isValid(right)) - Number(isValid(left)) || right.notAfter - left.notAfter,
  )[0];
}

/** Every certificate of the file is an anchor to the peers: of the signer's name and key, the best one counts. */
function endOfLeaves(signer: Certificate, file: readonly Certificate[], now: number): number {
  const same = file.filter((other) => maySign(other) && isSameAuthority(signer, other));
  return (longest(same, now) ?? signer).notAfter;
}

function isSelfSigned(certificate: Certificate): boolean {
  return certificate.issuerDer.equals(certificate.subjectDer) && isSignedBy(certificate, certificate);
}

function distinct(certificates: readonly Certificate[]): readonly Certificate[] {
  return [...new Map(certificates.map((certificate) => [certificate.fingerprint256, certificate])).values()];
}
