import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { defaultConfig } from '../../src/config/default-config.ts';
import type { Config } from '../../src/config/config.ts';
import type { Ports } from '../../src/survey/ports.ts';
import { garbageFile } from '../fixtures/damage.ts';
import { pass } from './life.ts';
import { certificateOf, keyOf, endOf, nodeOf, lifeOf, records, bytesOf, hour, type Node } from './running-node.ts';

/* A start that does not come up: what the daemon heals under it, and what it leaves alone. */

/** A service that was started and does not come up: nothing of it answers. */
function hangs(node: Node, forMs: number): void {
  node.is.state = 'starting';
  node.is.activeForMs = forMs;
  node.is.answers = () => false;
  node.is.health = () => ({ is: 'absent' });
}

test('the daemon heals the damage that a start hangs on, says the one command until it is up, and restarts nothing by itself', async (t) => {
  const node = nodeOf(t);
  hangs(node, 46_000);
  const { certificatePath } = node.tree.leaf('serving-kube-apiserver');
  const asked: string[] = [];
  const ports = (base: Ports): Ports => ({ ...base, restartUnit: (unit) => void asked.push(unit) });
  const life = await lifeOf(
    node,
    200,
    [
      () => {
        writeFileSync(node.tree.host(certificatePath), '');
        return { wake: 'changed', ms: 5000 };
      },
      () => ({ ms: 26_000 }),
      pass,
    ],
    { ports },
  );
  t.is(readFileSync(node.tree.host(certificatePath)).length > 0, true);
  t.true(
    certificateOf(node.tree, 'serving-kube-apiserver').checkPrivateKey(keyOf(node.tree, 'serving-kube-apiserver')),
  );
  t.is(records(node, 'start-healed').length, 1);
  t.deepEqual(asked, []);
  const said = life.told.filter((text) => text.startsWith('status: ')).at(-1) ?? '';
  t.true(said.endsWith('repaired while the start hangs: systemctl restart rke2-server.service'), said);
  node.is.state = 'up';
  node.is.answers = () => true;
  const after = await lifeOf(node, 199, [hour]);
  t.false(after.told.some((text) => text.includes('hangs')));
});

test('the daemon restarts a unit whose start it has healed when restart.hung says so', async (t) => {
  const node = nodeOf(t);
  hangs(node, 46_000);
  garbageFile(node.tree, node.tree.leaf('etcd/server-client').certificatePath);
  const asked: string[] = [];
  await lifeOf(node, 200, [hour], {
    ports: (base) => ({ ...base, restartUnit: (unit) => void asked.push(unit) }),
    settings: () => ({ restart: { hung: true } }),
  });
  t.deepEqual(asked, ['rke2-server.service']);
});

test('the daemon restarts no unit that was stopped while it healed its start', async (t) => {
  const node = nodeOf(t);
  hangs(node, 46_000);
  const { certificatePath } = node.tree.leaf('etcd/server-client');
  garbageFile(node.tree, certificatePath);
  const damaged = readFileSync(node.tree.host(certificatePath));
  node.is.isSaid = () => readFileSync(node.tree.host(certificatePath)).equals(damaged);
  const asked: string[] = [];
  await lifeOf(node, 200, [pass], {
    ports: (base) => ({ ...base, restartUnit: (unit) => void asked.push(unit) }),
    settings: () => ({ restart: { hung: true } }),
  });
  t.is(records(node, 'start-healed').length, 1);
  t.deepEqual(asked, []);
});

const leftAlone: readonly (readonly [name: string, make: (node: Node) => Partial<Config>])[] = [
  [
    'that has just begun',
    (node) => {
      hangs(node, 20_000);
      return {};
    },
  ],
  [
    'while the boot hook is not to act either',
    (node) => {
      hangs(node, 60_000);
      return { boot: { ...defaultConfig.boot, enabled: false } };
    },
  ],
  ['of a service that is up', () => ({})],
];
for (const [name, make] of leftAlone) {
  test(`the daemon leaves damage alone under a start ${name}`, async (t) => {
    const node = nodeOf(t);
    const config = make(node);
    garbageFile(node.tree, node.tree.leaf('client-admin').certificatePath);
    const before = bytesOf(node);
    await lifeOf(node, 200, [hour], { settings: () => config });
    t.deepEqual(bytesOf(node), before);
  });
}

test('the daemon looks again soon at a start with damage, and rotates no whole set under one of which something answers', async (t) => {
  const node = nodeOf(t);
  hangs(node, 20_000);
  garbageFile(node.tree, node.tree.leaf('client-admin').certificatePath);
  const life = await lifeOf(node, 200, [pass]);
  t.true((life.waits[0] ?? 0) <= 33_000, String(life.waits[0]));

  const other = nodeOf(t);
  hangs(other, 60_000);
  other.is.answers = () => true;
  const before = bytesOf(other);
  // All of it has expired: etcd is up with what it has read, and the product makes new ones at its start.
  await lifeOf(other, -5, [pass]);
  t.deepEqual(bytesOf(other), before);
  other.is.answers = () => false;
  await lifeOf(other, -5, [pass]);
  t.true(endOf(other.tree, 'etcd/server-client') > other.end);
});

test('the daemon changes nothing under a start that is merely slow, however much is due', async (t) => {
  const node = nodeOf(t);
  hangs(node, 60_000);
  const before = bytesOf(node);
  await lifeOf(node, 100, [pass]);
  t.deepEqual(bytesOf(node), before);
});
