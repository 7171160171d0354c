import test from 'ava';
import { effectiveEnd, issuerRelation, type IssuerRelation } from '../../src/assess/chain.ts';
import type { Certificate } from '../../src/inventory/inventory.ts';
import { authorityCertificate, certificate, day, now } from './sample-node.ts';

const year = 365 * day;
const oldRoot = authorityCertificate('old-root', { notAfter: now + 50 * day });
const newRoot = authorityCertificate('new-root', { notAfter: now + 20 * year });
// The product's own rotation leaves the new root twice: self-signed, and signed by the old one (facts 4.4).
const crossSigned = authorityCertificate('new-root', {
  issuer: 'old-root',
  authorityKeyIdentifier: 'ski of old-root',
  notAfter: now + 20 * year,
});
const intermediate = authorityCertificate('ca', {
  issuer: 'new-root',
  authorityKeyIdentifier: 'ski of new-root',
  notAfter: now + 10 * year,
});
const leaf = certificate({
  commonName: 'leaf',
  issuer: 'ca',
  authorityKeyIdentifier: 'ski of ca',
  notAfter: now + year,
});
const longLeaf = certificate({ commonName: 'leaf', issuer: 'ca', notAfter: now + 30 * year });

const cases: readonly (readonly [title: string, subject: Certificate, bundle: readonly Certificate[], end: number])[] =
  [
    ['of a leaf alone is its own', leaf, [], leaf.notAfter],
    ['of a leaf under a longer authority is its own', leaf, [intermediate, newRoot], leaf.notAfter],
    ['of a leaf is never beyond its authority', longLeaf, [intermediate, newRoot], intermediate.notAfter],
    ['of a self-signed root is its own', oldRoot, [oldRoot], oldRoot.notAfter],
    ['takes the chain that lasts longest', leaf, [intermediate, newRoot, crossSigned, oldRoot], leaf.notAfter],
    ['takes the only chain, be it short', leaf, [intermediate, crossSigned, oldRoot], oldRoot.notAfter],
    ['ends a partial chain where the bundle ends', longLeaf, [intermediate], intermediate.notAfter],
    ['ignores what has nothing to do with it', leaf, [oldRoot], leaf.notAfter],
  ];
for (const [title, subject, bundle, end] of cases) {
  test(`effectiveEnd ${title}`, (t) => {
    t.is(effectiveEnd(subject, bundle), end);
    t.is(effectiveEnd(subject, bundle.toReversed()), end);
  });
}

test('effectiveEnd finds the longer chain though the shorter one is found first', (t) => {
  const root = (issuer: string) => authorityCertificate('root', { issuer, notAfter: now + 20 * year });
  const authority = authorityCertificate('ca', { issuer: 'root', notAfter: now + 10 * year });
  const bundle = [
    root('short-root'),
    authority,
    root('middle'),
    authorityCertificate('middle', { issuer: 'long-root', notAfter: now + 20 * year }),
    authorityCertificate('long-root', { notAfter: now + 20 * year }),
    authorityCertificate('short-root', { notAfter: now + day }),
  ];
  t.is(effectiveEnd(longLeaf, bundle), authority.notAfter);
});

test('effectiveEnd gets out of authorities that signed each other', (t) => {
  const one = authorityCertificate('one', { issuer: 'two', notAfter: now + year });
  const two = authorityCertificate('two', { issuer: 'one', notAfter: now + 2 * year });
  const subject = certificate({ commonName: 'leaf', issuer: 'one', notAfter: now + day });
  t.is(effectiveEnd(subject, [one, two]), subject.notAfter);
});

test('effectiveEnd does not search a bundle that nobody writes', (t) => {
  const bundle = Array.from({ length: 1000 }, (_, index) =>
    authorityCertificate('same', { issuer: 'same', key: `key ${index}`, authorityKeyIdentifier: `ski ${index}` }),
  );
  const subject = certificate({ commonName: 'leaf', issuer: 'same', notAfter: now + day });
  t.is(effectiveEnd(subject, bundle), subject.notAfter);
});

const relations: readonly (readonly [title: string, subject: Certificate, relation: IssuerRelation])[] = [
  ['fits', leaf, 'fits'],
  ['sees another key identifier', { ...leaf, authorityKeyIdentifier: 'other' }, 'identifier-differs'],
  ['sees a certificate of the bundle', certificate({ commonName: 'leaf', issuer: 'old-root' }), 'bundled'],
  ['sees a foreign name', certificate({ commonName: 'leaf', issuer: 'nobody' }), 'foreign'],
  ['sees a foreign key', certificate({ commonName: 'leaf', issuer: 'ca', signedWith: 'other' }), 'foreign'],
  [
    'sees a signature that does not hold what name and key identifier promise',
    certificate({ commonName: 'leaf', issuer: 'ca', signedWith: 'other', authorityKeyIdentifier: 'ski of ca' }),
    'signature-invalid',
  ],
];
for (const [title, subject, relation] of relations) {
  test(`issuerRelation ${title}`, (t) => {
    t.is(issuerRelation(subject, [intermediate, newRoot, crossSigned, oldRoot]), relation);
  });
}

test('issuerRelation takes a key that cannot be used for a wrong one', (t) => {
  const broken = {
    ...leaf,
    x509: {
      verify: () => {
        throw new Error('unsupported');
      },
    } as unknown as Certificate['x509'],
  };
  t.is(issuerRelation(broken, [intermediate]), 'signature-invalid');
});
