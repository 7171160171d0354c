import test from 'ava';
import { parseCertificateDer, parseCertificates } from '../../src/x509/certificate.ts';
import type { Parsed } from '../../src/x509/parsed.ts';
import { newKey, signCertificates } from '../fixtures/sign.ts';

const validity = { notBefore: Date.parse('2026-03-01T00:00:00Z'), notAfter: Date.parse('2027-03-01T00:00:00Z') };

function authority(): string {
  const wish = {
    subject: '/CN=rke2-server-ca@1767225600',
    key: newKey('ec'),
    extensions: [
      'basicConstraints=critical,CA:TRUE',
      'subjectAltName=IP:127.0.0.1,DNS:kubernetes',
      'keyUsage=keyCertSign',
    ],
  };
  return signCertificates([wish], { key: wish.key }, validity, 5n)[0] ?? '';
}

const pem = authority();
const der = Buffer.from(/-----BEGIN [^-]+-----([^-]+)/.exec(pem)?.[1] ?? '', 'base64');

function problems(parsed: Parsed<unknown>): readonly string[] {
  return parsed.ok || parsed.missing ? [] : parsed.problems;
}

/** A copy of the certificate in which the first occurrence of some bytes is replaced by as many others. */
function bent(from: string, to: string): Buffer {
  const copy = Buffer.from(der);
  const at = copy.indexOf(Buffer.from(from, 'hex'));
  if (at === -1 || from.length !== to.length) throw new Error(`${from} cannot become ${to}`);
  copy.set(Buffer.from(to, 'hex'), at);
  return copy;
}

/** The same for the last occurrence. */
function bentLast(from: string, to: string): Buffer {
  const copy = Buffer.from(der);
  copy.set(Buffer.from(to, 'hex'), copy.lastIndexOf(Buffer.from(from, 'hex')));
  return copy;
}

const isDamaged = test.macro((t, input: string | Buffer, expected: RegExp) => {
  const found = problems(parseCertificates(Buffer.from(input)));
  t.is(found.length, 1);
  t.regex(found[0] ?? '', expected);
});

test('parseCertificates calls an empty file damaged, not missing', isDamaged, '', /^is empty$/);
test('parseCertificates tells DER from PEM', isDamaged, der, /^is DER where PEM is expected$/);
test(
  'parseCertificates tells what a power cut leaves: zero bytes',
  isDamaged,
  Buffer.alloc(900),
  /^is 900 zero bytes$/,
);
test('parseCertificates finds nothing in binary data', isDamaged, Buffer.alloc(900, 0xa5), /^holds no PEM block$/);
test('parseCertificates finds nothing in text', isDamaged, 'not yet\n', /^holds no PEM block$/);
test('parseCertificates finds no certificate in a key file', isDamaged, newKey('ec'), /first block is EC PRIVATE KEY$/);
test('parseCertificates finds a truncated block', isDamaged, pem.slice(0, 200), /^block 1 \(CERTIFICATE\) has no END/);
test(
  'parseCertificates finds a block cut in its first line',
  isDamaged,
  '-----BEGIN CERTIF',
  /^block 1 has a broken BEGIN/,
);
test(
  'parseCertificates finds a second block that is cut',
  isDamaged,
  pem + pem.slice(0, 300),
  /^block 2 .* no END line$/,
);
test(
  'parseCertificates finds a block that ends as something else',
  isDamaged,
  pem.replace('END CERTIFICATE', 'END X509 CRL'),
  /^block 1 \(CERTIFICATE\) has no END line$/,
);
test(
  'parseCertificates finds bad base64',
  isDamaged,
  pem.replace('MII', 'MI!'),
  /^block 1 \(CERTIFICATE\) is not valid base64$/,
);
test(
  'parseCertificates finds a certificate that is no certificate',
  isDamaged,
  `-----BEGIN CERTIFICATE-----\n${Buffer.alloc(96, 0xa5).toString('base64')}\n-----END CERTIFICATE-----\n`,
  /^block 1 \(CERTIFICATE\) is not one whole DER certificate$/,
);
test(
  'parseCertificates does not print what a hostile file calls its block',
  isDamaged,
  '-----BEGIN \u001b[2J-----\n\n-----END \u001b[2J-----\n',
  /^holds no certificate, its first block is of another kind$/,
);
test(
  'parseCertificates leaves out a block with headers, as the products do',
  isDamaged,
  pem.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\n\n'),
  /^holds no certificate, its first block is CERTIFICATE$/,
);

test('parseCertificates names every damaged block of a file', (t) => {
  const bad = pem.replace('MII', 'MI!');
  t.deepEqual(problems(parseCertificates(Buffer.from(bad + pem + bad))), [
    'block 1 (CERTIFICATE) is not valid base64',
    'block 3 (CERTIFICATE) is not valid base64',
  ]);
});

test('parseCertificates refuses an authority whose public point is not on its curve, which openssl loads', (t) => {
  const copy = Buffer.from(der);
  // BIT STRING of 66 octets, none unused, uncompressed: the point follows.
  const at = copy.indexOf(Buffer.from('03420004', 'hex'));
  copy[at + 10] = (copy[at + 10] ?? 0) ^ 1;
  const text = `-----BEGIN CERTIFICATE-----\n${copy.toString('base64')}\n-----END CERTIFICATE-----\n`;
  t.deepEqual(problems(parseCertificates(Buffer.from(text))), ['block 1 (CERTIFICATE) is refused by openssl']);
  t.true(parseCertificateDer(copy).ok);
});

for (const [what, input, expected] of [
  ['bytes after the certificate', Buffer.concat([der, Buffer.of(0)]), /^is not one whole DER certificate$/],
  ['a certificate without its last byte', der.subarray(0, -1), /^is not one whole DER certificate$/],
  [
    'an indefinite length',
    Buffer.concat([Buffer.of(0x30, 0x80), der.subarray(4), Buffer.of(0, 0)]),
    /^is not one whole/,
  ],
  [
    'an address of three octets',
    bent('87047f000001820a', '87037f0000820b78'),
    /^has a malformed subjectAltName extension$/,
  ],
  ['a name with its high bit set', bent('820a6b7562', '820aeb7562'), /^has a malformed subjectAltName extension$/],
  ['two signature algorithms', bentLast('2a8648ce3d040302', '2a8648ce3d040303'), /^names two signature algorithms$/],
  [
    'a truth that is neither true nor false',
    bent('30030101ff', '3003010155'),
    /^has a malformed basicConstraints extension$/,
  ],
  ['an extension that is there twice', bent('0603551d0f', '0603551d13'), /^has the extension basicConstraints twice$/],
  ['a month that does not exist', bent('3236303330313030', '3236313330313030'), /^has a malformed validity$/],
  ['a thirtieth of February', bent('3236303330313030', '3236303233303030'), /^has a malformed validity$/],
  ['a time with an offset', bent('3030303030305a', '30302b30313030'), /^has a malformed validity$/],
  ['a common name that is not UTF-8', bent('726b65322d73', 'ff6b65322d73'), /^has a malformed (subject|issuer)$/],
] as const) {
  test(`parseCertificateDer refuses ${what}`, (t) => {
    const found = problems(parseCertificateDer(input));
    t.is(found.length, 1);
    t.regex(found[0] ?? '', expected);
  });
}

for (const [what, input] of [
  ['a megabyte of BEGIN lines', '-----BEGIN CERTIFICATE-----\n'.repeat(37_000)],
  ['a megabyte of empty blocks', '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n'.repeat(19_000)],
  ['a megabyte of dashes', '-'.repeat(1_000_000)],
  [
    'a megabyte of line breaks in a block',
    `-----BEGIN CERTIFICATE-----${'\n'.repeat(1_000_000)}-----END CERTIFICATE-----`,
  ],
  ['a megabyte of base64', `-----BEGIN CERTIFICATE-----\n${'MIID'.repeat(250_000)}\n-----END CERTIFICATE-----\n`],
] as const) {
  test(`parseCertificates does not hang on ${what}`, (t) => {
    t.false(parseCertificates(Buffer.from(input)).ok);
  });
}

test('parseCertificateDer does not hang on a megabyte of tiny elements', (t) => {
  const content = Buffer.alloc(1_000_000);
  for (let at = 0; at < content.length; at += 2) content[at] = 0x30;
  t.false(parseCertificateDer(Buffer.concat([Buffer.from('30830f4240', 'hex'), content])).ok);
});
