import test, { type ExecutionContext } from 'ava';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { State } from '../../src/state/state.ts';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { day, type Tree } from '../fixtures/tree.ts';
import { builtModule } from '../cli/built-module.ts';
import { opensslValidity } from '../fixtures/openssl.ts';
import { portsAt, prestartAt } from './run-at.ts';
import { faultsOf } from './sound-node.ts';
import { temporaryTree } from './temporary-tree.ts';

/* P5: nothing is issued or replaced on a clock that is not believed; `not yet valid` alone never rotates. */

function dataOf(tree: Tree): ReturnType<typeof fingerprintTree> {
  return fingerprintTree(`${tree.root}${tree.dataDir}`);
}

async function touchesNothing(t: ExecutionContext, tree: Tree, at: string, code: string): Promise<void> {
  const before = dataOf(tree);
  const outcome = await prestartAt(tree.root, at);
  t.is(outcome.decision, 'deferred');
  t.true(
    outcome.reasons.some((reason) => reason.code === code),
    JSON.stringify(outcome.reasons),
  );
  t.deepEqual(changedPaths(before, dataOf(tree)), []);
}

test('prestart issues nothing on a clock behind the authorities', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  await touchesNothing(t, tree, '1970-01-01T00:05:00Z', 'ClockBehind');
});

test('prestart issues nothing on a clock behind its high-water mark', async (t) => {
  const tree = temporaryTree(t, {
    leaf: 'fresh',
    authority: { notBefore: Date.now() - 3000 * day, notAfter: Date.now() + 600 * day },
  });
  await prestartAt(tree.root, '+20d');
  await touchesNothing(t, tree, '-10d', 'ClockBehind');
});

test('prestart rotates 400 days ahead, which is a node that slept', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  const outcome = await prestartAt(tree.root, '+400d');
  t.like(outcome, { decision: 'rotated', origin: 'issued' });
  const then = Date.now() + 400 * day;
  t.deepEqual(faultsOf(tree, { at: [then, then + 360 * day] }), []);
});

test('prestart issues fresh when the standby has expired in the same box', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  const { prepareStandby } = await import('../../src/heal/prepare-standby.ts');
  const { portsAt } = await import('./run-at.ts');
  const prepared = await prepareStandby(await portsAt(tree.root, '+0d'));
  t.true(prepared.made);
  const outcome = await prestartAt(tree.root, '+400d');
  t.like(outcome, { decision: 'rotated', origin: 'issued' });
});

test('prestart issues nothing 50 years ahead', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  await touchesNothing(t, tree, '+18250d', 'ClockAheadSuspect');
});

test('prestart believes a clock 4 years ahead once it is synchronised', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  const suspect = await prestartAt(tree.root, '+1460d');
  t.is(suspect.decision, 'deferred');
  const believed = await prestartAt(tree.root, '+1460d', { synchronisation: 'synchronised' });
  t.is(believed.decision, 'rotated');
});

test('prestart offers the previous set when the clock was ahead and is corrected', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  t.is((await prestartAt(tree.root, '+400d')).decision, 'rotated');
  const before = dataOf(tree);
  const outcome = await prestartAt(tree.root, '+0d');
  t.is(outcome.decision, 'deferred');
  t.regex(outcome.reasons.map(({ message }) => message).join('\n'), /rollback/);
  t.deepEqual(changedPaths(before, dataOf(tree)), []);
});

test('prestart brings the previous set back by itself once the corrected clock is synchronised', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  await prestartAt(tree.root, '+400d');
  const outcome = await prestartAt(tree.root, '+0d', { synchronisation: 'synchronised' });
  t.like(outcome, { decision: 'repaired', origin: 'previous' });
  t.deepEqual(faultsOf(tree, { at: [Date.now()] }), []);
});

test('prestart leaves a clock that ran ahead behind: its mark and its commits hold up no later start', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  mkdirSync(tree.host('/etc/certmend'));
  writeFileSync(tree.host('/etc/certmend/config.yaml'), 'brake:\n  maxCommitsPerDay: 1\n');
  t.is((await prestartAt(tree.root, '+400d')).decision, 'rotated');
  const corrected = await prestartAt(tree.root, '+0d', { synchronisation: 'synchronised' });
  t.is(corrected.decision, 'repaired', JSON.stringify(corrected.reasons));
  const later = await prestartAt(tree.root, '+1h');
  t.is(later.decision, 'nothing-to-do', JSON.stringify(later.reasons));
});

const { prestart } = builtModule<typeof import('../../src/heal/prestart.ts')>('src/heal/prestart.ts');

test('one decision has one instant: under a clock that moves at every look all documents of a rotation agree', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  const ports = await portsAt(tree.root, '+0d');
  let looks = 0;
  const clock = { ...ports.clock, now: () => ports.clock.now() + looks++ * 1000 };
  t.is((await prestart({ ...ports, clock })).decision, 'rotated');
  t.true(looks > 1);
  const own = tree.host('/var/lib/certmend');
  const active = (JSON.parse(readFileSync(`${own}/dynamic-cert.json`, 'utf8')) as State).generations.active;
  const manifest = readFileSync(`${own}/generations/${String(active?.number)}/manifest.json`, 'utf8');
  const { createdAt } = JSON.parse(manifest) as { readonly createdAt: string };
  t.deepEqual([active?.createdAt, active?.committedAt], [createdAt, createdAt]);
  const instant = Date.parse(createdAt);
  const starts = tree.leaves
    .filter(({ id }) => !id.startsWith('agent/'))
    .map((leaf) => opensslValidity(tree.host(leaf.certificatePath)).notBefore);
  t.deepEqual(new Set(starts), new Set([Math.floor(instant / 1000) * 1000 - 3600_000]));
});

test('waiting for the clock asks only the clock', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  const ports = await portsAt(tree.root, '-400d');
  let reads = 0;
  const atSleep: number[] = [];
  const reader = new Proxy(ports.reader, {
    get: (target, name, receiver): unknown => {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== 'function') return member;
      reads += 1;
      return member.bind(target) as unknown;
    },
  });
  const clock = {
    ...ports.clock,
    sleep: async (ms: number) => {
      atSleep.push(reads);
      await ports.clock.sleep(ms);
    },
  };
  t.is((await prestart({ ...ports, reader, clock })).decision, 'deferred');
  t.true(atSleep.length > 3, String(atSleep.length));
  t.is(new Set(atSleep).size, 1);
});
