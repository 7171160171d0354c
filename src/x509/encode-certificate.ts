import { sign, type KeyObject } from 'node:crypto';
import * as der from './write-der.ts';

/*
 * What a new leaf has of its own beside names and dates: extensions (RFC 5280 4.2), the algorithm and the signature (4.1).
 * Reading is in certificate-fields.ts and certificate-extensions.ts.
 */

export type ExtendedKeyUsage = 'serverAuth' | 'clientAuth';

const serverAuth = der.objectIdentifier('1.3.6.1.5.5.7.3.1');
const clientAuth = der.objectIdentifier('1.3.6.1.5.5.7.3.2');

/** digitalSignature and keyEncipherment, critical: the same for every leaf of the products (products 1.1). */
export function keyUsageExtension(): Buffer {
  return extension('2.5.29.15', der.bitString(Buffer.of(0b1010_0000), 5), true);
}

/** The same with keyCertSign: what the products give their authorities (products 1.1). */
export function authorityKeyUsageExtension(): Buffer {
  return extension('2.5.29.15', der.bitString(Buffer.of(0b1010_0100), 2), true);
}

/** cA TRUE without a path length, critical. */
export function authorityConstraintsExtension(): Buffer {
  return extension('2.5.29.19', der.sequence(der.booleanTrue()), true);
}

export function subjectKeyIdentifierExtension(keyIdentifier: Buffer): Buffer {
  return extension('2.5.29.14', der.octetString(keyIdentifier), false);
}

export function extendedKeyUsageExtension(usages: readonly ExtendedKeyUsage[]): Buffer {
  const identifiers = usages.map((usage) => (usage === 'serverAuth' ? serverAuth : clientAuth));
  return extension('2.5.29.37', der.sequence(...identifiers), false);
}

/** @param keyIdentifier the authority's subjectKeyIdentifier, copied: it is never computed again (products 1.1) */
export function authorityKeyIdentifierExtension(keyIdentifier: Buffer): Buffer {
  return extension('2.5.29.35', der.sequence(der.implicit(0, keyIdentifier)), false);
}

/** @param names DER GeneralNames */
export function subjectAltNameExtension(names: Buffer): Buffer {
  return extension('2.5.29.17', names, false);
}

function extension(identifier: string, value: Buffer, critical: boolean): Buffer {
  return der.sequence(
    der.objectIdentifier(identifier),
    ...(critical ? [der.booleanTrue()] : []),
    der.octetString(value),
  );
}

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
