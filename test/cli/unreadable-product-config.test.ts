import { X509Certificate } from 'node:crypto';
import test from 'ava';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Tree } from '../fixtures/tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { runBuilt } from './built.ts';

/* The product's own configuration cannot be read: what is plainly broken is healed all the same. */

const config = '/etc/rancher/rke2/config.yaml';
const prestart = ['prestart', '--unit', 'rke2-server', '--strict'];

const spoilt: Readonly<Record<string, (tree: Tree) => void>> = {
  'a file that is not YAML': (tree) => {
    writeFileSync(tree.host(config), 'tls-san: [unclosed\nnode-name: "x\n');
  },
  'a directory in its place': (tree) => {
    rmSync(tree.host(config));
    mkdirSync(tree.host(config));
  },
  'a drop-in of binary bytes': (tree) => {
    writeFileSync(tree.host(`${config}.d/99-x.yaml`), Buffer.from([0xff, 0xfe, 0x00, 0x01]));
  },
};

function namesOf(tree: Tree, id: string): string {
  return new X509Certificate(readFileSync(tree.host(tree.leaf(id).certificatePath))).subjectAltName ?? '';
}

for (const [name, spoil] of Object.entries(spoilt)) {
  test(`prestart heals an emptied certificate with all its names, from the state, under ${name}`, async (t) => {
    const tree = temporaryTree(t, { dataDir: '/srv/rke2', tlsSans: ['vip.example.com', '192.0.2.77'] });
    await runBuilt(['--root', tree.root, ...prestart]);
    const before = namesOf(tree, 'serving-kube-apiserver');
    writeFileSync(tree.host(tree.leaf('serving-kube-apiserver').certificatePath), '');
    writeFileSync(tree.host(tree.leaf('etcd/client').keyPath), '');
    spoil(tree);

    const hook = await runBuilt(['--root', tree.root, ...prestart]);
    t.is(hook.status, 2, hook.stdout + hook.stderr);
    t.regex(hook.stdout, /^repaired, 1 problem needs an operator/);
    t.regex(hook.stdout, /ConfigurationUnreadable/);
    t.regex(hook.stdout.replaceAll(/\s+/g, ' '), /the last known settings \(data in \/srv\/rke2, node node-1\)/);
    for (const one of before.split(', ')) t.true(namesOf(tree, 'serving-kube-apiserver').includes(one), one);
    new X509Certificate(readFileSync(tree.host(tree.leaf('etcd/client').certificatePath)));

    const check = await runBuilt(['--root', tree.root, 'check']);
    t.is(check.status, 2);
    t.regex(check.stdout, /ConfigurationUnreadable/);
    t.notRegex(check.stdout, /LeafUnreadable|KeyUnreadable/);
  });
}

test('prestart heals on its first run too, with the names of the certificates beside it', async (t) => {
  const tree = temporaryTree(t, { tlsSans: ['vip.example.com', '192.0.2.77'], dataDir: '/var/lib/rancher/rke2' });
  const before = namesOf(tree, 'serving-kube-apiserver');
  writeFileSync(tree.host(tree.leaf('serving-kube-apiserver').certificatePath), '');
  writeFileSync(tree.host(config), '\t- : [');
  const hook = await runBuilt(['--root', tree.root, ...prestart]);
  t.is(hook.status, 2, hook.stdout + hook.stderr);
  for (const one of before.split(', ')) t.true(namesOf(tree, 'serving-kube-apiserver').includes(one), one);
});

test('prestart rotates a set that expired, and none that is merely due, while the configuration cannot be read', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  await runBuilt(['--root', tree.root, 'check']);
  writeFileSync(tree.host(config), 'a: "\n');
  const hook = await runBuilt(['--root', tree.root, ...prestart]);
  t.is(hook.status, 2, hook.stdout + hook.stderr);
  t.regex(hook.stdout, /^rotated, 1 problem needs an operator/);

  const due = temporaryTree(t, {
    leaf: { notBefore: tree.now - 300 * 86_400_000, notAfter: tree.now + 60 * 86_400_000 },
  });
  writeFileSync(due.host(config), 'a: "\n');
  const nothing = await runBuilt(['--root', due.root, ...prestart]);
  t.is(nothing.status, 77, nothing.stdout);
  t.regex(nothing.stdout, /ConfigurationUnreadable/);
});

test('rotate and standby still refuse while the configuration cannot be read: a set of theirs would lack names', async (t) => {
  const tree = temporaryTree(t);
  writeFileSync(tree.host(config), 'a: "\n');
  for (const words of [
    ['rotate', '--yes'],
    ['standby', 'prepare'],
  ]) {
    const { status, stderr } = await runBuilt(['--root', tree.root, ...words]);
    t.is(status, 78, stderr);
    t.regex(stderr, /config\.yaml:\d/);
  }
});

test('check says what is wrong where neither a state nor a data directory is known', async (t) => {
  const tree = temporaryTree(t, { dataDir: '/srv/rke2' });
  writeFileSync(tree.host(config), 'a: "\n');
  const { status, stderr } = await runBuilt(['--root', tree.root, 'check']);
  t.is(status, 78);
  t.regex(stderr, /config\.yaml:\d/);
});

test('doctor does not call the layout well while the configuration of the product cannot be read, healed node or not', async (t) => {
  const tree = temporaryTree(t);
  writeFileSync(tree.host(config), 'a: "\n');
  writeFileSync(tree.host(tree.leaf('client-admin').certificatePath), '');
  for (const healed of [false, true]) {
    if (healed) {
      const hook = await runBuilt(['--root', tree.root, ...prestart]);
      t.regex(hook.stderr, /\(and 1 more reason\)/);
    }
    const { status, stdout } = await runBuilt(['--root', tree.root, 'doctor']);
    t.is(status, 2, stdout);
    t.regex(stdout, /^critical\s+layout\s+\S+config\.yaml:\d/m);
    t.notRegex(stdout, /^ok\s+layout/m);
  }
});
