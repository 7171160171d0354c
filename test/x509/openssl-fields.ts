import { openssl } from '../fixtures/openssl.ts';

/** The fields of one certificate as the openssl CLI reads them, in the form that the inventory has them. */
export interface OpensslFields {
  readonly subjectDer: Buffer;
  readonly issuerDer: Buffer;
  readonly spkiDer: Buffer;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly serialHex: string;
  readonly fingerprint256: string;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly keyUsages: readonly string[] | undefined;
  readonly extendedKeyUsages: readonly string[] | undefined;
  readonly isAuthority: boolean;
  readonly subjectKeyIdentifier: string | undefined;
  readonly authorityKeyIdentifier: string | undefined;
}

export function opensslFields(pem: string): OpensslFields {
  const x509 = (...arguments_: readonly string[]): string => openssl(['x509', '-noout', ...arguments_], pem);
  const extension = (name: string): string => x509('-ext', name).split('\n').slice(1).join('\n').trim();
  const after = (text: string): string => text.slice(text.indexOf('=') + 1).trim();
  const instant = (option: string): number => Date.parse(after(x509(option, '-dateopt', 'iso_8601')).replace(' ', 'T'));
  const hexadecimal = (text: string): string => text.replaceAll(/[^0-9A-F]/g, '').toLowerCase();
  const list = (name: string): readonly string[] =>
    extension(name)
      .split(/,\s*/)
      .map((item) => item.trim())
      .filter((item) => item !== '');
  const names = list('subjectAltName');
  const usages = list('keyUsage').map((name) => keyUsageNames[name] ?? name);
  const purposes = list('extendedKeyUsage').map((name) => purposeNames[name] ?? name);
  const subjectKey = extension('subjectKeyIdentifier');
  const authorityKey = extension('authorityKeyIdentifier')
    .split('\n')
    .find((line) => !/DirName|serial/.test(line));
  return {
    ...outline(pem),
    notBefore: instant('-startdate'),
    notAfter: instant('-enddate'),
    serialHex: after(x509('-serial')).toLowerCase(),
    fingerprint256: hexadecimal(after(x509('-fingerprint', '-sha256'))),
    dnsNames: names.filter((name) => name.startsWith('DNS:')).map((name) => name.slice(4)),
    ipAddresses: names
      .filter((name) => name.startsWith('IP Address:'))
      .map((name) => canonical(name.slice('IP Address:'.length))),
    keyUsages: usages.length === 0 ? undefined : usages,
    extendedKeyUsages: purposes.length === 0 ? undefined : purposes,
    isAuthority: extension('basicConstraints').includes('CA:TRUE'),
    subjectKeyIdentifier: subjectKey === '' ? undefined : hexadecimal(subjectKey),
    authorityKeyIdentifier: authorityKey === undefined || authorityKey === '' ? undefined : hexadecimal(authorityKey),
  };
}

/** Raw DER by the offsets that `asn1parse` prints for the second level. */
function outline(pem: string): Pick<OpensslFields, 'subjectDer' | 'issuerDer' | 'spkiDer'> {
  const der = Buffer.from(/-----BEGIN CERTIFICATE-----([^-]+)/.exec(pem)?.[1] ?? '', 'base64');
  const slices = openssl(['asn1parse'], pem)
    .split('\n')
    .map((line) => /^ *(\d+):d=2 +hl=(\d) +l= *(\d+) cons: SEQUENCE/.exec(line))
    .filter((match) => match !== null)
    .map(([, offset, header, length]) =>
      der.subarray(Number(offset), Number(offset) + Number(header) + Number(length)),
    );
  const [, issuerDer, , subjectDer, spkiDer] = slices;
  if (issuerDer === undefined || subjectDer === undefined || spkiDer === undefined) throw new Error('no certificate');
  return { issuerDer, subjectDer, spkiDer };
}

/** openssl does not shorten IPv6 addresses; the URL standard's serialiser does, by the rules of RFC 5952. */
function canonical(address: string): string {
  return address.includes(':') ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address;
}

const keyUsageNames: Readonly<Record<string, string>> = {
  'Digital Signature': 'digitalSignature',
  'Non Repudiation': 'nonRepudiation',
  'Key Encipherment': 'keyEncipherment',
  'Data Encipherment': 'dataEncipherment',
  'Key Agreement': 'keyAgreement',
  'Certificate Sign': 'keyCertSign',
  'CRL Sign': 'cRLSign',
  'Encipher Only': 'encipherOnly',
  'Decipher Only': 'decipherOnly',
};

const purposeNames: Readonly<Record<string, string>> = {
  'TLS Web Server Authentication': 'serverAuth',
  'TLS Web Client Authentication': 'clientAuth',
  'Code Signing': '1.3.6.1.5.5.7.3.3',
  'Any Extended Key Usage': '2.5.29.37.0',
};
