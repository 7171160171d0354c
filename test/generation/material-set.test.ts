import test from 'ava';
import { adoptLive, composeGeneration } from '../../src/generation/material-set.ts';
import type { MaterialFile } from '../../src/issue/material.ts';
import { foreignKey, withoutKey } from '../fixtures/damage-pair.ts';
import { emptyFile, fifoInPlace } from '../fixtures/damage.ts';
import type { Tree } from '../fixtures/tree.ts';
import { inventoryOf, nodeFor } from './node.ts';

function fresh(tree: Tree, id: string): readonly MaterialFile[] {
  const { keyPath, certificatePath } = tree.leaf(id);
  const owner = { uid: 0, gid: 0 };
  return [
    { path: certificatePath, id, role: 'certificate', bytes: Buffer.from('fresh certificate'), mode: 0o644, ...owner },
    { path: keyPath, id, role: 'key', bytes: Buffer.from('fresh key'), mode: 0o600, ...owner },
  ];
}

function ids(files: readonly MaterialFile[]): ReadonlySet<string> {
  return new Set(files.map(({ id }) => id));
}

test('compose completes a fresh pair with every other live pair and the credential kubeconfigs', (t) => {
  const tree = nodeFor(t);
  const inventory = inventoryOf(tree);
  const files = composeGeneration({ inventory, fresh: fresh(tree, 'client-admin') });
  const wanted = tree.leaves
    .filter(({ reissuedAtStart }) => !reissuedAtStart)
    .flatMap((leaf) => [leaf.keyPath, leaf.certificatePath]);
  t.deepEqual([...files.map(({ path }) => path)].sort(), [...wanted, ...tree.credentials].sort());
  t.is(files.find(({ path }) => path === tree.leaf('client-admin').keyPath)?.bytes.toString(), 'fresh key');
});

test('compose keeps the table order, key before certificate', (t) => {
  const tree = nodeFor(t);
  const inventory = inventoryOf(tree);
  const files = composeGeneration({ inventory, fresh: fresh(tree, 'etcd/server-client') });
  const table = inventory.layout.entries.map(({ id }) => id);
  const order = files.map(({ id }) => table.indexOf(id));
  t.deepEqual(
    order,
    [...order].sort((a, b) => a - b),
  );
  for (const [index, file] of files.entries()) {
    if (file.role === 'certificate') {
      t.is(files[index - 1]?.role, 'key');
      t.is(files[index - 1]?.id, file.id);
    }
  }
});

test('compose takes no protected file and nothing that the product makes at each start', (t) => {
  const tree = nodeFor(t);
  const inventory = inventoryOf(tree);
  const files = [...composeGeneration({ inventory, fresh: [] }), ...adoptLive(inventory)];
  t.true(files.length > 20);
  t.deepEqual(
    files.filter(({ path }) => inventory.layout.protectedPaths.includes(path) || path.includes('/agent/')),
    [],
  );
});

for (const [name, damage] of [
  ['whose key is another one', foreignKey],
  ['without its key', withoutKey],
  [
    'with an empty certificate',
    (tree: Tree, id: string) => {
      emptyFile(tree, tree.leaf(id).certificatePath);
    },
  ],
] as const) {
  test(`compose leaves out a pair ${name}, unless it is fresh`, (t) => {
    const tree = nodeFor(t);
    damage(tree, 'client-scheduler');
    const inventory = inventoryOf(tree);
    t.false(ids(composeGeneration({ inventory, fresh: [] })).has('client-scheduler'));
    t.true(ids(composeGeneration({ inventory, fresh: fresh(tree, 'client-scheduler') })).has('client-scheduler'));
  });
}

test('adopt takes the live set as it is, also of a damaged pair, but only what can be read', (t) => {
  const tree = nodeFor(t);
  const { keyPath, certificatePath } = tree.leaf('client-scheduler');
  emptyFile(tree, certificatePath);
  fifoInPlace(tree, tree.leaf('client-admin').keyPath);
  const paths = adoptLive(inventoryOf(tree)).map(({ path }) => path);
  t.true(paths.includes(keyPath));
  t.true(paths.includes(certificatePath));
  t.false(paths.includes(tree.leaf('client-admin').keyPath));
  t.true(paths.includes(tree.leaf('client-admin').certificatePath));
});
