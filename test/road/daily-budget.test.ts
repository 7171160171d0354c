import test, { type ExecutionContext } from 'ava';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { CheckReport, PrestartReport } from '../../src/report/document.ts';
import type { State } from '../../src/state/state.ts';
import { runBuilt } from '../cli/built.ts';
import { expired } from '../fixtures/damage-pair.ts';
import { listenerOfOtherAuthority } from '../fixtures/damage-node.ts';
import { emptyFile } from '../fixtures/damage.ts';
import type { Tree } from '../fixtures/tree.ts';
import { cutAfterJournal } from './cut-after-journal.ts';
import { temporaryTree } from './temporary-tree.ts';

/*
 * P8, as a day goes by: the budget counts what certmend does by itself. What a person asks for uses nothing of it, a file
 * that is damaged again and again uses up its own repairs and no more, and the node's health says so before the end.
 */

const limit = 2;

function node(t: ExecutionContext): Tree {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  mkdirSync(tree.host('/etc/certmend'), { recursive: true });
  writeFileSync(tree.host('/etc/certmend/config.yaml'), `brake:\n  maxCommitsPerDay: ${String(limit)}\n`);
  return tree;
}

async function start(tree: Tree): Promise<PrestartReport & { readonly status: number | undefined }> {
  const line = ['--root', tree.root, '-o', 'json', 'prestart', '--unit', 'rke2-server', '--strict'];
  const { status, stdout } = await runBuilt(line);
  return { ...(JSON.parse(stdout) as PrestartReport), status };
}

async function brakesOf(tree: Tree): Promise<readonly string[]> {
  const { stdout } = await runBuilt(['--root', tree.root, '-o', 'json', 'check']);
  const { health } = JSON.parse(stdout) as CheckReport;
  return health.reasons.map(({ code }) => code).filter((code) => code.startsWith('Brake'));
}

test('the daily budget is not touched by rotations and rollbacks that a person asks for', async (t) => {
  const tree = node(t);
  for (const words of [['rotate'], ['rotate', 'client-admin'], ['rotate'], ['rollback']])
    t.is((await runBuilt(['--root', tree.root, ...words, '--yes'])).status, 0);
  t.deepEqual(await brakesOf(tree), []);
  expired(tree, 'client-admin');
  t.like(await start(tree), { decision: 'rotated', status: 0 });
});

test('the daily budget for whole sets is not touched by repairs, and each entry has its own', async (t) => {
  const tree = node(t);
  const [victim, other] = ['client-admin', 'client-scheduler'].map((id) => tree.leaf(id).certificatePath);
  for (let count = 1; count <= limit; count += 1) {
    emptyFile(tree, victim ?? '');
    t.like(await start(tree), { decision: 'repaired', status: 0 });
  }
  emptyFile(tree, victim ?? '');
  const held = await start(tree);
  t.like(held, { decision: 'refused', status: 77, changed: [] });
  t.like(held.reasons[0], { code: 'BrakeEngaged', id: 'client-admin' });

  emptyFile(tree, other ?? '');
  const mended = await start(tree);
  t.is(mended.decision, 'repaired');
  t.true(mended.changed.includes(other ?? ''));
  t.false(mended.changed.includes(victim ?? ''));
  t.true(mended.reasons.some(({ code, id }) => code === 'BrakeEngaged' && id === 'client-admin'));

  expired(tree, 'serving-kube-apiserver');
  t.like(await start(tree), { decision: 'rotated', status: 0 });
});

test('the daily budget, and that of the listener, are not touched by its trigger, however often the product brings the old one back', async (t) => {
  const tree = node(t);
  const { path = '', trigger = '' } = tree.listener ?? {};
  listenerOfOtherAuthority(tree);
  const old = readFileSync(tree.host(path));
  for (let count = 1; count <= limit + 2; count += 1) {
    const asked = await start(tree);
    t.like(asked, { decision: 'repaired', status: 0 });
    t.deepEqual(asked.changed, [trigger]);
    rmSync(tree.host(trigger));
    writeFileSync(tree.host(path), old);
  }
  t.deepEqual(await brakesOf(tree), []);
  expired(tree, 'client-admin');
  t.like(await start(tree), { decision: 'rotated', status: 0 });
});

test('the daily budget is not touched by a trigger that was cut off before it was written, and that recovery writes', async (t) => {
  const tree = node(t);
  listenerOfOtherAuthority(tree);
  await cutAfterJournal(tree.root);
  t.is((await runBuilt(['--root', tree.root, 'prestart', '--unit', 'rke2-server', '--strict'])).status, 0);
  t.true(existsSync(tree.host(tree.listener?.trigger ?? '')));
  t.deepEqual(await brakesOf(tree), []);
  const state = JSON.parse(readFileSync(tree.host('/var/lib/certmend/dynamic-cert.json'), 'utf8')) as State;
  t.deepEqual(state.brake.commits, []);
});

test('the daily budget is in the health of the node before it is used up, and damage is mended after it', async (t) => {
  const tree = node(t);
  const seen: (readonly string[])[] = [];
  for (let count = 1; count <= limit; count += 1) {
    expired(tree, 'client-admin');
    t.like(await start(tree), { decision: 'rotated', status: 0 });
    seen.push(await brakesOf(tree));
  }
  t.deepEqual(seen, [['BrakeNear'], ['BrakeEngaged']]);

  expired(tree, 'client-admin');
  const held = await start(tree);
  t.like(held, { decision: 'refused', status: 77 });
  t.is(held.reasons[0]?.code, 'BrakeEngaged');

  emptyFile(tree, tree.leaf('etcd/client').certificatePath);
  const mended = await start(tree);
  t.like(mended, { decision: 'repaired', status: 0 });
  t.true(mended.changed.every((path) => path.includes('/etcd/client.')));

  t.is((await runBuilt(['--root', tree.root, 'rotate', '--yes'])).status, 0, 'a person may');
});
