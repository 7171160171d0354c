import { hash } from 'node:crypto';
import type { Certificate } from '../x509/certificate.ts';
import { isIssuedBy, isSameAuthority } from './chain.ts';

/** What a token pins the authority with, `K10<hash>::…` (products 6.3). */
export interface TokenHash {
  /** SHA-256, lower-case hexadecimal. */
  readonly hash: string;
  /** The certificate that it is over; undefined when it is over the bytes of the file. */
  readonly root: Certificate | undefined;
}

/**
 * The hash as the product computes it: over the bytes of the file where that holds one certificate, or where no chain
 * leads to a root now; else over the root at the end of the first chain that Go's verifier finds. It is the one place that
 * looks above an anchor, at dates, path lengths and usages there.
 * @param bytes of the file of server-ca, as it lies on the disk
 * @param certificates of that file
 * @param now milliseconds since the epoch
 */
export function tokenHash(bytes: Buffer, certificates: readonly Certificate[], now: number): TokenHash {
  const root = certificates.length > 1 ? firstRoot(certificates, now) : undefined;
  return { hash: hash('sha256', root?.der ?? bytes, 'hex'), root };
}

interface Pools {
  readonly roots: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
  readonly now: number;
  /** How many signatures may still be checked: Go gives up as well. */
  checks: number;
}

function firstRoot([signer, ...others]: readonly Certificate[], now: number): Certificate | undefined {
  if (signer === undefined || !isGood(signer, 0, now)) return undefined;
  const roots = others.filter(isRoot);
  const twin = roots.find(({ fingerprint256 }) => fingerprint256 === signer.fingerprint256);
  if (twin !== undefined) return servesTls([twin]) ? twin : undefined;
  return climb([signer], { roots, intermediates: others.filter((other) => !isRoot(other)), now, checks: 100 });
}

/** Depth first, roots before intermediates, as Go builds its chains. */
function climb(chain: readonly Certificate[], pools: Pools): Certificate | undefined {
  for (const root of parentsOf(chain, pools.roots, pools)) if (servesTls([...chain, root])) return root;
  for (const parent of parentsOf(chain, pools.intermediates, pools)) {
    const root = climb([...chain, parent], pools);
    if (root !== undefined) return root;
  }
  return undefined;
}

function parentsOf(chain: readonly Certificate[], pool: readonly Certificate[], pools: Pools): readonly Certificate[] {
  const child = chain.at(-1);
  if (child === undefined) return [];
  return pool
    .filter(({ subjectDer }) => subjectDer.equals(child.issuerDer))
    .toSorted((left, right) => farness(child, left) - farness(child, right))
    .filter((parent) => {
      // No chain goes twice through one name with one key: one renewed with its old key is no parent of itself.
      if (chain.some((link) => isSameAuthority(link, parent)) || pools.checks === 0) return false;
      pools.checks -= 1;
      return isIssuedBy(child, parent) && isGood(parent, chain.length - 1, pools.now);
    });
}

/** Equal key identifiers first, then where one says nothing, then different ones. */
function farness(child: Certificate, parent: Certificate): number {
  const [wanted, own] = [child.authorityKeyIdentifier ?? '', parent.subjectKeyIdentifier ?? ''];
  if (wanted === own) return 0;
  return wanted === '' || own === '' ? 1 : 2;
}

function isGood({ notBefore, notAfter, pathLength }: Certificate, below: number, now: number): boolean {
  return notBefore <= now && now <= notAfter && below <= (pathLength ?? Infinity);
}

/** As the product tells the roots of a file: by key identifiers alone. */
function isRoot({ authorityKeyIdentifier, subjectKeyIdentifier }: Certificate): boolean {
  return authorityKeyIdentifier === undefined || authorityKeyIdentifier === subjectKeyIdentifier;
}

/** Each that names usages at all must name that of a server: what Go asks for when nobody says. */
function servesTls(chain: readonly Certificate[]): boolean {
  return chain.every(
    ({ extendedKeyUsages: usages }) =>
      usages === undefined || usages.includes('serverAuth') || usages.includes(anyExtendedKeyUsage),
  );
}

const anyExtendedKeyUsage = '2.5.29.37.0';
