import test from 'ava';
import fc from 'fast-check';
import { X509Certificate } from 'node:crypto';
import { isIPv4, isIPv6 } from 'node:net';
import type { Identity } from '../../src/layout/entry.ts';
import { ipOctets } from '../../src/x509/general-name.ts';
import { issueLeaf } from '../../src/issue/issue-leaf.ts';
import { openssl } from '../fixtures/openssl.ts';
import { certificatesOf, now, opensslAuthority, withFiles } from './make-authority.ts';

const authority = opensslAuthority();

function issue(identity: Identity): Buffer {
  return issueLeaf({
    authority,
    identity,
    extendedKeyUsages: ['serverAuth'],
    chainInFile: false,
    now,
    validityDays: 365,
  }).certificatePem;
}

const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 64 });
const dnsName = fc.oneof(
  fc.domain(),
  fc.domain().map((name) => `*.${name}`),
  fc.constantFrom('localhost', 'kine.sock', 'Node-1'),
);
const ipAddress = fc.oneof(fc.ipV4(), fc.ipV6());
const identities = fc.record({
  commonName: word,
  organizations: fc.uniqueArray(word, { maxLength: 20 }),
  dnsNames: fc.uniqueArray(dnsName, { maxLength: 100 }),
  ipAddresses: fc.uniqueArray(ipAddress, { maxLength: 60 }),
});

/** What node:crypto and OpenSSL below it make of the addresses of a certificate, as octets in hexadecimal. */
function addressesOf(certificate: X509Certificate): string[] {
  return [...(certificate.subjectAltName ?? '').matchAll(/IP Address:([\dA-Fa-f.:]+)/g)].map(([, text = '']) =>
    text.includes('.')
      ? Buffer.from(text.split('.').map(Number)).toString('hex')
      : text
          .split(':')
          .map((group) => group.padStart(4, '0').toLowerCase())
          .join(''),
  );
}

/** An independent reading of an address: the platform's URL parser for IPv6 (WHATWG URL, host serializer). */
function expectedOctets(address: string): string {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number)).toString('hex');
  const compressed = new URL(`http://[${address}]/`).hostname.slice(1, -1);
  const [head = '', tail] = compressed.split('::');
  const groups = (text: string): string[] =>
    text === '' ? [] : text.split(':').map((group) => group.padStart(4, '0'));
  const [front, back] = [groups(head), groups(tail ?? '')];
  const all = [...front, ...Array<string>(8 - front.length - back.length).fill('0000'), ...back].join('');
  return all.startsWith('00000000000000000000ffff') ? all.slice(24) : all;
}

test('issueLeaf round-trips every identity through X509Certificate', (t) => {
  fc.assert(
    fc.property(identities, (identity) => {
      const certificate = new X509Certificate(issue(identity));
      const legacy = certificate.toLegacyObject().subject;
      t.is(String(legacy.CN), identity.commonName);
      t.deepEqual([legacy.O ?? []].flat().sort(), [...identity.organizations].sort());
      const dnsNames = [...(certificate.subjectAltName ?? '').matchAll(/DNS:([^,\s"]+)/g)].map((match) => match[1]);
      t.deepEqual(dnsNames, identity.dnsNames);
      t.deepEqual(addressesOf(certificate), identity.ipAddresses.map(expectedOctets));
    }),
    { numRuns: 60 },
  );
});

test('issueLeaf round-trips every identity through what the inventory reads', (t) => {
  fc.assert(
    fc.property(identities, (identity) => {
      const [leaf] = certificatesOf(issue(identity));
      t.is(leaf?.commonName, identity.commonName);
      t.deepEqual([...(leaf?.organizations ?? [])].sort(), [...identity.organizations].sort());
      t.deepEqual(leaf?.dnsNames, identity.dnsNames);
      t.deepEqual(
        leaf?.ipAddresses.map((text) => ipOctets(text)?.toString('hex')),
        identity.ipAddresses.map(expectedOctets),
      );
    }),
    { numRuns: 60 },
  );
});

test('issueLeaf writes PrintableString where it suffices and UTF8String elsewhere, organizations before the common name', (t) => {
  const identity = { commonName: 'nœud@1', organizations: ['system:nodes', 'a&b'], dnsNames: [], ipAddresses: [] };
  withFiles([issue(identity)], (file) => {
    const subject = openssl(['x509', '-in', file, '-noout', '-subject', '-nameopt', 'show_type,sep_comma_plus,utf8']);
    t.is(subject.trim(), 'subject=O=UTF8STRING:a&b+O=PRINTABLESTRING:system:nodes,CN=UTF8STRING:nœud@1');
  });
});

test('issueLeaf writes one O and one CN as Go does for system:masters', (t) => {
  const identity = { commonName: 'system:admin', organizations: ['system:masters'], dnsNames: [], ipAddresses: [] };
  withFiles([issue(identity)], (file) => {
    const subject = openssl(['x509', '-in', file, '-noout', '-subject', '-nameopt', 'show_type,sep_comma_plus']);
    t.is(subject.trim(), 'subject=O=PRINTABLESTRING:system:masters,CN=PRINTABLESTRING:system:admin');
  });
});

test('ipOctets takes exactly the texts that the platform takes for addresses', (t) => {
  const nearAddress = fc.stringMatching(/^[0-9a-fA-F:.%]{0,20}$/);
  fc.assert(
    fc.property(fc.oneof(nearAddress, ipAddress, fc.string()), (text) => {
      const known = !text.includes('%') && (isIPv4(text) || isIPv6(text));
      if (!text.includes('%')) t.is(ipOctets(text)?.toString('hex'), known ? expectedOctets(text) : undefined);
    }),
    { numRuns: 2000 },
  );
});

test('ipOctets reads forms that fast-check does not make', (t) => {
  const hexadecimal = (text: string): string | undefined => ipOctets(text)?.toString('hex');
  t.is(hexadecimal('::'), '00'.repeat(16));
  t.is(hexadecimal('::ffff:192.0.2.1'), 'c0000201');
  t.is(hexadecimal('64:ff9b::192.0.2.1'), '0064ff9b0000000000000000c0000201');
  t.is(hexadecimal('fe80::1%eth0'), `fe80${'00'.repeat(13)}01`);
  for (const text of [
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '1::2::3',
    ':::',
    '1:2:3:4:5:6:7:8:9',
    '1.2.3.4::',
    'node-1',
    '%',
  ])
    t.is(ipOctets(text), undefined, text);
});
