import test from 'ava';
import { structureOf, type AuthorityShape } from '../../../src/assess/authority/authority-shape.ts';
import type { Certificate } from '../../../src/x509/certificate.ts';
import { authorityCertificate, day, now } from '../sample-node.ts';

const year = 365 * day;
const oldRoot = authorityCertificate('old-root', { notAfter: now + year });
const newRoot = authorityCertificate('new-root', { notAfter: now + 20 * year });
const crossSigned = authorityCertificate('new-root', { issuer: 'old-root', notAfter: now + 20 * year });
const signer = authorityCertificate('ca', { issuer: 'new-root', notAfter: now + 10 * year });
const upper = authorityCertificate('upper', { issuer: 'new-root' });
const below = authorityCertificate('ca', { issuer: 'upper' });

type Case = readonly [
  title: string,
  file: readonly Certificate[],
  shape: AuthorityShape,
  root: Certificate | undefined,
  roots: number,
];
const cases: readonly Case[] = [
  ['one self-signed certificate', [oldRoot], 'self-signed', oldRoot, 1],
  ['an intermediate and its root', [signer, newRoot], 'root-and-intermediate', newRoot, 1],
  ['a chain in any order', [below, newRoot, upper], 'root-and-intermediate', newRoot, 1],
  ['what a rotation leaves', [signer, newRoot, crossSigned, oldRoot], 'cross-signed', newRoot, 2],
  ['a rotation whose old root was taken out', [signer, newRoot, crossSigned], 'cross-signed', newRoot, 1],
  ['a root beside the one before it', [newRoot, oldRoot], 'several-roots', newRoot, 2],
  ['the same root twice', [newRoot, newRoot], 'self-signed', newRoot, 1],
  ['an intermediate beside a root that is not its own', [signer, oldRoot], 'root-elsewhere', undefined, 1],
  ['an intermediate alone', [signer], 'root-elsewhere', undefined, 0],
  [
    'an intermediate below one that may sign nothing',
    [below, { ...upper, keyUsages: [] }, newRoot],
    'root-elsewhere',
    undefined,
    1,
  ],
];
for (const [title, file, shape, root, roots] of cases) {
  test(`structureOf calls ${title} ${shape}`, (t) => {
    const structure = structureOf(file, now);
    t.is(structure?.shape, shape);
    t.is(structure?.root, root);
    t.is(structure?.roots.length, roots);
    t.is(structure?.effectiveEnd, file[0]?.notAfter);
  });
}

test('structureOf says nothing of an empty file', (t) => {
  t.is(structureOf([], now), undefined);
});

const root = (notAfter: number, fingerprint256: string): Certificate => ({
  ...authorityCertificate('ca', { notAfter }),
  fingerprint256,
});
const ends: readonly (readonly [title: string, file: readonly Certificate[], end: number])[] = [
  ['lets leaves live to the renewed one of the same key', [root(now - day, 'a'), root(now + year, 'b')], now + year],
  [
    'does not look to one of another key',
    [root(now - day, 'a'), authorityCertificate('ca', { key: 'other' })],
    now - day,
  ],
  ['does not look above the signer', [signer, { ...newRoot, notAfter: now + day }], signer.notAfter],
  [
    'prefers what is valid now to what is not yet',
    [root(now + day, 'a'), { ...root(now + year, 'b'), notBefore: now + 2 * day }],
    now + day,
  ],
];
for (const [title, file, end] of ends) {
  test(`structureOf ${title}`, (t) => {
    t.is(structureOf(file, now)?.effectiveEnd, end);
  });
}

test('structureOf leads to the root that lasts, of two that stand above the signer', (t) => {
  const short = { ...newRoot, notAfter: now - day, fingerprint256: 'short' };
  t.is(structureOf([signer, short, newRoot], now)?.root, newRoot);
});
