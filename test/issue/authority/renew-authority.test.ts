import test from 'ava';
import { X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tokenHash } from '../../../src/assess/authority/token-hash.ts';
import { CertmendError } from '../../../src/error.ts';
import { parseCertificates } from '../../../src/x509/certificate.ts';
import { authorityExtensions } from '../../fixtures/authorities.ts';
import { openssl } from '../../fixtures/openssl.ts';
import { inScratch, newKey, signCertificates } from '../../fixtures/sign.ts';
import { day, type Tree } from '../../fixtures/tree.ts';
import { temporaryTree } from '../../road/temporary-tree.ts';
import { bytesOf, given, putInPlace, rotateOnce, type Rotated } from './rotate-once.ts';

/* New authorities in the place of old ones, beside what openssl says of them. */

const now = Math.floor(Date.now() / day) * day;

function names({ made }: Rotated): readonly string[] {
  return made.certificates.map(({ commonName }) => commonName.replace(/@\d+$/, ''));
}

function keysIn(pem: Buffer): number {
  return pem.toString('utf8').match(/-----BEGIN EC PRIVATE KEY-----/g)?.length ?? 0;
}

/** A leaf that only `trusted` vouches for, by openssl. */
function accepts(trusted: Buffer, leaf: string, carried: Buffer): boolean {
  return inScratch((directory) => {
    const at = (name: string): string => join(directory, name);
    writeFileSync(at('trusted'), trusted);
    writeFileSync(at('leaf'), leaf);
    writeFileSync(at('carried'), carried);
    try {
      openssl(['verify', '-partial_chain', '-CAfile', at('trusted'), '-untrusted', at('carried'), at('leaf')]);
      return true;
    } catch {
      return false;
    }
  });
}

function leafUnder(certificate: string, key: string): string {
  const extensions = ['keyUsage=critical,digitalSignature', 'extendedKeyUsage=serverAuth'];
  const validity = { notBefore: now - day, notAfter: now + 100 * day };
  const wish = { subject: '/CN=leaf', key: newKey('ec'), extensions };
  return signCertificates([wish], { certificate, key }, validity, 77n)[0] ?? '';
}

function pems(bytes: Buffer): readonly string[] {
  return bytes.toString('utf8').match(/-----BEGIN [^-]+-----\n[^-]+-----END [^-]+-----\n/g) ?? [];
}

function hashOf(tree: Tree, bytes = bytesOf(tree, 'server-ca')): string {
  const read = parseCertificates(bytes);
  return tokenHash(bytes, read.ok ? read.value : [], Date.now()).hash;
}

test('renewAuthority makes a new root for a single authority, signed by itself and by the old one, and an intermediate', async (t) => {
  const tree = temporaryTree(t);
  const before = hashOf(tree);
  const rotated = await rotateOnce(tree);
  t.is(rotated.length, 5);
  for (const one of rotated) {
    t.deepEqual(one.proof, { handshakes: 3, problems: [] });
    const { id, certificates, keyPem } = one.made;
    const stem = `rke2-${id.replace('/', '-').replace('-ca', '')}`;
    t.deepEqual(names(one).slice(0, 3), [`${stem}-ca`, `${stem}-root`, `${stem}-root`]);
    t.is(certificates.length, 4);
    t.is(keysIn(keyPem), 2);
    const [signer, crossed, root, old] = certificates;
    const oldDer = new X509Certificate(bytesOf(tree, id)).raw;
    t.true(old?.der.equals(oldDer));
    // Byte by byte: chains are built by comparing them.
    t.true(crossed?.subjectDer.equals(root?.subjectDer ?? Buffer.alloc(0)));
    t.true(crossed?.issuerDer.equals(old?.subjectDer ?? Buffer.alloc(0)));
    t.is(crossed?.authorityKeyIdentifier, old?.subjectKeyIdentifier);
    t.is(crossed?.subjectKeyIdentifier, root?.subjectKeyIdentifier);
    t.is(signer?.authorityKeyIdentifier, root?.subjectKeyIdentifier);
    t.is(crossed?.notAfter, old?.notAfter);
  }
  putInPlace(tree, rotated);
  t.not(hashOf(tree), before);
});

test('renewAuthority renews the intermediate alone when there is a root, and the hash of the token stays', async (t) => {
  const tree = temporaryTree(t, { chain: 'four' });
  const hash = hashOf(tree);
  for (let round = 0; round < 3; round += 1) {
    const rotated = await rotateOnce(tree);
    for (const one of rotated) {
      t.deepEqual(one.proof, { handshakes: 3, problems: [] });
      t.is(one.chosen.way.kind, 'intermediate');
      t.is(keysIn(one.made.keyPem), 2);
    }
    putInPlace(tree, rotated);
    t.is(hashOf(tree), hash);
  }
});

test('renewAuthority finds the old root by its key, whatever the order of its file', async (t) => {
  const tree = temporaryTree(t, { chain: 'four' });
  const { certificatePath } = tree.authority('client-ca');
  const [signer = '', root = '', crossed = '', old = ''] = pems(bytesOf(tree, 'client-ca'));
  for (const order of [
    [signer, old, crossed, root],
    [signer, crossed, old, root],
  ]) {
    writeFileSync(tree.host(certificatePath), order.join(''));
    const [quiet] = await rotateOnce(tree, { ids: ['client-ca'] });
    const above = quiet?.chosen.way;
    t.true(above?.kind === 'intermediate' && above.root.certificate.der.equals(new X509Certificate(root).raw));
    t.is(
      quiet?.made.certificates[0]?.authorityKeyIdentifier,
      above?.kind === 'intermediate' ? above.root.certificate.subjectKeyIdentifier : '',
    );
    t.deepEqual(quiet?.proof.problems, []);
    const [anew] = await rotateOnce(tree, { ids: ['client-ca'], newRoot: true });
    const { way } = anew?.chosen ?? {};
    t.true(way?.kind === 'new-root' && way.by.certificate.der.equals(new X509Certificate(root).raw));
    t.deepEqual(anew?.proof.problems, []);
  }
});

test('renewAuthority keeps each side good for the other by openssl, before and after, also with RSA', async (t) => {
  for (const algorithm of ['ec', 'rsa', 'ec384'] as const) {
    const tree = temporaryTree(t, { algorithm });
    const oldBundle = bytesOf(tree, 'server-ca');
    const { keyPath } = tree.authority('server-ca');
    const oldLeaf = leafUnder(oldBundle.toString('utf8'), openssl(['pkey', '-in', tree.host(keyPath)]));
    const [one] = await rotateOnce(tree, { ids: ['server-ca'] });
    const bundle = one?.made.certificatePem ?? Buffer.alloc(0);
    const [signer = ''] = pems(bundle);
    const [key = ''] = pems(one?.made.keyPem ?? Buffer.alloc(0));
    const newLeaf = leafUnder(signer, key);
    t.true(accepts(bundle, oldLeaf, oldBundle), `${algorithm}: old under new`);
    t.true(accepts(oldBundle, newLeaf, bundle), `${algorithm}: new under old`);
    t.true(accepts(bundle, newLeaf, bundle), `${algorithm}: new under new`);
    t.false(accepts(oldBundle, newLeaf, Buffer.from(signer)), 'the signer alone is not known to the old side');
  }
});

test('renewAuthority signs under what a person brings, which the old root signs as well', async (t) => {
  const validity = { notBefore: now - 10 * day, notAfter: now + 7000 * day };
  const rootKey = newKey('rsa');
  const rootWish = { subject: '/O=Example/CN=Example Root', key: rootKey, extensions: authorityExtensions };
  const [root = ''] = signCertificates([rootWish], { key: rootKey }, validity, 1n);
  const upperKey = newKey('ec384');
  const upperWish = { subject: '/O=Example/CN=Example CA 2', key: upperKey, extensions: authorityExtensions };
  const [upper = ''] = signCertificates([upperWish], { certificate: root, key: rootKey }, validity, 2n);
  for (const [what, offered] of [
    ['root', given([root], rootKey)],
    ['intermediate', given([upper, root], upperKey)],
  ] as const) {
    const tree = temporaryTree(t);
    const rotated = await rotateOnce(tree, { given: offered });
    for (const { made, proof } of rotated) {
      t.deepEqual(proof, { handshakes: 3, problems: [] }, what);
      // The key of an organisation is not put on the node.
      t.is(keysIn(made.keyPem), 1);
    }
    putInPlace(tree, rotated);
    t.is(hashOf(tree), new X509Certificate(root).fingerprint256.replaceAll(':', '').toLowerCase());
    const hash = hashOf(tree);
    const again = await rotateOnce(tree, { given: offered });
    for (const { proof, chosen } of again) {
      t.deepEqual(proof.problems, []);
      t.true(chosen.way.kind === 'given' && chosen.way.by === undefined, 'it is known already');
    }
    putInPlace(tree, again);
    t.is(hashOf(tree), hash);
    const error = await t.throwsAsync(rotateOnce(tree), { instanceOf: CertmendError });
    t.is(error.code, 'RotationUnfit');
    t.regex(error.message, /the key of Example Root, the root above server-ca, is not on this node/);
  }
});

test('decideRotation refuses what would not do as an authority, each with its reason', async (t) => {
  const tree = temporaryTree(t);
  const validity = { notBefore: now - 10 * day, notAfter: now + 700 * day };
  const key = newKey('ec');
  const wish = (...extensions: string[]): string =>
    signCertificates([{ subject: '/CN=Mine', key, extensions }], { key }, validity, 1n)[0] ?? '';
  const usage = 'keyUsage=critical,digitalSignature,keyCertSign';
  const sound = wish(...authorityExtensions);
  const below = { subject: '/CN=Below', key, extensions: authorityExtensions };
  const upperKey = newKey('ec');
  const [upper = ''] = signCertificates(
    [{ subject: '/CN=Upper', key: upperKey, extensions: authorityExtensions }],
    { key: upperKey },
    validity,
    1n,
  );
  const [orphan = ''] = signCertificates([below], { certificate: upper, key: upperKey }, validity, 5n);
  const ended = signCertificates(
    [{ subject: '/CN=Ended', key, extensions: authorityExtensions }],
    { key },
    { notBefore: now - 20 * day, notAfter: now - day },
    1n,
  );
  const cases: readonly (readonly [string, ReturnType<typeof given>, RegExp])[] = [
    ['another key', given([sound], newKey('ec')), /and the key that was given do not match/],
    ['a leaf', given([wish('subjectKeyIdentifier=hash')], key), /may not sign others/],
    [
      'a path length of 0',
      given([wish('basicConstraints=critical,CA:TRUE,pathlen:0', usage, 'subjectKeyIdentifier=hash')], key),
      /path length of 0/,
    ],
    ['no identifier', given([wish('basicConstraints=critical,CA:TRUE', usage)], key), /no subject key identifier/],
    ['no root', given([orphan], key), /leads to no root/],
    ['an end', given(ended, key), /expired at/],
  ];
  for (const [what, offered, expected] of cases) {
    const error = await t.throwsAsync(rotateOnce(tree, { given: offered }), { instanceOf: CertmendError }, what);
    t.is(error.code, 'RotationUnfit', what);
    t.regex(error.message, expected, what);
  }
});

test('proveAuthority refuses what the product would refuse', async (t) => {
  // Its root is not there: the product has nothing that a new one could lead to.
  const tree = temporaryTree(t, { chain: 'no-root' });
  const [one] = await rotateOnce(tree, { ids: ['server-ca'], newRoot: true });
  t.deepEqual(one?.proof.problems, [
    'the first certificate of its new file does not lead to a root of the present one',
  ]);
});
