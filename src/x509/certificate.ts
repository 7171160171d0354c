import { hash, X509Certificate } from 'node:crypto';
import { decodeBase64, readPem, whyNone } from './pem.ts';
import { readCertificateFields } from './certificate-fields.ts';
import { damaged, parsed, type Parsed } from './parsed.ts';

/** One certificate, read with node:crypto plus the fields it does not give (RFC 5280 4.1, 4.2). */
export interface Certificate {
  readonly x509: X509Certificate;
  readonly der: Buffer;
  /** Raw DER of the subject Name and issuer Name: chain building compares bytes (products 1.1). */
  readonly subjectDer: Buffer;
  readonly issuerDer: Buffer;
  /** DER of the SubjectPublicKeyInfo. */
  readonly spkiDer: Buffer;
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly issuerCommonName: string;
  readonly serialHex: string;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** True when a basicConstraints extension says cA TRUE. */
  readonly isAuthority: boolean;
  /** How many authorities may stand between it and a leaf (RFC 5280 4.2.1.9); undefined when there is no limit. */
  readonly pathLength: number | undefined;
  /** Names of RFC 5280 4.2.1.3; undefined when the extension is absent. */
  readonly keyUsages: readonly string[] | undefined;
  /** `serverAuth`, `clientAuth` or a dotted OID; undefined when the extension is absent. */
  readonly extendedKeyUsages: readonly string[] | undefined;
  /** Lower-case hexadecimal key identifiers; undefined when absent. */
  readonly subjectKeyIdentifier: string | undefined;
  readonly authorityKeyIdentifier: string | undefined;
  /** Lower-case hexadecimal SHA-256 of the DER. */
  readonly fingerprint256: string;
}

/**
 * Certificates met before, by their PEM text: an authority's certificate stands in the file of each of its leaves and
 * is parsed once. It must not live longer than one command.
 */
export type CertificateMemory = Map<string, Parsed<Certificate>>;

/**
 * The certificates of a PEM file in order, leaf first. Blocks of other kinds and text around them are skipped; one
 * certificate that is damaged damages the file, as it does for the products (`ParseCertsPEM` of dynamiclistener).
 */
export function parseCertificates(bytes: Buffer, memory?: CertificateMemory): Parsed<readonly Certificate[]> {
  return readCertificates(bytes, (der) => vet(parseCertificateDer(der)), memory);
}

/**
 * As {@link parseCertificates}, but openssl has not seen the certificates yet: `x509` may throw. For thousands of files
 * of which only names and dates are wanted.
 */
export function skimCertificates(bytes: Buffer, memory?: CertificateMemory): Parsed<readonly Certificate[]> {
  return readCertificates(bytes, parseCertificateDer, memory);
}

/** One certificate in DER. Fields come from the bytes; `x509` is made when it is first asked for. */
export function parseCertificateDer(der: Buffer): Parsed<Certificate> {
  const fields = readCertificateFields(der);
  if (typeof fields === 'string') return damaged(fields);
  let x509: X509Certificate | undefined;
  return parsed({
    get x509() {
      return (x509 ??= new X509Certificate(der));
    },
    der,
    subjectDer: fields.subjectDer,
    issuerDer: fields.issuerDer,
    spkiDer: fields.spkiDer,
    commonName: fields.subject.commonName,
    organizations: fields.subject.organizations,
    issuerCommonName: fields.issuer.commonName,
    serialHex: fields.serialHex,
    notBefore: fields.notBefore,
    notAfter: fields.notAfter,
    ...fields.extensions,
    fingerprint256: hash('sha256', der, 'hex'),
  });
}

/** Asks openssl too, so that a certificate which is handed on never throws when it is used. */
function vet(certificate: Parsed<Certificate>): Parsed<Certificate> {
  if (!certificate.ok) return certificate;
  try {
    const { x509, isAuthority } = certificate.value;
    // A point that is not on its curve, say; a leaf's key is only ever compared with its key file.
    return isAuthority && x509.publicKey.type !== 'public' ? damaged('has no public key') : certificate;
  } catch {
    return damaged('is refused by openssl');
  }
}

function readCertificates(
  bytes: Buffer,
  parseDer: (der: Buffer) => Parsed<Certificate>,
  memory: CertificateMemory = new Map(),
): Parsed<readonly Certificate[]> {
  if (bytes.length === 0) return damaged('is empty');
  const { blocks, problems } = readPem(bytes);
  const certificates: Certificate[] = [];
  const damages = [...problems];
  // With headers it is no certificate to the products (nor is it one to RFC 7468).
  for (const { body, number } of blocks.filter(({ label, hasHeaders }) => label === 'CERTIFICATE' && !hasHeaders)) {
    const certificate = memory.get(body) ?? parseBody(body, parseDer);
    memory.set(body, certificate);
    if (certificate.ok) certificates.push(certificate.value);
    else damages.push(...certificate.problems.map((problem) => `block ${number} (CERTIFICATE) ${problem}`));
  }
  if (damages.length > 0) return damaged(...damages);
  return certificates.length > 0 ? parsed(certificates) : damaged(whyNone(bytes, blocks, 'certificate'));
}

function parseBody(body: string, parseDer: (der: Buffer) => Parsed<Certificate>): Parsed<Certificate> {
  const der = decodeBase64(body);
  return der === undefined ? damaged('is not valid base64') : parseDer(der);
}
