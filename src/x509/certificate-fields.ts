import { extensionList, noExtensions, readExtensions, type CertificateExtensions } from './certificate-extensions.ts';
import {
  bitString,
  contentOf,
  instantOf,
  readChildren,
  readWhole,
  tag,
  wholeOf,
  objectIdentifier,
  type Element,
} from './read-der.ts';
import { isUtf8 } from 'node:buffer';

/** What is in the DER of one certificate (RFC 5280 4.1); times in milliseconds since the epoch. */
export interface CertificateFields {
  readonly serialHex: string;
  readonly subject: DistinguishedName;
  readonly subjectDer: Buffer;
  readonly issuer: DistinguishedName;
  readonly issuerDer: Buffer;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly spkiDer: Buffer;
  readonly extensions: CertificateExtensions;
}

/** @returns the fields, or a clause that says what is wrong with the bytes */
export function readCertificateFields(der: Buffer): CertificateFields | string {
  const certificate = readWhole(der, tag.sequence);
  const parts = certificate && readChildren(der, certificate);
  if (parts === undefined) return 'is not one whole DER certificate';
  const [body, algorithm, signature] = parts;
  if (
    parts.length !== 3 ||
    body?.tag !== tag.sequence ||
    algorithm?.tag !== tag.sequence ||
    signature === undefined ||
    bitString(der, signature) === undefined
  )
    return 'is not a certificate';
  return readBody(der, body, algorithm);
}

/** TBSCertificate, whose fields are told apart by their order and their tags. */
function readBody(der: Buffer, body: Element, outerAlgorithm: Element): CertificateFields | string {
  const fields = readChildren(der, body);
  if (fields === undefined) return 'is not a certificate';
  const from = fields[0]?.tag === tag.explicit(0) ? 1 : 0;
  const [serial, algorithm, issuer, validity, subject, spki] = fields.slice(from);
  if (
    serial?.tag !== tag.integer ||
    serial.content === serial.end ||
    algorithm?.tag !== tag.sequence ||
    issuer === undefined ||
    validity?.tag !== tag.sequence ||
    subject === undefined ||
    spki?.tag !== tag.sequence
  )
    return 'is not a certificate';
  if (!wholeOf(der, algorithm).equals(wholeOf(der, outerAlgorithm))) return 'names two signature algorithms';
  const subjectName = readDistinguishedName(der, subject);
  if (subjectName === undefined) return 'has a malformed subject';
  const issuerName = readDistinguishedName(der, issuer);
  if (issuerName === undefined) return 'has a malformed issuer';
  const times = readValidity(der, validity);
  if (times === undefined) return 'has a malformed validity';
  const extensions = readOptionalFields(der, fields.slice(from + 6));
  if (typeof extensions === 'string') return extensions;
  return {
    serialHex: contentOf(der, serial).toString('hex'),
    subject: subjectName,
    subjectDer: wholeOf(der, subject),
    issuer: issuerName,
    issuerDer: wholeOf(der, issuer),
    ...times,
    spkiDer: wholeOf(der, spki),
    extensions,
  };
}

function readValidity(der: Buffer, validity: Element): { notBefore: number; notAfter: number } | undefined {
  const [first, second, more] = readChildren(der, validity) ?? [];
  if (first === undefined || second === undefined || more !== undefined) return undefined;
  const [notBefore, notAfter] = [instantOf(der, first), instantOf(der, second)];
  return notBefore === undefined || notAfter === undefined ? undefined : { notBefore, notAfter };
}

/** issuerUniqueID `[1]`, subjectUniqueID `[2]` and extensions `[3]`, each at most once and in this order. */
function readOptionalFields(der: Buffer, fields: readonly Element[]): CertificateExtensions | string {
  const known = [tag.context(1), tag.context(2), tag.explicit(3)];
  let previous = -1;
  for (const field of fields) {
    const position = known.indexOf(field.tag);
    if (position <= previous) return 'has fields that no certificate has';
    previous = position;
  }
  const last = fields.at(-1);
  if (last?.tag !== tag.explicit(3)) return noExtensions;
  const list = extensionList(der, last);
  return list === undefined ? 'has malformed extensions' : readExtensions(der, list);
}

/** The attributes of a Name that the products compare (RFC 5280 4.1.2.4). */
export interface DistinguishedName {
  /** Empty when there is none. Of several, the last: the one Go takes. */
  readonly commonName: string;
  readonly organizations: readonly string[];
}

const commonNameType = '2.5.4.3';
const organizationType = '2.5.4.10';

/** Undefined when the element is no Name, or its common name or an organization is in no string type that Go reads. */
export function readDistinguishedName(bytes: Buffer, name: Element): DistinguishedName | undefined {
  if (name.tag !== tag.sequence) return undefined;
  let commonName = '';
  const organizations: string[] = [];
  for (const relative of readChildren(bytes, name) ?? [undefined]) {
    if (relative?.tag !== tag.set) return undefined;
    for (const attribute of readChildren(bytes, relative) ?? [undefined]) {
      if (attribute?.tag !== tag.sequence) return undefined;
      const [type, value, more] = readChildren(bytes, attribute) ?? [];
      if (type === undefined || value === undefined || more !== undefined) return undefined;
      const identifier = objectIdentifier(bytes, type);
      if (identifier === undefined) return undefined;
      if (identifier !== commonNameType && identifier !== organizationType) continue;
      const text = directoryString(bytes, value);
      if (text === undefined) return undefined;
      if (identifier === commonNameType) commonName = text;
      else organizations.push(text);
    }
  }
  return { commonName, organizations };
}

/** Text of a DirectoryString (RFC 5280 appendix A.1) or of an IA5String. */
function directoryString(bytes: Buffer, value: Element): string | undefined {
  const content = bytes.subarray(value.content, value.end);
  switch (value.tag) {
    case tag.utf8String:
      return isUtf8(content) ? content.toString('utf8') : undefined;
    case tag.printableString:
    case tag.numericString:
    case tag.ia5String:
      return content.every((octet) => octet < 0x80) ? content.toString('latin1') : undefined;
    case tag.teletexString:
      return content.toString('latin1');
    case tag.bmpString:
      // UTF-16 with the high octet first; swap16 works in place, hence the copy.
      return content.length % 2 === 0 ? Buffer.from(content).swap16().toString('utf16le') : undefined;
    default:
      return undefined;
  }
}
