import { dayMs, hourMs, secondMs } from '../time/units.ts';
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Identity } from '../layout/entry.ts';
import {
  type ExtendedKeyUsage,
  authorityKeyIdentifierExtension,
  extendedKeyUsageExtension,
  keyUsageExtension,
  subjectAltNameExtension,
  signCertificate,
} from '../x509/encode-certificate.ts';
import * as der from '../x509/write-der.ts';
import { alternativeNames, subjectName } from './identity.ts';
import { encodeKey, serialNumber } from './serial-and-key.ts';
import { encodePem } from '../x509/pem.ts';
import { openAuthority, type AuthorityMaterial, type SigningAuthority } from './signing-authority.ts';

export interface LeafRequest {
  readonly identity: Identity;
  readonly extendedKeyUsages: readonly ExtendedKeyUsage[];
  /** Put every certificate of the authority's file behind the leaf (products 1.1). */
  readonly chainInFile: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Length of the validity, of 86,400 s each. */
  readonly validityDays: number;
  /** Keep this key instead of making a new one. */
  readonly key?: KeyObject | undefined;
}

export interface IssueRequest extends LeafRequest {
  readonly authority: AuthorityMaterial;
}

export interface IssuedLeaf {
  /** The leaf, followed by the authority's certificates when asked for. */
  readonly certificatePem: Buffer;
  /** SEC1 (`EC PRIVATE KEY`) for EC, PKCS #1 (`RSA PRIVATE KEY`) for an RSA key that was kept. */
  readonly keyPem: Buffer;
  /** Milliseconds since the epoch, whole seconds. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** Lower-case hexadecimal SHA-256 of the DER. */
  readonly fingerprint256: string;
}

/**
 * Issues one leaf in the exact shape the product gives its own (products 1.1, 10).
 * @throws CertmendError AuthorityUnusable when nothing may be signed under the authority at `now`, SanMissing when a
 * name cannot stand in a certificate
 */
export function issueLeaf(request: IssueRequest): IssuedLeaf {
  return issueUnder(openAuthority(request.authority, request.now), request);
}

/** As {@link issueLeaf}, under an authority that was opened for the same instant: one opening serves its whole set. */
export function issueUnder(authority: SigningAuthority, request: LeafRequest): IssuedLeaf {
  const key = request.key ?? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const { notBefore, notAfter } = validity(authority, request);
  const certificate = signCertificate(
    tbsCertificate(authority, request, key, notBefore, notAfter),
    authority.key,
    authority.scheme,
  );
  const chain = request.chainInFile ? authority.certificates.map((link) => encodePem('CERTIFICATE', link.der)) : [];
  return {
    certificatePem: Buffer.concat([encodePem('CERTIFICATE', certificate), ...chain]),
    keyPem: encodeKey(key),
    notBefore,
    notAfter,
    fingerprint256: createHash('sha256').update(certificate).digest('hex'),
  };
}

/** The product's own allowance for clocks that differ between nodes (products 1.1). */
const backdateMs = hourMs;

function validity(authority: SigningAuthority, request: LeafRequest): { notBefore: number; notAfter: number } {
  const now = Math.floor(request.now / secondMs) * secondMs;
  const notBefore = Math.max(now - backdateMs, authority.issuer.notBefore);
  return { notBefore, notAfter: Math.min(notBefore + request.validityDays * dayMs, authority.notAfter) };
}

/** TBSCertificate, version 3 (RFC 5280 4.1.2). The issuer is the authority's subject, byte for byte. */
function tbsCertificate(
  authority: SigningAuthority,
  request: LeafRequest,
  key: KeyObject,
  notBefore: number,
  notAfter: number,
): Buffer {
  return der.sequence(
    der.explicit(0, der.integer(Buffer.of(2))),
    der.integer(serialNumber()),
    authority.scheme.algorithmIdentifier,
    authority.issuer.subjectDer,
    der.sequence(der.time(notBefore), der.time(notAfter)),
    subjectName(request.identity),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    der.explicit(3, der.sequence(...extensions(authority, request))),
  );
}

/** In the order Go writes them. No subjectKeyIdentifier and no basicConstraints, as the product (products 1.1). */
function extensions(authority: SigningAuthority, request: LeafRequest): Buffer[] {
  const keyIdentifier = authority.issuer.subjectKeyIdentifier;
  const names = alternativeNames(request.identity);
  return [
    keyUsageExtension(),
    extendedKeyUsageExtension(request.extendedKeyUsages),
    ...(keyIdentifier === undefined ? [] : [authorityKeyIdentifierExtension(Buffer.from(keyIdentifier, 'hex'))]),
    ...(names === undefined ? [] : [subjectAltNameExtension(names)]),
  ];
}
