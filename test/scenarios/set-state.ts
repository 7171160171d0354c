import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { changedPaths, fingerprintPaths, type Fingerprint } from '../fixtures/fingerprint-tree.ts';
import type { Tree, TreeLeaf } from '../fixtures/tree.ts';

/** What a person with `node:crypto` and `find` can say about a node's set, without asking certmend. */

/** The product leaves a leaf alone when it has longer than this to live (products 2.1). */
const productWindow = 120 * 86_400_000;

/** The leaves that certmend may write. */
export function ownLeaves(tree: Tree): TreeLeaf[] {
  return tree.leaves.filter((leaf) => !leaf.reissuedAtStart);
}

/** Fingerprints of the files that a commit may replace. */
export function liveSet(tree: Tree): Map<string, Fingerprint> {
  return fingerprintPaths(
    tree.root,
    ownLeaves(tree).flatMap((leaf) => [leaf.keyPath, leaf.certificatePath]),
  );
}

/** The paths whose bytes are not those of `old`. */
export function replaced(old: ReadonlyMap<string, Fingerprint>, tree: Tree): string[] {
  const now = liveSet(tree);
  return [...old].filter(([path, { content }]) => now.get(path)?.content !== content).map(([path]) => path);
}

/** Throws unless bytes, mode and owner of every live file are those of `old`. */
export function assertAllOld(old: ReadonlyMap<string, Fingerprint>, tree: Tree): void {
  const now = liveSet(tree);
  const different = [...old].filter(([path, print]) => !same(print, now.get(path))).map(([path]) => path);
  assert.deepEqual([different.length, old.size], [0, now.size], `not as before: ${different.join(', ')}`);
}

function same(before: Fingerprint, after: Fingerprint | undefined): boolean {
  return after !== undefined && (['content', 'mode', 'uid', 'gid'] as const).every((key) => before[key] === after[key]);
}

/** Throws unless every leaf is new, fits its key, is signed by the authority on disk, and would be left alone by the product. */
export function assertAllNew(old: ReadonlyMap<string, Fingerprint>, tree: Tree, now = Date.now()): void {
  assert.deepEqual(replaced(old, tree).length, old.size, 'every file of the set is replaced');
  for (const leaf of ownLeaves(tree)) {
    const certificate = new X509Certificate(readFileSync(tree.host(leaf.certificatePath)));
    const issuer = new X509Certificate(readFileSync(tree.host(tree.authority(leaf.issuer).certificatePath)));
    assert.ok(pairFits(tree, leaf), `${leaf.id}: the key fits`);
    assert.ok(
      certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey),
      `${leaf.id}: signed by ${leaf.issuer}`,
    );
    assert.ok(certificate.validFromDate.getTime() <= now, `${leaf.id}: valid now`);
    assert.ok(
      certificate.validToDate.getTime() > now + productWindow,
      `${leaf.id}: good for longer than the product's window`,
    );
  }
}

export function pairFits(tree: Tree, leaf: TreeLeaf): boolean {
  const certificate = new X509Certificate(readFileSync(tree.host(leaf.certificatePath)));
  return certificate.checkPrivateKey(createPrivateKey(readFileSync(tree.host(leaf.keyPath))));
}

export function journalExists(tree: Tree): boolean {
  return existsSync(tree.host('/var/lib/certmend/journal.json'));
}

/** Throws when a staged file, a keepsake, a half-made generation or a journal is left anywhere below the root. */
export function assertNothingStray(tree: Tree): void {
  const names = readdirSync(tree.root, { recursive: true, encoding: 'utf8' });
  assert.deepEqual(
    // The product's database has temporary files of its own.
    names.filter(
      (name) => !name.includes('/server/db/') && (name.includes('.certmend-') || /\.(tmp|partial)[^/]*$/.test(name)),
    ),
    [],
  );
  assert.ok(!journalExists(tree), 'no journal is left');
  const generations = tree.host('/var/lib/certmend/generations');
  if (existsSync(generations)) {
    assert.deepEqual(
      readdirSync(generations).filter((name) => !/^\d+$/.test(name)),
      [],
    );
  }
}

/** Throws when a protected file differs in bytes, mode, owner or mtime. */
export function assertProtectedUntouched(before: ReadonlyMap<string, Fingerprint>, tree: Tree): void {
  assert.deepEqual(changedPaths(before, fingerprintPaths(tree.root, tree.protectedPaths)), []);
}

export function assertNoStackTrace(text: string): void {
  assert.doesNotMatch(text, /\n\s+at .+:\d+:\d+|a bug in certmend/);
}

/** P9: no private key in anything that was printed or left for people to read. */
export function assertNoPrivateKey(tree: Tree, ...printed: readonly string[]): void {
  const own = ['dynamic-cert.json', 'audit.jsonl', 'journal.json'].map((name) =>
    join(tree.root, 'var/lib/certmend', name),
  );
  for (const text of [...printed, ...own.filter((path) => existsSync(path)).map((path) => readFileSync(path, 'utf8'))])
    assert.doesNotMatch(text, /PRIVATE KEY/);
}
