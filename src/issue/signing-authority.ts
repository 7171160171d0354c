import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../inventory/inventory.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { authorityPath, maySign } from './authority-path.ts';
import { signatureScheme, type SignatureScheme } from './signature.ts';

/** An authority as it is on disk, before it is known whether anything may be signed under it. */
export interface AuthorityMaterial {
  /** Entry id, for messages: `server-ca`. */
  readonly id: string;
  /** The certificates of the authority's file in order; the first is the issuer (facts 1.1). Empty when it has none. */
  readonly certificates: readonly Certificate[];
  /** The first key of the authority's key file; undefined when it is not on the node. */
  readonly key: KeyObject | undefined;
}

/** An authority that may sign at the instant it was opened for. */
export interface SigningAuthority {
  readonly issuer: Certificate;
  readonly certificates: readonly Certificate[];
  readonly key: KeyObject;
  readonly scheme: SignatureScheme;
  /** End of the chain that a leaf hangs from, milliseconds since the epoch: no leaf goes beyond it. */
  readonly notAfter: number;
}

/**
 * Checks that an authority may sign at `now`.
 * @param now milliseconds since the epoch
 * @throws CertmendError AuthorityUnusable, naming the authority and the reason: no certificate, no key, not an
 * authority, a key that is not its own or of a kind the product cannot use, not yet valid, expired
 */
export function openAuthority(authority: AuthorityMaterial, now: number): SigningAuthority {
  const { id, certificates, key } = authority;
  const [issuer] = certificates;
  const path = authorityPath(certificates, now);
  if (issuer === undefined || path === undefined) throw unusable(id, 'has no readable certificate on this node');
  if (key === undefined) throw unusable(id, 'has no readable private key on this node');
  if (!maySign(issuer)) throw unusable(id, 'is not a certificate that may sign others');
  if (key.type !== 'private' || !issuer.x509.checkPrivateKey(key)) {
    throw unusable(id, 'and its private key do not belong together');
  }
  const scheme = signatureScheme(key);
  if (scheme === undefined) throw unusable(id, 'has a kind of key that the product cannot sign with');
  if (now < path.notBefore) throw unusable(id, `is not valid before ${instant(path.notBefore)}`);
  if (now >= path.notAfter) throw unusable(id, `expired at ${instant(path.notAfter)}`);
  return { issuer, certificates, key, scheme, notAfter: path.notAfter };
}

function unusable(id: string, reason: string): CertmendError {
  return new CertmendError('AuthorityUnusable', `the authority ${id} ${reason}; nothing was signed`, {
    hint: `see: certmend why ${id}`,
    exit: exitStatus.refused,
  });
}

function instant(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}
