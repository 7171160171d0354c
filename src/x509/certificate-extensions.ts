import {
  bitString,
  contentOf,
  objectIdentifier,
  readChildren,
  readOnlyChild,
  readWhole,
  tag,
  type Element,
} from './read-der.ts';
import { addressText } from './general-name.ts';

/** The extensions that certmend looks at (RFC 5280 4.2.1); an absent one is undefined or empty. */
export interface CertificateExtensions {
  isAuthority: boolean;
  pathLength: number | undefined;
  keyUsages: readonly string[] | undefined;
  extendedKeyUsages: readonly string[] | undefined;
  subjectKeyIdentifier: string | undefined;
  authorityKeyIdentifier: string | undefined;
  dnsNames: readonly string[];
  ipAddresses: readonly string[];
}

export const noExtensions: CertificateExtensions = {
  isAuthority: false,
  pathLength: undefined,
  keyUsages: undefined,
  extendedKeyUsages: undefined,
  subjectKeyIdentifier: undefined,
  authorityKeyIdentifier: undefined,
  dnsNames: [],
  ipAddresses: [],
};

type Reading = Partial<CertificateExtensions> | undefined;

interface ExtensionReader {
  readonly name: string;
  /** @param value what the extension's OCTET STRING holds; undefined is returned for a malformed one */
  readonly read: (value: Buffer) => Reading;
}

const readers: Readonly<Record<string, ExtensionReader>> = {
  '2.5.29.14': { name: 'subjectKeyIdentifier', read: subjectKeyIdentifier },
  '2.5.29.15': { name: 'keyUsage', read: keyUsage },
  '2.5.29.17': { name: 'subjectAltName', read: subjectAlternativeName },
  '2.5.29.19': { name: 'basicConstraints', read: basicConstraints },
  '2.5.29.35': { name: 'authorityKeyIdentifier', read: authorityKeyIdentifier },
  '2.5.29.37': { name: 'extKeyUsage', read: extendedKeyUsage },
};

/**
 * @param list the `Extensions` SEQUENCE
 * @returns the extensions, or a clause that says which one is malformed or there twice: Go refuses both
 */
export function readExtensions(bytes: Buffer, list: Element): CertificateExtensions | string {
  const extensions: CertificateExtensions = { ...noExtensions };
  const seen = new Set<string>();
  for (const element of readChildren(bytes, list) ?? [undefined]) {
    const extension = element?.tag === tag.sequence ? readExtension(bytes, element) : undefined;
    if (extension === undefined) return 'has malformed extensions';
    const reader = readers[extension.identifier];
    if (seen.has(extension.identifier)) return `has the extension ${reader?.name ?? extension.identifier} twice`;
    seen.add(extension.identifier);
    const reading = reader === undefined ? {} : reader.read(extension.value);
    if (reading === undefined) return `has a malformed ${reader?.name ?? extension.identifier} extension`;
    Object.assign(extensions, reading);
  }
  return extensions;
}

/** Extension ::= SEQUENCE { extnID, critical DEFAULT FALSE, extnValue OCTET STRING } */
function readExtension(bytes: Buffer, element: Element): { identifier: string; value: Buffer } | undefined {
  const parts = readChildren(bytes, element) ?? [];
  const [type, value] = [parts[0], parts.at(-1)];
  const hasCritical = parts.length === 3 && parts[1]?.tag === tag.boolean;
  if (type === undefined || value?.tag !== tag.octetString || !(parts.length === 2 || hasCritical)) return undefined;
  const identifier = objectIdentifier(bytes, type);
  return identifier === undefined ? undefined : { identifier, value: contentOf(bytes, value) };
}

function subjectKeyIdentifier(value: Buffer): Reading {
  const identifier = readWhole(value, tag.octetString);
  return identifier && { subjectKeyIdentifier: contentOf(value, identifier).toString('hex') };
}

/** Only the keyIdentifier `[0]` is kept: it is what Go compares (products 2.1). */
function authorityKeyIdentifier(value: Buffer): Reading {
  const sequence = readWhole(value, tag.sequence);
  const parts = sequence && readChildren(value, sequence);
  if (parts === undefined) return undefined;
  const identifier = parts.find((part) => part.tag === tag.context(0));
  return { authorityKeyIdentifier: identifier && contentOf(value, identifier).toString('hex') };
}

/** Bit n of the BIT STRING, counted from the left, is the n-th name of RFC 5280 4.2.1.3. */
const keyUsageNames = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

function keyUsage(value: Buffer): Reading {
  const element = readWhole(value, tag.bitString);
  const flags = element && bitString(value, element);
  if (flags === undefined) return undefined;
  const isSet = (bit: number): boolean => (((flags.bits[bit >> 3] ?? 0) << (bit & 7)) & 0x80) !== 0;
  return { keyUsages: keyUsageNames.filter((_, bit) => isSet(bit)) };
}

const extendedKeyUsageNames: Readonly<Record<string, string>> = {
  '1.3.6.1.5.5.7.3.1': 'serverAuth',
  '1.3.6.1.5.5.7.3.2': 'clientAuth',
};

function extendedKeyUsage(value: Buffer): Reading {
  const sequence = readWhole(value, tag.sequence);
  const usages: string[] = [];
  for (const element of (sequence && readChildren(value, sequence)) ?? [undefined]) {
    const identifier = element && objectIdentifier(value, element);
    if (identifier === undefined) return undefined;
    usages.push(extendedKeyUsageNames[identifier] ?? identifier);
  }
  return { extendedKeyUsages: usages };
}

/** BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL } */
function basicConstraints(value: Buffer): Reading {
  const sequence = readWhole(value, tag.sequence);
  const parts = sequence && readChildren(value, sequence);
  if (parts === undefined || parts.length > 2) return undefined;
  const first = parts[0];
  if (first?.tag !== tag.boolean) return { isAuthority: false };
  const flag = contentOf(value, first);
  // X.690 11.1: TRUE is 0xff and nothing else.
  if (flag.length !== 1 || (flag[0] !== 0xff && flag[0] !== 0)) return undefined;
  return { isAuthority: flag[0] === 0xff, pathLength: parts[1] && pathLength(value, parts[1]) };
}

/** No file of authorities is as long as what does not fit into one octet: that is no limit. */
function pathLength(value: Buffer, element: Element): number | undefined {
  const content = contentOf(value, element);
  return element.tag === tag.integer && content.length === 1 ? content[0] : undefined;
}

/** Of the nine kinds of GeneralName only the two that TLS servers are checked against. */
function subjectAlternativeName(value: Buffer): Reading {
  const sequence = readWhole(value, tag.sequence);
  const names = sequence && readChildren(value, sequence);
  if (names === undefined) return undefined;
  const dnsNames: string[] = [];
  const ipAddresses: string[] = [];
  for (const name of names) {
    const content = contentOf(value, name);
    if (name.tag === tag.context(2)) {
      if (!content.every((octet) => octet < 0x80)) return undefined;
      dnsNames.push(content.toString('latin1'));
    } else if (name.tag === tag.context(7)) {
      const address = addressText(content);
      if (address === undefined) return undefined;
      ipAddresses.push(address);
    }
  }
  return { dnsNames, ipAddresses };
}

/** The `Extensions` SEQUENCE inside the `[3] EXPLICIT` field of a TBSCertificate. */
export function extensionList(bytes: Buffer, field: Element): Element | undefined {
  return readOnlyChild(bytes, field, tag.sequence);
}
