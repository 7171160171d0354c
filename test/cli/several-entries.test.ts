import test from 'ava';
import { changedPaths, fingerprintPaths } from '../fixtures/fingerprint-tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { runBuilt } from './built.ts';

test('rotate takes every entry that is named, and of an option that is given twice the last', async (t) => {
  const tree = temporaryTree(t, { product: 'rke2' });
  const before = fingerprintPaths(tree.root, [tree.dataDir]);
  const named = ['client-admin', 'etcd/client', 'client-scheduler'];
  const twice = ['--root', '/nowhere', '--root', tree.root, '--reuse-key', '--reuse-key', '-o', 'json', '-o', 'table'];
  const { status, stdout } = await runBuilt([...twice, 'rotate', ...named, '--yes', '--yes']);
  t.is(status, 0);
  t.regex(stdout, /^rotated .* 3 files changed/);
  t.deepEqual(
    changedPaths(before, fingerprintPaths(tree.root, [tree.dataDir])),
    named.map((id) => tree.leaf(id).certificatePath).toSorted(),
  );
});

test('rotate refuses words behind --, which would be a rotation of every leaf without them', async (t) => {
  const tree = temporaryTree(t, { product: 'rke2' });
  const before = fingerprintPaths(tree.root, [tree.dataDir]);
  for (const words of [
    ['--', 'client-admin'],
    ['client-admin', '--', 'etcd/client'],
  ]) {
    const { status, stderr } = await runBuilt(['--root', tree.root, 'rotate', '--yes', ...words]);
    t.is(status, 64);
    t.regex(stderr, /no arguments are allowed after --: /);
  }
  t.deepEqual(changedPaths(before, fingerprintPaths(tree.root, [tree.dataDir])), []);
});
