import test from 'ava';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import type { Identity } from '../../src/layout/entry.ts';
import { CertmendError } from '../../src/error.ts';
import { issueLeaf, type IssuedLeaf, type IssueRequest } from '../../src/issue/issue-leaf.ts';
import {
  openssl,
  opensslExtension,
  opensslFingerprint,
  opensslKeyFits,
  opensslText,
  opensslValidity,
  opensslVerify,
} from '../fixtures/openssl.ts';
import { newKey, pemBlocks, signCertificates, type Validity } from '../fixtures/sign.ts';
import { authorityExtensions } from '../fixtures/authorities.ts';
import { day, hour } from '../fixtures/tree.ts';
import {
  asMaterial,
  certificatesOf,
  now,
  opensslAuthority,
  rotatedAuthority,
  withFiles,
  type OpensslAuthority,
} from './make-authority.ts';

const apiServer: Identity = {
  commonName: 'kube-apiserver',
  organizations: [],
  dnsNames: ['localhost', 'node-1', 'kubernetes.default.svc.cluster.local', '*.apps.example.com'],
  ipAddresses: ['127.0.0.1', '::1', '10.0.0.11', '2001:db8::a'],
};

const admin: Identity = {
  commonName: 'system:admin',
  organizations: ['system:masters'],
  dnsNames: [],
  ipAddresses: [],
};

const ec = opensslAuthority();

function issue(authority: OpensslAuthority, wish: Partial<IssueRequest> = {}): IssuedLeaf {
  return issueLeaf({
    authority,
    identity: apiServer,
    extendedKeyUsages: ['serverAuth'],
    chainInFile: true,
    now,
    validityDays: 365,
    ...wish,
  });
}

/** `openssl req -x509` writes names as UTF8String, and its clock is the machine's. */
function selfSigned(keyFile: string, subject: string): string[] {
  const extensions = authorityExtensions.flatMap((extension) => ['-addext', extension]);
  return ['req', '-x509', '-new', '-key', keyFile, '-subj', subject, '-utf8', '-days', '7300', ...extensions];
}

const authorities = {
  'EC P-256': ec,
  'EC P-384': opensslAuthority({ algorithm: 'ec384' }),
  'RSA 2048': opensslAuthority({ algorithm: 'rsa' }),
  'a chain of four': rotatedAuthority(),
};

for (const [name, authority] of Object.entries(authorities)) {
  test(`issueLeaf under ${name} makes a leaf that openssl accepts for its purpose, now and in 360 days`, (t) => {
    const server = issue(authority);
    const client = issue(authority, { identity: admin, extendedKeyUsages: ['clientAuth'] });
    withFiles([authority.pem, server.certificatePem, client.certificatePem], (ca, serverFile, clientFile) => {
      for (const at of [now, now + 360 * day]) {
        for (const host of ['node-1', 'x.apps.example.com', '10.0.0.11', '2001:db8::a']) {
          const answer = opensslVerify({ ca, leafFile: serverFile, purpose: 'sslserver', at, host });
          t.true(answer.ok, answer.output);
        }
        const answer = opensslVerify({ ca, leafFile: clientFile, purpose: 'sslclient', at });
        t.true(answer.ok, answer.output);
      }
      t.false(opensslVerify({ ca, leafFile: serverFile, purpose: 'sslclient', at: now }).ok);
      t.false(opensslVerify({ ca, leafFile: clientFile, purpose: 'sslserver', at: now }).ok);
      t.false(opensslVerify({ ca, leafFile: serverFile, purpose: 'sslserver', at: now + 366 * day }).ok);
    });
  });

  test(`issueLeaf under ${name} copies issuer and key identifier and puts the whole chain into the file`, (t) => {
    const [leaf, ...rest] = certificatesOf(issue(authority).certificatePem);
    const [issuer] = authority.certificates;
    t.deepEqual(leaf?.issuerDer, issuer?.subjectDer);
    t.is(leaf?.authorityKeyIdentifier, issuer?.subjectKeyIdentifier);
    t.is(pemBlocks(issue(authority).certificatePem.toString()).slice(1).join(''), authority.pem);
    t.is(rest.length, authority.certificates.length);
  });
}

test('issueLeaf writes the extensions of the product and no others', (t) => {
  const both = issue(ec, { extendedKeyUsages: ['serverAuth', 'clientAuth'] });
  const client = issue(ec, { identity: admin, extendedKeyUsages: ['clientAuth'] });
  withFiles([both.certificatePem, client.certificatePem], (bothFile, clientFile) => {
    const names = (text: string): string[] =>
      [...text.matchAll(/^ {12}X509v3 ([^:]+): ?(critical)?/gm)].map(
        (match) => `${match[1] ?? ''}${match[2] === undefined ? '' : ' critical'}`,
      );
    t.deepEqual(names(opensslText(bothFile)), [
      'Key Usage critical',
      'Extended Key Usage',
      'Authority Key Identifier',
      'Subject Alternative Name',
    ]);
    t.deepEqual(names(opensslText(clientFile)), [
      'Key Usage critical',
      'Extended Key Usage',
      'Authority Key Identifier',
    ]);
    t.regex(opensslExtension(bothFile, 'keyUsage'), /^ +Digital Signature, Key Encipherment$/m);
    t.regex(
      opensslExtension(bothFile, 'extendedKeyUsage'),
      /^ +TLS Web Server Authentication, TLS Web Client Authentication$/m,
    );
    t.regex(opensslExtension(clientFile, 'extendedKeyUsage'), /^ +TLS Web Client Authentication$/m);
    t.regex(
      opensslExtension(bothFile, 'subjectAltName'),
      /DNS:localhost, DNS:node-1, .*DNS:\*\.apps\.example\.com, IP Address:127\.0\.0\.1, IP Address:0:0:0:0:0:0:0:1, IP Address:10\.0\.0\.11, IP Address:2001:DB8:0:0:0:0:0:A/,
    );
  });
});

test('issueLeaf makes an EC P-256 key in SEC1 that fits the certificate, version 3, ECDSA without parameters', (t) => {
  const leaf = issue(ec);
  t.regex(leaf.keyPem.toString(), /^-----BEGIN EC PRIVATE KEY-----\n[^-]+-----END EC PRIVATE KEY-----\n$/);
  withFiles([leaf.certificatePem, leaf.keyPem], (certificateFile, keyFile) => {
    t.true(opensslKeyFits(certificateFile, keyFile));
    t.is(opensslFingerprint(certificateFile), leaf.fingerprint256);
    const text = opensslText(certificateFile);
    t.regex(text, /Version: 3 \(0x2\)/);
    t.regex(text, /NIST CURVE: P-256/);
    const structure = openssl(['asn1parse', '-in', certificateFile]);
    t.is([...structure.matchAll(/OBJECT +:ecdsa-with-SHA256\n/g)].length, 2);
    t.notRegex(structure, /ecdsa-with-SHA256\n[^\n]+NULL/);
  });
});

test('issueLeaf takes the signature algorithm that fits the key of the authority', (t) => {
  const algorithm = (authority: OpensslAuthority): string | undefined =>
    withFiles([issue(authority).certificatePem], (file) => /Signature Algorithm: (\S+)/.exec(opensslText(file))?.[1]);
  t.is(algorithm(authorities['EC P-256']), 'ecdsa-with-SHA256');
  t.is(algorithm(authorities['EC P-384']), 'ecdsa-with-SHA384');
  t.is(algorithm(authorities['RSA 2048']), 'sha256WithRSAEncryption');
});

test('issueLeaf keeps the issuer in UTF8String although the letters would allow a PrintableString', (t) => {
  const key = newKey('ec');
  const subject = '/CN=plain letters';
  const printable = opensslAuthority({ subject });
  // The same name once more, as openssl's default mask writes it: UTF8String.
  const utf8 = withFiles([key], (keyFile) => openssl(selfSigned(keyFile, subject)));
  const utf8Authority = asMaterial(utf8, key);
  t.notDeepEqual(utf8Authority.certificates[0]?.subjectDer, printable.certificates[0]?.subjectDer);
  const at = (utf8Authority.certificates[0]?.notBefore ?? 0) + hour;
  for (const [authority, instant] of [
    [utf8Authority, at],
    [printable, now],
  ] as const) {
    const [leaf] = certificatesOf(issue(authority, { now: instant }).certificatePem);
    t.deepEqual(leaf?.issuerDer, authority.certificates[0]?.subjectDer);
  }
});

test('issueLeaf copies a key identifier that is no SHA-1 of the key, as Go 1.25 makes them', (t) => {
  const identifier = '00'.repeat(2) + 'ab'.repeat(18);
  const extensions = [...authorityExtensions.slice(0, 2), `subjectKeyIdentifier=${identifier}`];
  const [leaf] = certificatesOf(issue(opensslAuthority({ extensions })).certificatePem);
  t.is(leaf?.authorityKeyIdentifier, identifier);
});

test('issueLeaf leaves the authority key identifier out when the authority has no key identifier', (t) => {
  const authority = opensslAuthority({ extensions: authorityExtensions.slice(0, 2) });
  const [leaf] = certificatesOf(issue(authority).certificatePem);
  t.is(authority.certificates[0]?.subjectKeyIdentifier, undefined);
  t.is(leaf?.authorityKeyIdentifier, undefined);
});

test('issueLeaf gives serial numbers that are positive, below 2^63 and different', (t) => {
  const serials = Array.from({ length: 40 }, () =>
    BigInt(`0x${new X509Certificate(issue(ec).certificatePem).serialNumber}`),
  );
  t.true(serials.every((serial) => serial > 0n && serial < 1n << 63n));
  t.is(new Set(serials).size, serials.length);
});

test('issueLeaf starts an hour ago and ends after its validity, in whole seconds', (t) => {
  const leaf = issue(ec, { now: now + 789 });
  withFiles([leaf.certificatePem], (file) => {
    t.deepEqual(opensslValidity(file), { notBefore: now - hour, notAfter: now - hour + 365 * day });
  });
  t.deepEqual(
    { notBefore: leaf.notBefore, notAfter: leaf.notAfter },
    { notBefore: now - hour, notAfter: now - hour + 365 * day },
  );
});

test('issueLeaf does not start before its authority', (t) => {
  const notBefore = now - 60_000;
  const leaf = issue(opensslAuthority({ validity: { notBefore, notAfter: now + 3650 * day } }));
  t.is(leaf.notBefore, notBefore);
  t.is(leaf.notAfter, notBefore + 365 * day);
});

test('issueLeaf ends with an authority that ends in 100 days', (t) => {
  const notAfter = now + 100 * day;
  const leaf = issue(opensslAuthority({ validity: { notBefore: now - 3550 * day, notAfter } }));
  t.is(leaf.notAfter, notAfter);
  withFiles([leaf.certificatePem], (file) => {
    t.is(opensslValidity(file).notAfter, notAfter);
  });
});

/** Validities of a root above the signer that change nothing: to a Go peer the signer is an anchor by itself. */
const aboves: Readonly<Record<string, Validity>> = {
  'ends before the signer': { notBefore: now - day, notAfter: now + 200 * day },
  'has ended': { notBefore: now - 90 * day, notAfter: now - day },
  'has not begun': { notBefore: now + 30 * day, notAfter: now + 3000 * day },
};
for (const [name, validity] of Object.entries(aboves)) {
  test(`issueLeaf ends with its year, not with a root that ${name}`, (t) => {
    const [rootKey, key] = [newKey('ec'), newKey('ec')];
    const wish = { subject: '/CN=root', key: rootKey, extensions: authorityExtensions };
    const [root = ''] = signCertificates([wish], { key: rootKey }, validity, 1n);
    const [intermediate = ''] = signCertificates(
      [{ subject: '/CN=intermediate', key, extensions: authorityExtensions }],
      { certificate: root, key: rootKey },
      { notBefore: now - day, notAfter: now + 3650 * day },
      2n,
    );
    const leaf = issue(asMaterial(intermediate + root, key));
    t.is(leaf.notAfter, now - hour + 365 * day);
    withFiles([intermediate + root, leaf.certificatePem], (ca, leafFile) => {
      t.true(opensslVerify({ ca, leafFile, purpose: 'sslserver', at: leaf.notAfter - day }).ok);
    });
  });
}

test('issueLeaf does not end with an old root that another way goes around', (t) => {
  const old = now + 10 * day;
  // The old root of the fixture ends 2950 days after the others begin.
  const authority = rotatedAuthority({ notBefore: old - 2950 * day, notAfter: old + 700 * day });
  t.true(authority.certificates.some((certificate) => certificate.notAfter === old));
  t.is(issue(authority).notAfter, now - hour + 365 * day);
});

test('issueLeaf writes UTCTime through 2049 and GeneralizedTime from 2050', (t) => {
  const late = Date.UTC(2049, 5, 1);
  const authority = opensslAuthority({ validity: { notBefore: late - day, notAfter: late + 3650 * day } });
  const leaf = issue(authority, { now: late });
  withFiles([authority.pem, leaf.certificatePem], (ca, leafFile) => {
    const structure = openssl(['asn1parse', '-in', leafFile]);
    t.regex(structure, /UTCTIME +:490531230000Z/);
    t.regex(structure, /GENERALIZEDTIME +:20500531230000Z/);
    t.true(opensslVerify({ ca, leafFile, purpose: 'sslserver', at: late }).ok);
  });
});

test('issueLeaf keeps a key that it is given, EC and RSA', (t) => {
  for (const algorithm of ['ec', 'rsa'] as const) {
    const kept = newKey(algorithm);
    const leaf = issue(ec, { key: createPrivateKey(kept) });
    t.is(leaf.keyPem.toString(), kept);
    withFiles([leaf.certificatePem, kept], (certificateFile, keyFile) => {
      t.true(opensslKeyFits(certificateFile, keyFile));
    });
  }
});

test('issueLeaf leaves the chain out where the layout does not want it', (t) => {
  t.is(certificatesOf(issue(ec, { chainInFile: false }).certificatePem).length, 1);
});

const refusals: Record<string, () => Partial<IssueRequest>> = {
  expired: () => ({ authority: opensslAuthority({ validity: { notBefore: now - 90 * day, notAfter: now - day } }) }),
  'not yet valid': () => ({
    authority: opensslAuthority({ validity: { notBefore: now + hour, notAfter: now + 90 * day } }),
  }),
  'without a certificate': () => ({ authority: { ...ec, certificates: [] } }),
  'without a key': () => ({ authority: { ...ec, key: undefined } }),
  'with a foreign key': () => ({ authority: { ...ec, key: createPrivateKey(newKey('ec')) } }),
  'with a key of another kind': () => ({ authority: { ...ec, key: createPrivateKey(newKey('rsa')) } }),
  'that is a leaf': () => ({
    authority: opensslAuthority({
      extensions: ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature'],
    }),
  }),
  'that may not sign certificates': () => ({
    authority: opensslAuthority({
      extensions: ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,digitalSignature'],
    }),
  }),
};

for (const [name, wish] of Object.entries(refusals)) {
  test(`issueLeaf refuses an authority ${name} and names it`, (t) => {
    const error = t.throws(() => issue(ec, wish()), { instanceOf: CertmendError });
    t.is(error.code, 'AuthorityUnusable');
    t.true(error.message.includes('server-ca'));
    t.notRegex(error.message + JSON.stringify(error), /PRIVATE KEY/);
  });
}

test('issueLeaf refuses a key that the product cannot sign with', (t) => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const certificate = withFiles([pem], (file) => openssl(selfSigned(file, '/CN=ed')));
  const certificates = certificatesOf(certificate);
  const instant = (certificates[0]?.notBefore ?? 0) + hour;
  const authority = { id: 'server-ca', certificates, key: privateKey };
  const error = t.throws(() => issue(ec, { authority, now: instant }), { instanceOf: CertmendError });
  t.is(error.code, 'AuthorityUnusable');
  t.regex(error.message, /type of key/);
});

test('issueLeaf refuses a name that no certificate can hold', (t) => {
  for (const name of ['büro.example.com', '', 'two words', 'null\0byte']) {
    const error = t.throws(() => issue(ec, { identity: { ...apiServer, dnsNames: [name] } }), {
      instanceOf: CertmendError,
    });
    t.is(error.code, 'SanMissing');
  }
});
