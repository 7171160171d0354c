import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Layout } from '../../src/layout/layout.ts';
import { readHostFacts } from '../../src/system/host-facts.ts';
import { createFileReader } from '../../src/system/files/node-file-reader.ts';
import { openssl } from '../fixtures/openssl.ts';
import { makeTree, type Tree, type TreeOptions } from '../fixtures/tree.ts';
import { builtModule } from '../cli/built-module.ts';

const { resolveLayout } =
  builtModule<typeof import('../../src/layout/resolve-layout.ts')>('src/layout/resolve-layout.ts');

// The fixture trees are written from the facts by other hands: two readings of the same facts must agree.

const cases: readonly (Omit<TreeOptions, 'directory'> & { readonly name: string })[] = [
  { name: 'rke2-server' },
  { name: 'rke2-server', dataDir: '/srv/rke2', nodeName: 'cp-1.example.org' },
  { name: 'rke2-agent', role: 'agent' },
  { name: 'k3s-server', product: 'k3s' },
  { name: 'k3s-agent', product: 'k3s', role: 'agent' },
];

for (const { name, ...options } of cases) {
  const where = options.dataDir === undefined ? '' : ` in ${options.dataDir}`;
  test(`layout of a real ${name} tree${where} names what is there, with the names its certificates have`, (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'certmend-layout-'));
    t.teardown(() => {
      rmSync(directory, { recursive: true });
    });
    const tree = makeTree({ ...options, directory: join(directory, 'node') });
    const reader = createFileReader(tree.root);
    for (const question of [{}, { unit: tree.unit }]) {
      const answer = resolveLayout(question, reader, readHostFacts(tree.root));
      if (!answer.ok) {
        t.fail(answer.problem);
        return;
      }
      const { layout } = answer;
      t.is(layout.name, name);
      t.is(layout.unit, `${tree.unit}.service`);
      t.is(layout.dataDir, tree.dataDir);
      t.is(layout.nodeName, tree.nodeName);
      for (const path of tree.protectedPaths) t.true(isProtected(layout, path), path);
      for (const leaf of tree.leaves) {
        const entry = layout.entries.find((candidate) => candidate.id === leaf.id);
        if (entry?.kind !== 'leaf') {
          t.fail(leaf.id);
          continue;
        }
        t.is(entry.certificatePath, leaf.certificatePath);
        t.is(entry.keyPath, leaf.keyPath);
        t.is(entry.identity.commonName, leaf.commonName);
        t.deepEqual(entry.identity.organizations, leaf.organizations);
        t.deepEqual(entry.identity.dnsNames.toSorted(), leaf.dnsNames.toSorted());
        t.deepEqual(entry.identity.ipAddresses.toSorted(), leaf.ipAddresses.toSorted());
        t.is(entry.reissuedAtStart, leaf.reissuedAtStart);
      }
      t.deepEqual(unnamed(tree, layout), []);
      t.deepEqual(missing(layout, tree), []);
    }
  });
}

test('layout of a real rke2-server tree requires names that openssl sees in the certificate', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'certmend-layout-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true });
  });
  const tree = makeTree({ directory: join(directory, 'node') });
  const answer = resolveLayout({}, createFileReader(tree.root), readHostFacts(tree.root));
  t.true(answer.ok);
  if (!answer.ok) return;
  for (const entry of answer.layout.entries) {
    if (entry.kind !== 'leaf') continue;
    const host = tree.host(entry.certificatePath);
    for (const name of entry.identity.dnsNames)
      t.regex(openssl(['x509', '-noout', '-in', host, '-checkhost', name]), /does match/);
    for (const address of entry.identity.ipAddresses)
      t.regex(openssl(['x509', '-noout', '-in', host, '-checkip', address]), /does match/);
  }
});

/** Files in scanned directories that look like certificates or keys and that no entry names. */
function unnamed(tree: Tree, layout: Layout): readonly string[] {
  const named = new Set(layout.entries.flatMap((entry) => pathsOf(entry)));
  return layout.scanDirectories
    .flatMap((directory) => list(tree, directory).map((name) => `${directory}/${name}`))
    .filter((path) => /\.(crt|key|json|kubeconfig)$/.test(path) && !named.has(path));
}

/** Entries that may not be absent and are. */
function missing(layout: Layout, tree: Tree): readonly string[] {
  const reader = createFileReader(tree.root);
  return layout.entries
    .filter((entry) => !entry.optional)
    .flatMap((entry) => pathsOf(entry))
    .filter((path) => reader.stat(path).state !== 'present');
}

function pathsOf(entry: Layout['entries'][number]): readonly string[] {
  if (entry.kind === 'leaf') return [entry.certificatePath, entry.keyPath];
  if (entry.kind === 'authority')
    return entry.keyPath === undefined ? [entry.certificatePath] : [entry.certificatePath, entry.keyPath];
  return [entry.path];
}

function list(tree: Tree, directory: string): readonly string[] {
  try {
    return readdirSync(tree.host(directory));
  } catch {
    // Not every scanned directory exists on every node.
    return [];
  }
}

function isProtected(layout: Layout, path: string): boolean {
  return layout.protectedPaths.some((one) => (one.endsWith('/') ? path.startsWith(one) : path === one));
}
