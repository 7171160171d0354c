import test from 'ava';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PrestartReport } from '../../src/report/document.ts';
import { fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { atRename } from '../fixtures/at-rename.ts';
import type { Tree } from '../fixtures/tree.ts';
import { faultsOf } from '../road/sound-node.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { runBuilt, startBuilt, type Ended } from './built.ts';

/* P6, with processes: one works at a time, and a killed one leaves nothing that stops the next. */

function line(tree: Tree): readonly string[] {
  return ['--root', tree.root, '-o', 'json', 'prestart', '--unit', 'rke2-server', '--strict'];
}

function decisionOf({ stdout }: Ended): string | undefined {
  return stdout === '' ? undefined : (JSON.parse(stdout) as PrestartReport).decision;
}

function leftovers(tree: Tree): readonly string[] {
  return [...fingerprintTree(tree.root).keys()].filter(
    (path) => path.includes('.certmend-') || path.endsWith('journal.json'),
  );
}

/** Starts the line and resolves when it is stopped, right before its n-th rename; it has the lock then. */
async function stoppedAt(tree: Tree, nth: number): Promise<ReturnType<typeof startBuilt>> {
  const started = startBuilt(line(tree), [], atRename('SIGSTOP', nth));
  let isOver = false;
  void started.ended.then(() => (isOver = true));
  const stat = `/proc/${String(started.child.pid)}/stat`;
  while (!/^\d+ \(.*\) [Tt] /.test(readFileSync(stat, 'utf8'))) {
    if (isOver) throw new Error(`it never came to rename no. ${nth}: ${JSON.stringify(await started.ended)}`);
    await sleep(5);
  }
  return started;
}

test('two boot hooks at once: one works, the other waits and finds nothing left to do', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  const both = await Promise.all([runBuilt(line(tree)), runBuilt(line(tree))]);
  for (const { stderr } of both) t.notRegex(stderr, /^\s+at /m);
  const [done = '', other = ''] = both
    .map((ended) => decisionOf(ended) ?? 'LockHeld')
    .sort()
    .reverse();
  t.is(done, 'rotated', JSON.stringify(both));
  t.true(['nothing-to-do', 'LockHeld'].includes(other), JSON.stringify(both));
  t.deepEqual(faultsOf(tree), []);
  t.deepEqual(leftovers(tree), []);
});

test('a boot hook that was killed while it held the lock leaves no stale lock, and the next one heals', async (t) => {
  for (const rename of [1, 2, 5, 20]) {
    const tree = temporaryTree(t, { leaf: 'expired' });
    const { child, ended } = await stoppedAt(tree, rename);
    child.kill('SIGKILL');
    await ended;
    // Had the lock outlived its holder, this would be LockHeld.
    const next = await runBuilt(line(tree));
    t.is(next.status, 0, next.stderr);
    t.deepEqual(faultsOf(tree), []);
    t.deepEqual(leftovers(tree), []);
  }
});

test('a command that finds the lock held says who has it and changes nothing; the holder finishes', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  const { child, ended } = await stoppedAt(tree, 1);
  t.teardown(() => child.kill('SIGKILL'));
  const refused = await runBuilt(['--root', tree.root, 'rotate', '--yes']);
  t.is(refused.status, 75);
  t.regex(
    refused.stderr,
    new RegExp(`another certmend \\(process ${String(child.pid)}\\) is working on this node; nothing`),
  );
  t.regex(refused.stderr, /what to do: wait/);
  child.kill('SIGCONT');
  t.is((await ended).status, 0);
  t.deepEqual(faultsOf(tree), []);
});

test('a boot hook that finds the lock held to the end gives up, and its reason is in the audit file', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  mkdirSync(tree.host('/etc/certmend'), { recursive: true });
  writeFileSync(tree.host('/etc/certmend/config.yaml'), 'boot: {deadline: 5s}\nclock: {maxWait: 1s}\n');
  const { child, ended } = await stoppedAt(tree, 1);
  t.teardown(() => child.kill('SIGKILL'));
  const late = await runBuilt(line(tree));
  t.is(late.status, 75, late.stderr);
  const records = readFileSync(tree.host('/var/lib/certmend/audit.jsonl'), 'utf8').trim().split('\n');
  t.like(JSON.parse(records.at(-1) ?? ''), { event: 'failed', reason: 'LockHeld' });
  child.kill('SIGCONT');
  await ended;
});

test('a rollback that finds nothing to go back to is in the audit file', async (t) => {
  const tree = temporaryTree(t);
  const { status } = await runBuilt(['--root', tree.root, 'rollback', '--yes']);
  t.is(status, 77);
  const [record = ''] = readFileSync(tree.host('/var/lib/certmend/audit.jsonl'), 'utf8').split('\n');
  t.like(JSON.parse(record), { event: 'failed', message: 'there is no previous generation to go back to' });
});
