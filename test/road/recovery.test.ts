import test from 'ava';
import { existsSync } from 'node:fs';
import type { PrestartReport } from '../../src/report/document.ts';
import { runCli, runJson } from '../cli/run-cli.ts';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { cutAfterJournal } from './cut-after-journal.ts';
import { faultsOf } from './sound-node.ts';
import { temporaryTree } from './temporary-tree.ts';

/* What a boot hook says when an earlier one was cut off after its commit point: it finished that work, and says so. */

test('prestart that completes an interrupted commit reports it with its reason and every file that it changed', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  await cutAfterJournal(tree.root);
  const isNode = (path: string): boolean => path.startsWith(tree.dataDir) && !path.includes('.certmend-');
  const before = new Map([...fingerprintTree(tree.root)].filter(([path]) => isNode(path)));
  const line = ['--root', tree.root, 'prestart', '--unit', 'rke2-server', '--strict'];

  const { status, document } = await runJson<PrestartReport>(line);
  t.is(status, 0);
  t.is(document.decision, 'nothing-to-do');
  t.deepEqual(
    document.reasons.map(({ code }) => code),
    ['TransactionRecovered'],
  );
  t.regex(document.reasons[0]?.message ?? '', /an interrupted commit of generation \d+ was completed/);
  const after = new Map([...fingerprintTree(tree.root)].filter(([path]) => isNode(path)));
  t.deepEqual([...document.changed].sort(), changedPaths(before, after));
  t.true(document.changed.length > 20);
  t.deepEqual(faultsOf(tree), []);
  t.false(existsSync(tree.host('/var/lib/certmend/journal.json')));

  const again = await runJson<PrestartReport>(line);
  t.like(again.document, { decision: 'nothing-to-do', changed: [], reasons: [] });
});

test('prestart says in its text that it recovered, in place of a bare nothing to do', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  await cutAfterJournal(tree.root);
  const { stdout } = await runCli(['--root', tree.root, 'prestart', '--unit', 'rke2-server']);
  t.regex(stdout, /^recovered, nothing more to do · \d+ files changed/);
  t.is(stdout.match(/an interrupted commit of generation \d+ was completed/g)?.length, 1);
});
