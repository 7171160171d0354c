import { instant } from '../time/rfc3339.ts';
import type { KeyObject } from 'node:crypto';
import type { Certificate } from '../x509/certificate.ts';
import { CertmendError, exitStatus } from '../error.ts';
import { maySign } from '../assess/chain.ts';
import { signatureScheme, type SignatureScheme } from '../x509/encode-certificate.ts';

/** An authority as it is on disk, before it is known whether anything may be signed under it. */
export interface AuthorityMaterial {
  /** Entry id, for messages: `server-ca`. */
  readonly id: string;
  /** The certificates of the authority's file in order; the first is the issuer (products 1.1). Empty when it has none. */
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
  /** End of the issuer, milliseconds since the epoch: no leaf goes beyond it. What stands above it limits nothing. */
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
  if (issuer === undefined) throw unusable(id, 'has no readable certificate on this node');
  if (key === undefined) throw unusable(id, 'has no readable private key on this node');
  if (!maySign(issuer)) throw unusable(id, 'is not a certificate that may sign others');
  if (key.type !== 'private' || !issuer.x509.checkPrivateKey(key))
    throw unusable(id, 'and its private key do not match');
  const scheme = signatureScheme(key);
  if (scheme === undefined) throw unusable(id, 'has a type of key that the product cannot sign with');
  if (now < issuer.notBefore) throw unusable(id, `is not valid before ${instant(issuer.notBefore)}`);
  if (now >= issuer.notAfter) throw unusable(id, `expired at ${instant(issuer.notAfter)}`);
  return { issuer, certificates, key, scheme, notAfter: issuer.notAfter };
}

function unusable(id: string, reason: string): CertmendError {
  return new CertmendError('AuthorityUnusable', `the authority ${id} ${reason}; nothing was signed`, {
    hint: `see: certmend why ${id}`,
    exit: exitStatus.refused,
  });
}
