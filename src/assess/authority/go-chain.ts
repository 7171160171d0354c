import type { Certificate } from '../../x509/certificate.ts';
import { isIssuedBy, isSameAuthority } from '../chain.ts';

/** What a verifier of Go's crypto/x509 is given. */
export interface GoPools {
  readonly roots: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * The first chain that Go's verifier finds from a certificate to a root, the certificate first. Unlike what the peers do with
 * a leaf (chain.ts) it is asked with roots and intermediates apart, and looks at dates, path lengths and usages all the way up.
 * @returns undefined when there is none
 */
export function firstGoChain(certificate: Certificate, pools: GoPools): readonly Certificate[] | undefined {
  if (!isGood(certificate, 0, pools.now)) return undefined;
  const twin = pools.roots.find(({ fingerprint256 }) => fingerprint256 === certificate.fingerprint256);
  if (twin !== undefined) return servesTls([twin]) ? [twin] : undefined;
  return climb([certificate], { ...pools, checks: 100 });
}

interface Search extends GoPools {
  /** How many signatures may still be checked: Go gives up as well. */
  checks: number;
}

/** Depth first, roots before intermediates, as Go builds its chains. */
function climb(chain: readonly Certificate[], search: Search): readonly Certificate[] | undefined {
  for (const root of parentsOf(chain, search.roots, search)) if (servesTls([...chain, root])) return [...chain, root];
  for (const parent of parentsOf(chain, search.intermediates, search)) {
    const whole = climb([...chain, parent], search);
    if (whole !== undefined) return whole;
  }
  return undefined;
}

function parentsOf(
  chain: readonly Certificate[],
  pool: readonly Certificate[],
  search: Search,
): readonly Certificate[] {
  const child = chain.at(-1);
  if (child === undefined) return [];
  return pool
    .filter(({ subjectDer }) => subjectDer.equals(child.issuerDer))
    .toSorted((left, right) => farness(child, left) - farness(child, right))
    .filter((parent) => {
      // No chain goes twice through one name with one key: one renewed with its old key is no parent of itself.
      if (chain.some((link) => isSameAuthority(link, parent)) || search.checks === 0) return false;
      search.checks -= 1;
      return isIssuedBy(child, parent) && isGood(parent, chain.length - 1, search.now);
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

/** Each that names usages at all must name that of a server: what Go asks for when nobody says. */
function servesTls(chain: readonly Certificate[]): boolean {
  return chain.every(
    ({ extendedKeyUsages: usages }) =>
      usages === undefined || usages.includes('serverAuth') || usages.includes(anyExtendedKeyUsage),
  );
}

const anyExtendedKeyUsage = '2.5.29.37.0';

/** As the products tell the roots of a file: by key identifiers alone. */
export function isGoRoot({ authorityKeyIdentifier, subjectKeyIdentifier }: Certificate): boolean {
  return authorityKeyIdentifier === undefined || authorityKeyIdentifier === subjectKeyIdentifier;
}
