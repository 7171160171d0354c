import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parseCertificates, type Certificate } from '../../src/x509/certificate.ts';
import { openssl } from '../fixtures/openssl.ts';
import { inScratch, newKey, signCertificates, type CertificateWish, type KeyAlgorithm } from '../fixtures/sign.ts';
import { opensslFields } from './openssl-fields.ts';

const year2026 = { notBefore: Date.parse('2026-03-01T00:00:00Z'), notAfter: Date.parse('2027-03-01T11:22:33Z') };

function only(pem: string): Certificate {
  const certificates = parseCertificates(Buffer.from(pem));
  if (!certificates.ok) throw new Error(certificates.problems.join('; '));
  const [certificate, ...others] = certificates.value;
  if (certificate === undefined || others.length > 0) throw new Error('not one certificate');
  return certificate;
}

function selfSigned(wish: Partial<CertificateWish>, algorithm: KeyAlgorithm = 'ec', validity = year2026): string {
  const whole = { subject: '/CN=rke2-server-ca@1767225600', key: newKey(algorithm), extensions: [], ...wish };
  return signCertificates([whole], { key: whole.key }, validity, 7n)[0] ?? '';
}

const agreesWithOpenssl = test.macro((t, pem: () => string) => {
  const text = pem();
  const { x509, ...certificate } = only(text);
  t.like(certificate, opensslFields(text));
  // The second oracle, for what both can say.
  const oracle = new X509Certificate(text);
  t.deepEqual(certificate.der, oracle.raw);
  t.deepEqual(certificate.spkiDer, oracle.publicKey.export({ format: 'der', type: 'spki' }));
  t.is(certificate.notAfter, Date.parse(oracle.validTo));
  t.is(x509.fingerprint256, oracle.fingerprint256);
});

for (const algorithm of ['ec', 'ec384', 'rsa'] as const) {
  test(`parseCertificates reads what openssl reads of an authority with an ${algorithm} key`, agreesWithOpenssl, () =>
    selfSigned(
      {
        extensions: [
          'keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign',
          'basicConstraints=critical,CA:TRUE',
          'subjectKeyIdentifier=hash',
        ],
      },
      algorithm,
    ),
  );
}

test('parseCertificates reads what openssl reads of a server leaf with many names', agreesWithOpenssl, () => {
  const key = newKey('ec');
  const extensions = [
    'basicConstraints=critical,CA:TRUE',
    'subjectKeyIdentifier=hash',
    'keyUsage=critical,keyCertSign,cRLSign',
  ];
  const wish = { subject: '/CN=rke2-server-ca@1767225600', key, extensions };
  const [certificate = ''] = signCertificates([wish], { key }, year2026, 0n);
  const names = [
    'DNS:kubernetes',
    'DNS:kubernetes.default.svc.cluster.local',
    'DNS:*.example.com',
    'IP:127.0.0.1',
    'IP:::1',
    'IP:2001:db8:0:0:1:0:0:1',
    'IP:fe80::',
    'IP:2001:db8::1:0:0:0:1',
    'URI:spiffe://cluster.local/ns/x',
    'email:someone@example.com',
  ];
  const leaf = {
    subject: '/O=system:masters/O=other/CN=kube-apiserver',
    key: newKey('ec'),
    extensions: [
      'keyUsage=critical,digitalSignature,keyEncipherment',
      'extendedKeyUsage=serverAuth,clientAuth,codeSigning',
      `subjectAltName=${names.join(',')}`,
    ],
  };
  return signCertificates([leaf], { certificate, key }, year2026, 0x7fff_ffff_ffff_ffffn)[0] ?? '';
});

test('parseCertificates reads what openssl reads when there are no extensions at all', agreesWithOpenssl, () =>
  selfSigned({}),
);

test('parseCertificates reads every key usage flag, the ninth in a second octet included', agreesWithOpenssl, () =>
  selfSigned({
    extensions: [
      'keyUsage=digitalSignature,nonRepudiation,keyEncipherment,dataEncipherment,keyAgreement,keyCertSign,cRLSign,encipherOnly,decipherOnly',
    ],
  }),
);

test('parseCertificates does not take extended usages for usages, nor a missing keyCertSign for no authority', (t) => {
  // What X509Certificate.keyUsage and X509Certificate.ca do.
  const certificate = only(
    selfSigned({
      extensions: ['keyUsage=digitalSignature', 'extendedKeyUsage=anyExtendedKeyUsage', 'basicConstraints=CA:TRUE'],
    }),
  );
  t.deepEqual(certificate.keyUsages, ['digitalSignature']);
  t.deepEqual(certificate.extendedKeyUsages, ['2.5.29.37.0']);
  t.true(certificate.isAuthority);
  t.false(new X509Certificate(certificate.der).ca);
});

for (const [from, to] of [
  ['1950-01-01T00:00:00Z', '2049-12-31T23:59:59Z'],
  ['2049-12-31T23:59:59Z', '2050-01-01T00:00:00Z'],
  ['2026-02-28T23:59:59Z', '9999-12-31T23:59:59Z'],
] as const) {
  test(`parseCertificates reads the times ${from} and ${to} as openssl does`, agreesWithOpenssl, () =>
    selfSigned({}, 'ec', { notBefore: Date.parse(from), notAfter: Date.parse(to) }),
  );
}

test('parseCertificates reads names in UTF8String, BMPString and T61String', (t) => {
  for (const [mask, name] of [
    ['MASK:0x2000', 'Zürich@1767225600'],
    ['MASK:0x0800', 'Zürich 東京'],
    ['MASK:0x0004', 'Zürich'],
  ] as const) {
    const pem = withStringMask(mask, `/O=Förderverein/CN=${name}`);
    const certificate = only(pem);
    t.is(certificate.commonName, name, mask);
    t.deepEqual(certificate.organizations, ['Förderverein'], mask);
    t.is(certificate.issuerCommonName, name, mask);
  }
});

test('parseCertificates takes the last of several common names, as Go does', (t) => {
  const { commonName } = only(selfSigned({ subject: '/CN=first/CN=second' }));
  t.is(commonName, 'second');
});

test('parseCertificates reads a file with a chain, text, other blocks and CRLF line ends', (t) => {
  const [leaf, authority] = [selfSigned({ subject: '/CN=leaf' }), selfSigned({})];
  const text = `subject=CN = leaf\n${leaf}${newKey('ec')}\nissuer text\n${authority}\n\n`;
  for (const file of [text, text.replaceAll('\n', '\r\n')]) {
    const certificates = parseCertificates(Buffer.from(file));
    t.deepEqual(certificates.ok && certificates.value.map(({ commonName }) => commonName), [
      'leaf',
      'rke2-server-ca@1767225600',
    ]);
  }
});

test('parseCertificates gives the same object for a certificate that was met before', (t) => {
  const [leaf, authority] = [selfSigned({ subject: '/CN=leaf' }), selfSigned({})];
  const memory = new Map();
  const chain = parseCertificates(Buffer.from(leaf + authority), memory);
  const alone = parseCertificates(Buffer.from(authority), memory);
  t.true(chain.ok && alone.ok && chain.value[1] === alone.value[0]);
});

test('parseCertificates agrees with openssl about every authority that this machine trusts', (t) => {
  const bundle = '/etc/ssl/certs/ca-certificates.crt';
  let bytes: Buffer;
  try {
    bytes = readFileSync(bundle);
  } catch {
    t.pass('this machine has no such bundle');
    return;
  }
  const certificates = parseCertificates(bytes);
  t.true(certificates.ok);
  if (!certificates.ok) return;
  for (const { x509, notAfter, isAuthority, commonName } of certificates.value) {
    t.is(notAfter, Date.parse(x509.validTo), commonName);
    t.true(isAuthority || x509.toLegacyObject().ca, commonName);
  }
});

function withStringMask(mask: string, subject: string): string {
  return inScratch((directory) => {
    const [configuration, key] = [join(directory, 'cnf'), join(directory, 'key')];
    writeFileSync(configuration, `[req]\ndistinguished_name=dn\nprompt=no\nstring_mask=${mask}\n[dn]\n`);
    writeFileSync(key, newKey('ec'), { mode: 0o600 });
    return openssl(['req', '-x509', '-new', '-config', configuration, '-key', key, '-utf8', '-subj', subject]);
  });
}
