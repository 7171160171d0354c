import { hash } from 'node:crypto';
import type { Certificate } from '../../x509/certificate.ts';
import { firstGoChain, isGoRoot } from './go-chain.ts';

/** What a token pins the authority with, `K10<hash>::…` (products 6.3). */
export interface TokenHash {
  /** SHA-256, lower-case hexadecimal. */
  readonly hash: string;
  /** The certificate that it is over; undefined when it is over the bytes of the file. */
  readonly root: Certificate | undefined;
}

/**
 * The hash as the product computes it: over the bytes of the file where that holds one certificate, or where no chain
 * leads to a root now; else over the root at the end of the first chain that Go's verifier finds. It looks
 * above an anchor, at dates, path lengths and usages there.
 * @param bytes of the file of server-ca, as it lies on the disk
 * @param certificates of that file
 * @param now milliseconds since the epoch
 */
export function tokenHash(bytes: Buffer, certificates: readonly Certificate[], now: number): TokenHash {
  const root = certificates.length > 1 ? firstRoot(certificates, now) : undefined;
  return { hash: hash('sha256', root?.der ?? bytes, 'hex'), root };
}

function firstRoot([signer, ...others]: readonly Certificate[], now: number): Certificate | undefined {
  if (signer === undefined) return undefined;
  const roots = others.filter(isGoRoot);
  return firstGoChain(signer, { roots, intermediates: others.filter((other) => !isGoRoot(other)), now })?.at(-1);
}
