import test from 'ava';
import {
  effectiveEnd,
  endedAbove,
  issuerRelation,
  lacking,
  lifeUnder,
  type IssuerRelation,
} from '../../src/assess/chain.ts';
import type { Certificate } from '../../src/x509/certificate.ts';
import { authorityCertificate, certificate, day, now } from './sample-node.ts';

const year = 365 * day;
const oldRoot = authorityCertificate('old-root', { notAfter: now + 50 * day });
const newRoot = authorityCertificate('new-root', { notAfter: now + 20 * year });
// The product's own rotation leaves the new root twice: self-signed, and signed by the old one (products 4.4).
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

type Case = readonly [
  title: string,
  subject: Certificate,
  anchors: readonly Certificate[],
  carried: readonly Certificate[],
  end: number,
];
const ended = authorityCertificate('ca', { notAfter: now - day });
const renewed = authorityCertificate('ca', { notAfter: now + 10 * year });
const cases: readonly Case[] = [
  ['of a leaf alone is its own', leaf, [], [], leaf.notAfter],
  ['of a leaf under a longer anchor is its own', leaf, [intermediate, newRoot], [], leaf.notAfter],
  ['of a leaf is never beyond its anchor', longLeaf, [intermediate, newRoot], [], intermediate.notAfter],
  ['does not look above an anchor', leaf, [intermediate, crossSigned, oldRoot], [], leaf.notAfter],
  [
    'does not look above an anchor whose upper one has ended',
    leaf,
    [intermediate, { ...newRoot, notAfter: now - day }],
    [],
    leaf.notAfter,
  ],
  ['ends a partial chain where the file ends', longLeaf, [intermediate], [], intermediate.notAfter],
  ['goes through what the leaf carries', longLeaf, [newRoot], [intermediate], intermediate.notAfter],
  ['takes the anchor that was renewed with its old key', longLeaf, [renewed], [ended], renewed.notAfter],
  ['takes the better of two anchors with one key', longLeaf, [ended, renewed], [], renewed.notAfter],
  [
    'goes round an anchor that has ended by what the leaf carries',
    longLeaf,
    [ended, newRoot],
    [intermediate],
    intermediate.notAfter,
  ],
  ['takes nothing carried for an anchor', longLeaf, [oldRoot], [intermediate], longLeaf.notAfter],
  ['ignores what has nothing to do with it', leaf, [oldRoot], [], leaf.notAfter],
  [
    'ignores what may not sign',
    longLeaf,
    [{ ...intermediate, keyUsages: ['digitalSignature'] }],
    [],
    longLeaf.notAfter,
  ],
];
for (const [title, subject, anchors, carried, end] of cases) {
  test(`effectiveEnd ${title}`, (t) => {
    t.is(effectiveEnd(subject, anchors, carried, now), end);
    t.is(effectiveEnd(subject, anchors.toReversed(), carried.toReversed(), now), end);
  });
}

test('lifeUnder takes the chain that is valid now before one that lasts longer and has not begun', (t) => {
  const later = authorityCertificate('ca', { notBefore: now + day, notAfter: now + 20 * year });
  t.is(lifeUnder(longLeaf, [later, intermediate], [], now)?.notAfter, intermediate.notAfter);
  t.is(lifeUnder(longLeaf, [later, intermediate], [], now + 11 * year)?.notAfter, later.notAfter);
});

test('effectiveEnd gets out of authorities that signed each other', (t) => {
  const one = authorityCertificate('one', { issuer: 'two', notAfter: now + year });
  const two = authorityCertificate('two', { issuer: 'one', notAfter: now + 2 * year });
  const subject = certificate({ commonName: 'leaf', issuer: 'one', notAfter: now + day });
  t.is(effectiveEnd(subject, [one, two], [], now), subject.notAfter);
  t.is(effectiveEnd(subject, [], [one, two], now), subject.notAfter);
});

test('effectiveEnd does not search a bundle that nobody writes', (t) => {
  const bundle = Array.from({ length: 1000 }, (_, index) =>
    authorityCertificate('same', { issuer: 'same', key: `key ${index}`, authorityKeyIdentifier: `ski ${index}` }),
  );
  const subject = certificate({ commonName: 'leaf', issuer: 'same', notAfter: now + day });
  t.is(effectiveEnd(subject, bundle, bundle, now), subject.notAfter);
});

const endedRoot = { ...newRoot, notAfter: now - day };
const aboves: readonly (readonly [title: string, file: readonly Certificate[], ended: Certificate | undefined])[] = [
  ['names the root that has ended', [intermediate, endedRoot], endedRoot],
  ['sees another way to a root that is good', [intermediate, endedRoot, crossSigned, oldRoot], undefined],
  [
    'sees that the old root is not needed',
    [intermediate, newRoot, crossSigned, { ...oldRoot, notAfter: 0 }],
    undefined,
  ],
  ['takes the end of the file for no fault', [intermediate], undefined],
  ['asks nothing of a root', [oldRoot, endedRoot], undefined],
  ['asks nothing of an empty file', [], undefined],
];
for (const [title, file, expected] of aboves) {
  test(`endedAbove ${title}`, (t) => {
    t.is(endedAbove(file, now), expected);
  });
}

const renewedRoot = authorityCertificate('ca', { notAfter: now + year, key: 'key of ca' });
const lacks: readonly (readonly [string, readonly Certificate[], readonly Certificate[], number])[] = [
  ['nothing when every certificate is carried', [intermediate, newRoot], [newRoot, intermediate], 0],
  ['what is not carried', [intermediate, newRoot, crossSigned], [intermediate], 2],
  ['nothing when a root was renewed with its old key', [{ ...renewedRoot, fingerprint256: 'new' }], [ended], 0],
  [
    'a link below a root whose carried form has ended',
    [{ ...intermediate, fingerprint256: 'new' }],
    [{ ...intermediate, notAfter: now - day }],
    1,
  ],
  ['a root of the same name with another key', [authorityCertificate('ca', { key: 'other' })], [ended], 1],
  ['a root that was signed by another besides', [crossSigned], [newRoot], 1],
];
for (const [title, file, carried, count] of lacks) {
  test(`lacking finds ${title}`, (t) => {
    t.is(lacking(file, carried, now).length, count);
  });
}

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
