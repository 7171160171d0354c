import test from 'ava';
import { relative } from 'node:path';
import { temporaryTree } from '../road/temporary-tree.ts';
import { runBuilt } from './built.ts';

/** Starts what follows in a directory that is gone. */
const nowhere = ['sh', '-c', 'gone=$(mktemp -d) && cd "$gone" && rmdir "$gone" && exec "$@"', 'sh'];

for (const words of [
  ['check'],
  ['status'],
  ['standby', 'prepare'],
  ['rehearse', '--at', '+1d'],
  ['prestart', '--unit', 'rke2-server', '--strict'],
]) {
  test(`certmend ${words[0] ?? ''} works from a directory that is gone`, async (t) => {
    const tree = temporaryTree(t);
    const { status, stderr } = await runBuilt(['--root', tree.root, ...words], nowhere);
    t.is(status, 0, stderr);
  });
}

test('certmend refuses a path that is relative to a directory that is gone, and reads no other in its place', async (t) => {
  const tree = temporaryTree(t);
  const asFromTop = relative('/', tree.root);
  for (const words of [
    ['--root', asFromTop, 'check'],
    ['--root', asFromTop, 'prestart', '--unit', 'rke2-server', '--strict'],
    ['--config', 'etc/hostname', 'check'],
    ['check', '--path', 'etc'],
  ]) {
    const { status, stdout, stderr } = await runBuilt(words, nowhere);
    t.is(status, 64, stderr);
    t.is(stdout, '');
    t.regex(stderr, /relative to a working directory that no longer exists\n {2}what to do: /);
  }
});
