import test from 'ava';
import { bindingMismatch, bindingOf } from '../../src/generation/binding.ts';
import type { Binding } from '../../src/generation/generation.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { replacedAuthority } from '../fixtures/damage-node.ts';
import { expired } from '../fixtures/damage-pair.ts';
import { opensslFingerprint } from '../fixtures/openssl.ts';
import { inventoryOf, machineId, nodeFor } from './node.ts';

test('binding names the machine, the node, its layout and the fingerprints of the authorities that sign for it', (t) => {
  const tree = nodeFor(t);
  const { authorities, identities, ...rest } = bindingOf(inventoryOf(tree), machineId);
  t.deepEqual(rest, { machineId, nodeName: 'node-1', layout: 'rke2-server', dataDir: '/var/lib/rancher/rke2' });
  t.deepEqual(
    authorities,
    Object.fromEntries(
      tree.authorities.map(({ id, certificatePath }) => [id, opensslFingerprint(tree.host(certificatePath))]),
    ),
  );
  t.regex(identities, /^[0-9a-f]{64}$/);
});

test('binding stays the same when leaves expire', (t) => {
  const tree = nodeFor(t);
  const before = bindingOf(inventoryOf(tree), machineId);
  expired(tree, 'client-admin');
  t.is(bindingMismatch(before, bindingOf(inventoryOf(tree), machineId)), undefined);
});

test('binding changes with an authority', (t) => {
  const tree = nodeFor(t);
  const before = bindingOf(inventoryOf(tree), machineId);
  replacedAuthority(tree, 'client-ca');
  const mismatch = bindingMismatch(before, bindingOf(inventoryOf(tree), machineId));
  t.is(mismatch?.elsewhere, false);
  t.regex(mismatch?.reason ?? '', /client-ca/);
});

function renamed(inventory: Inventory, names: readonly string[]): Inventory {
  const { layout } = inventory;
  const entries = layout.entries.map((entry) =>
    entry.kind === 'leaf' && entry.id === 'serving-kube-apiserver'
      ? { ...entry, identity: { ...entry.identity, dnsNames: names } }
      : entry,
  );
  return { ...inventory, layout: { ...layout, entries } };
}

test('binding changes with a name of the node, and not with the order of names', (t) => {
  const inventory = inventoryOf(nodeFor(t));
  const of = (names: readonly string[]): Binding => bindingOf(renamed(inventory, names), machineId);
  t.is(bindingMismatch(of(['a', 'b']), of(['b', 'a'])), undefined);
  t.is(bindingMismatch(of(['a', 'b']), of(['a', 'c']))?.elsewhere, false);
});

const here: Binding = {
  machineId,
  nodeName: 'node-1',
  layout: 'rke2-server',
  dataDir: '/var/lib/rancher/rke2',
  authorities: {},
  identities: '00',
};

for (const [what, other] of [
  ['machine', { machineId: 'ffff' }],
  ['node', { nodeName: 'node-2' }],
  ['layout', { layout: 'k3s-server' }],
  ['data dir', { dataDir: '/srv/rke2' }],
] as const) {
  test(`binding to another ${what} is a set from elsewhere`, (t) => {
    t.true(bindingMismatch({ ...here, ...other }, here)?.elsewhere);
  });
}

test('binding that knows an authority which the node no longer has is outgrown', (t) => {
  const known = { ...here, authorities: { 'server-ca': 'aa' } };
  t.is(bindingMismatch(known, here)?.elsewhere, false);
  t.is(bindingMismatch(here, known)?.elsewhere, false);
});
