import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { parseCertificates } from '../../src/x509/certificate.ts';
import * as der from '../../src/x509/write-der.ts';
import {
  authorityKeyIdentifierExtension,
  extendedKeyUsageExtension,
  keyUsageExtension,
  subjectAltNameExtension,
  signatureScheme,
  signCertificate,
} from '../../src/x509/encode-certificate.ts';
import { alternativeNames, subjectName } from '../../src/issue/identity.ts';
import { encodePem } from '../../src/x509/pem.ts';
import type { CertificateWish, KeyAlgorithm, Signatures, Signer, Validity } from '../fixtures/sign.ts';

/**
 * Keys and certificates for the demo's node, which must not need the openssl CLI. It reads the same wishes as the CLI,
 * and is never used by a test of certmend: there the oracle is somebody else's code.
 */
export const cryptoSignatures: Signatures = { newKey, signCertificates };

function newKey(algorithm: KeyAlgorithm): string {
  switch (algorithm) {
    case 'ec':
      return ellipticKey('P-256');
    case 'ec384':
      return ellipticKey('P-384');
    case 'rsa':
      return generateKeyPairSync('rsa', { modulusLength: 2048 })
        .privateKey.export({ type: 'pkcs1', format: 'pem' })
        .toString();
  }
}

function ellipticKey(namedCurve: string): string {
  return generateKeyPairSync('ec', { namedCurve }).privateKey.export({ type: 'sec1', format: 'pem' }).toString();
}

function signCertificates(
  wishes: readonly CertificateWish[],
  signer: Signer,
  validity: Validity,
  serial: bigint,
): string[] {
  const key = createPrivateKey(signer.key);
  const scheme = signatureScheme(key);
  if (scheme === undefined) throw new TypeError('no signature scheme for this key');
  const issuer = signer.certificate === undefined ? undefined : issuerOf(signer.certificate);
  return wishes.map((wish, index) => {
    const subject = subjectOf(wish);
    const publicKey = createPublicKey(wish.key).export({ type: 'spki', format: 'der' });
    const tbsCertificate = der.sequence(
      der.explicit(0, der.integer(Buffer.of(2))),
      der.integer(positive(serial + BigInt(index))),
      scheme.algorithmIdentifier,
      issuer?.subject ?? subject,
      der.sequence(der.time(wholeSeconds(validity.notBefore)), der.time(wholeSeconds(validity.notAfter))),
      subject,
      publicKey,
      der.explicit(3, der.sequence(...extensions(wish.extensions, publicKey, issuer?.keyIdentifier))),
    );
    return encodePem('CERTIFICATE', signCertificate(tbsCertificate, key, scheme)).toString();
  });
}

function issuerOf(pem: string): { readonly subject: Buffer; readonly keyIdentifier: Buffer | undefined } {
  const certificates = parseCertificates(Buffer.from(pem));
  const first = certificates.ok ? certificates.value[0] : undefined;
  if (first === undefined) throw new TypeError(`not a certificate: ${new X509Certificate(pem).subject}`);
  const identifier = first.subjectKeyIdentifier;
  return {
    subject: Buffer.from(first.subjectDer),
    keyIdentifier: identifier === undefined ? undefined : Buffer.from(identifier, 'hex'),
  };
}

/** `/O=system:masters/CN=system:admin` */
function subjectOf({ subject }: CertificateWish): Buffer {
  const values = (type: string): string[] =>
    subject
      .split('/')
      .filter((part) => part.startsWith(`${type}=`))
      .map((part) => part.slice(type.length + 1));
  return subjectName({ commonName: values('CN')[0] ?? '', organizations: values('O') });
}

/** The few lines of an openssl extension section that a node's certificates need. */
function extensions(lines: readonly string[], publicKey: Buffer, issuerIdentifier: Buffer | undefined): Buffer[] {
  const written = lines.flatMap((line) => extensionOf(line, publicKey) ?? []);
  return issuerIdentifier === undefined ? written : [...written, authorityKeyIdentifierExtension(issuerIdentifier)];
}

function extensionOf(line: string, publicKey: Buffer): Buffer | undefined {
  const value = line.slice(line.indexOf('=') + 1);
  if (line.startsWith('subjectAltName=')) return alternativeNameExtension(value.split(','));
  if (line.startsWith('extendedKeyUsage=')) {
    const usages = value.split(',').map((usage) => (usage === 'serverAuth' ? usage : 'clientAuth'));
    return extendedKeyUsageExtension(usages);
  }
  switch (line) {
    case 'subjectKeyIdentifier=none':
      return undefined;
    case 'subjectKeyIdentifier=hash':
      return extension('2.5.29.14', der.octetString(keyIdentifier(publicKey)), false);
    case 'basicConstraints=critical,CA:TRUE':
      return extension('2.5.29.19', der.sequence(der.booleanTrue()), true);
    case 'keyUsage=critical,digitalSignature,keyEncipherment':
      return keyUsageExtension();
    case 'keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign':
      return extension('2.5.29.15', der.bitString(Buffer.of(0b1010_0100), 2), true);
    default:
      throw new TypeError(`the demo does not know the extension ${line}`);
  }
}

function alternativeNameExtension(names: readonly string[]): Buffer {
  const of = (type: string): string[] =>
    names.filter((name) => name.startsWith(`${type}:`)).map((name) => name.slice(type.length + 1));
  return subjectAltNameExtension(alternativeNames({ dnsNames: of('DNS'), ipAddresses: of('IP') }) ?? Buffer.alloc(0));
}

function extension(identifier: string, value: Buffer, critical: boolean): Buffer {
  const oid = der.objectIdentifier(identifier);
  return der.sequence(oid, ...(critical ? [der.booleanTrue()] : []), der.octetString(value));
}

/** RFC 5280 4.2.1.2, method 1, for P-256: the uncompressed point is the end of its SubjectPublicKeyInfo. */
function keyIdentifier(publicKey: Buffer): Buffer {
  return createHash('sha1').update(publicKey.subarray(-65)).digest();
}

/** Big-endian two's complement in its shortest form. */
function positive(value: bigint): Buffer {
  const hexadecimal = value.toString(16);
  const bytes = Buffer.from(hexadecimal.padStart(hexadecimal.length + (hexadecimal.length % 2), '0'), 'hex');
  return (bytes[0] ?? 0) < 0x80 ? bytes : Buffer.concat([Buffer.of(0), bytes]);
}

function wholeSeconds(instant: number): number {
  return Math.floor(instant / 1000) * 1000;
}
