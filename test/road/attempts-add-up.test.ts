import test from 'ava';
import { runBuilt } from '../cli/built.ts';
import { killPoints, killedStarts } from '../fixtures/killed-starts.ts';
import { temporaryTree } from './temporary-tree.ts';

const starts = 8;

for (const point of killPoints) {
  test(`starts that are killed ${point[0]} leave as much together as two of them do`, async (t) => {
    const tree = temporaryTree(t, { leaf: 'expired' });
    const [, second, ...others] = await killedStarts(tree, starts, point);
    t.is(others.length, starts - 2);
    for (const listing of others) t.deepEqual(listing, second);
    const { status, stderr } = await runBuilt(['--root', tree.root, 'rotate', '--yes']);
    t.is(status, 0, stderr);
  });
}
