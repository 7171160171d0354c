import test from 'ava';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PrestartReport } from '../../src/report/document.ts';
import { fingerprintTree } from '../fixtures/fingerprint-tree.ts';
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

/** Waits until the process is the one that has the lock. */
async function holds(tree: Tree, pid: number | undefined): Promise<void> {
  for (let tries = 0; tries < 3000; tries += 1) {
    try {
      if (readFileSync(tree.host('/run/certmend/lock'), 'utf8') === `${String(pid)}\n`) return;
    } catch {
      // not made yet
    }
    await sleep(2);
  }
  throw new Error('the lock was never taken');
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
  for (const afterMs of [0, 40, 120]) {
    const tree = temporaryTree(t, { leaf: 'expired' });
    const { child, ended } = startBuilt(line(tree));
    await holds(tree, child.pid);
    await sleep(afterMs);
    child.kill('SIGKILL');
    await ended;
    const started = performance.now();
    const next = await runBuilt(line(tree));
    t.is(next.status, 0, next.stderr);
    t.true(performance.now() - started < 15_000, 'it did not wait for the lock of the dead');
    t.deepEqual(faultsOf(tree), []);
    t.deepEqual(leftovers(tree), []);
  }
});

test('a command that finds the lock held says who has it and changes nothing; the holder finishes', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  const { child, ended } = startBuilt(line(tree));
  t.teardown(() => child.kill('SIGKILL'));
  await holds(tree, child.pid);
  child.kill('SIGSTOP');
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

test('a boot hook that finds the lock held waits no longer than its deadline, and its reason is in the audit file', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  mkdirSync(tree.host('/etc/certmend'), { recursive: true });
  writeFileSync(tree.host('/etc/certmend/config.yaml'), 'boot: {deadline: 5s}\nclock: {maxWait: 1s}\n');
  const { child, ended } = startBuilt(line(tree));
  t.teardown(() => child.kill('SIGKILL'));
  await holds(tree, child.pid);
  child.kill('SIGSTOP');
  const started = performance.now();
  const late = await runBuilt(line(tree));
  t.is(late.status, 75, late.stderr);
  t.true(performance.now() - started < 25_000, 'not the forty seconds that it would have for another certmend');
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
