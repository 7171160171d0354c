import test from 'ava';
import { createHash } from 'node:crypto';
import { tokenHash } from '../../../src/assess/authority/token-hash.ts';
import type { Certificate } from '../../../src/x509/certificate.ts';
import { authorityCertificate, day, now } from '../sample-node.ts';

/* The rules of Go's verifier, one by one; on real files the hash is compared with that in a token in test/cli/ca-status.test.ts. */

const year = 365 * day;
const bytes = Buffer.from('the file, as it lies there\n');
const oldRoot = authorityCertificate('old-root', { notAfter: now + year });
const newRoot = authorityCertificate('new-root');
const crossSigned = authorityCertificate('new-root', {
  issuer: 'old-root',
  authorityKeyIdentifier: 'ski of old-root',
});
const signer = authorityCertificate('ca', { issuer: 'new-root', authorityKeyIdentifier: 'ski of new-root' });
const upper = authorityCertificate('upper', { issuer: 'new-root', authorityKeyIdentifier: 'ski of new-root' });
const below = authorityCertificate('ca', { issuer: 'upper', authorityKeyIdentifier: 'ski of upper' });
const ended = { notAfter: now - day };

const cases: readonly (readonly [title: string, file: readonly Certificate[], over: Certificate | undefined])[] = [
  ['the bytes of the file where it holds one certificate', [newRoot], undefined],
  ['the root above the signer', [signer, newRoot], newRoot],
  ['the root behind an intermediate', [below, upper, newRoot], newRoot],
  ['the new root after a rotation, wherever it stands', [signer, oldRoot, crossSigned, newRoot], newRoot],
  ['the old root where the new one has ended', [signer, { ...newRoot, ...ended }, crossSigned, oldRoot], oldRoot],
  ['the new root where the old one has ended', [signer, newRoot, crossSigned, { ...oldRoot, ...ended }], newRoot],
  ['the bytes where the signer has ended', [{ ...signer, ...ended }, newRoot], undefined],
  ['the bytes where every root has ended', [signer, { ...newRoot, ...ended }], undefined],
  ['the bytes where one in between has ended', [below, { ...upper, ...ended }, newRoot], undefined],
  ['the bytes where the root is not valid yet', [signer, { ...newRoot, notBefore: now + day }], undefined],
  ['the bytes where no root is there', [below, upper], undefined],
  ['the bytes where the root has signed another', [signer, { ...newRoot, x509: oldRoot.x509 }], undefined],
  ['the bytes where a root allows no authority in between', [below, upper, { ...newRoot, pathLength: 0 }], undefined],
  ['the root where it allows just as many', [below, upper, { ...newRoot, pathLength: 1 }], newRoot],
  [
    'the bytes where a root is for clients alone',
    [signer, { ...newRoot, extendedKeyUsages: ['clientAuth'] }],
    undefined,
  ],
  ['the root where it is for servers', [signer, { ...newRoot, extendedKeyUsages: ['serverAuth'] }], newRoot],
  ['the root where it is for anything', [signer, { ...newRoot, extendedKeyUsages: ['2.5.29.37.0'] }], newRoot],
  ['the root that is there a second time', [newRoot, newRoot], newRoot],
  ['no root of the same name and key', [oldRoot, { ...oldRoot, fingerprint256: 'renewed' }], undefined],
];
for (const [title, file, over] of cases) {
  test(`tokenHash is over ${title}`, (t) => {
    const { hash, root } = tokenHash(bytes, file, now);
    t.is(
      hash,
      createHash('sha256')
        .update(over?.der ?? bytes)
        .digest('hex'),
    );
    t.is(root?.commonName, over?.commonName);
  });
}

test('tokenHash is over the root whose key identifier is that of the signer, before one that has another', (t) => {
  const other = { ...newRoot, subjectKeyIdentifier: 'other', fingerprint256: 'other', der: Buffer.from('other') };
  t.is(tokenHash(bytes, [signer, other, newRoot], now).root, newRoot);
  t.is(tokenHash(bytes, [{ ...signer, authorityKeyIdentifier: undefined }, other, newRoot], now).root, other);
});

test('tokenHash gives up after a hundred signatures, as Go does', (t) => {
  const decoys = Array.from({ length: 120 }, (_, index) => ({
    ...authorityCertificate('new-root', { key: `decoy ${String(index)}` }),
    fingerprint256: `decoy ${String(index)}`,
  }));
  t.is(tokenHash(bytes, [signer, ...decoys.slice(0, 90), newRoot], now).root, newRoot);
  t.is(tokenHash(bytes, [signer, ...decoys, newRoot], now).root, undefined);
});
