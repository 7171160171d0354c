import { chmodSync, lstatSync } from 'node:fs';
import test from 'ava';
import { runCli } from '../cli/run-cli.ts';
import type { Tree } from '../fixtures/tree.ts';
import { temporaryTree } from './temporary-tree.ts';

/** What was there, and what certmend leaves in its place, for the certificate and for the key. */
const cases = [
  { id: 'client-admin', before: [0o666, 0o644], after: [0o644, 0o600] },
  { id: 'client-scheduler', before: [0o6777, 0o6777], after: [0o644, 0o600] },
  { id: 'etcd/client', before: [0o640, 0o640], after: [0o640, 0o600] },
  { id: 'etcd/server-client', before: [0o400, 0o400], after: [0o400, 0o400] },
  { id: 'kubelet', before: [0o1755, 0o060], after: [0o644, 0o600] },
] as const;

function pairs(tree: Tree): readonly (typeof cases)[number][] {
  return cases.filter(({ id }) => tree.leaves.some((leaf) => leaf.id === id && !leaf.reissuedAtStart));
}

function modesOf(tree: Tree, id: string): readonly number[] {
  const { certificatePath, keyPath } = tree.leaf(id);
  return [certificatePath, keyPath].map((path) => lstatSync(tree.host(path)).mode & 0o7777);
}

for (const [what, leaf, commands] of [
  ['prestart', 'expired', [['prestart', '--unit', 'rke2-server', '--strict']]],
  ['rotate', undefined, [['rotate', '--yes']]],
  ['rotate --reuse-key', undefined, [['rotate', '--reuse-key', '--yes']]],
  [
    'rollback',
    undefined,
    [
      ['rotate', '--yes'],
      ['rollback', '--yes'],
    ],
  ],
  [
    'a standby',
    undefined,
    [
      ['standby', 'prepare'],
      ['rotate', '--yes'],
    ],
  ],
] as const) {
  test(`${what} leaves no file more open than its row of the layout, and none more open than it was`, async (t) => {
    const tree = temporaryTree(t, leaf === undefined ? {} : { leaf });
    t.true(pairs(tree).length >= 4);
    for (const { id, before } of pairs(tree)) {
      const { certificatePath, keyPath } = tree.leaf(id);
      chmodSync(tree.host(certificatePath), before[0]);
      chmodSync(tree.host(keyPath), before[1]);
    }
    const inode = lstatSync(tree.host(tree.leaf('client-admin').certificatePath)).ino;
    for (const words of commands) {
      const { status, stderr } = await runCli(['--root', tree.root, ...words]);
      t.is(status, 0, stderr);
    }
    t.not(lstatSync(tree.host(tree.leaf('client-admin').certificatePath)).ino, inode, 'it was written');
    for (const { id, after } of pairs(tree)) t.deepEqual(modesOf(tree, id), after, id);
  });
}
