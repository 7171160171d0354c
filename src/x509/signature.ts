import { sign, type KeyObject } from 'node:crypto';
import * as der from './write-der.ts';

/** How a key signs certificates: the hash, and the AlgorithmIdentifier that says so. */
export interface SignatureScheme {
  readonly hash: 'sha256' | 'sha384' | 'sha512';
  readonly algorithmIdentifier: Buffer;
}

/**
 * The scheme Go's crypto/x509 takes for a key, hence the product: ECDSA with the hash that fits the curve, no parameters
 * (RFC 5758 3.2); RSA PKCS #1 v1.5 with SHA-256 and NULL (RFC 4055 5).
 * @returns undefined for a key that the product could not sign with either
 */
export function signatureScheme(key: KeyObject): SignatureScheme | undefined {
  if (key.asymmetricKeyType === 'rsa')
    return { hash: 'sha256', algorithmIdentifier: der.sequence(oid('1.2.840.113549.1.1.11'), der.nullValue()) };
  if (key.asymmetricKeyType !== 'ec') return undefined;
  switch (key.asymmetricKeyDetails?.namedCurve) {
    case 'prime256v1':
      return { hash: 'sha256', algorithmIdentifier: der.sequence(oid('1.2.840.10045.4.3.2')) };
    case 'secp384r1':
      return { hash: 'sha384', algorithmIdentifier: der.sequence(oid('1.2.840.10045.4.3.3')) };
    case 'secp521r1':
      return { hash: 'sha512', algorithmIdentifier: der.sequence(oid('1.2.840.10045.4.3.4')) };
    default:
      return undefined;
  }
}

/** SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue } (RFC 5280 4.1). */
export function signCertificate(tbsCertificate: Buffer, key: KeyObject, scheme: SignatureScheme): Buffer {
  return der.sequence(
    tbsCertificate,
    scheme.algorithmIdentifier,
    der.bitString(sign(scheme.hash, tbsCertificate, key)),
  );
}

function oid(dotted: string): Buffer {
  return der.objectIdentifier(dotted);
}
