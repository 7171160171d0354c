import test from 'ava';
import { temporaryTree } from '../road/temporary-tree.ts';
import { runBuilt } from './built.ts';

test('check and status count the certificates of a node alike', async (t) => {
  const tree = temporaryTree(t);
  const [check, status] = await Promise.all([
    runBuilt(['--root', tree.root, 'check']),
    runBuilt(['--root', tree.root, 'status']),
  ]);
  const count = / (\d+ certificates) /;
  t.is(count.exec(check.stdout)?.[1], count.exec(status.stdout)?.[1]);
  t.regex(check.stdout, / · 27 certificates · \d+ entries · /);
});
