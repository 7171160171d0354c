import { createPublicKey, sign, type KeyObject } from 'node:crypto';
import { signatureScheme } from './encode-certificate.ts';
import * as der from './write-der.ts';

/**
 * A certification request for a key, without a subject and without attributes (RFC 2986 4): whoever signs decides on the
 * names. It is signed, so that the signer can see that the key is here.
 *
 * @returns DER; undefined for a kind of key that the products cannot use
 */
export function certificationRequest(key: KeyObject): Buffer | undefined {
  const scheme = signatureScheme(key);
  if (scheme === undefined) return undefined;
  const information = der.sequence(
    der.integer(Buffer.of(0)),
    der.sequence(),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    der.explicit(0, Buffer.alloc(0)),
  );
  return der.sequence(information, scheme.algorithmIdentifier, der.bitString(sign(scheme.hash, information, key)));
}
