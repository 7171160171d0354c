import { readdirSync } from 'node:fs';
import test from 'ava';
import { startBuilt } from '../cli/built.ts';
import { temporaryTree } from './temporary-tree.ts';

/** Starts that are ended in their middle, each a little later than the one before. */
const starts = 20;

test('prestart that is killed at every start leaves no more files after the twentieth than a few do', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  const counts: number[] = [];
  for (let start = 0; start < starts; start += 1) {
    const { child, ended } = startBuilt(['prestart', '--root', tree.root, '--unit', 'rke2-server']);
    const timer = setTimeout(() => child.kill('SIGKILL'), 250 + start * 40);
    await ended;
    clearTimeout(timer);
    counts.push(readdirSync(tree.root, { recursive: true }).length);
  }
  t.log(counts.join(' '));
  // One attempt has at most two sets, what it staged and its keepsakes: more would be what several left.
  const [first = 0] = counts;
  t.true(Math.max(...counts) - first < 250, counts.join(' '));
  t.true((counts.at(-1) ?? 0) - first < 250);
});
