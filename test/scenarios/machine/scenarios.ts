import assert from 'node:assert/strict';
import { join } from 'node:path';
import { programs, type Program, type Scenario } from '../scenario.ts';
import { inScratch } from '../scratch.ts';
import { assertAllOld, assertProtectedUntouched } from '../set-state.ts';
import { buildControlPlane } from '../../control-plane/build.ts';
import type { Tree } from '../../fixtures/tree.ts';
import { asleep, awoken } from './asleep.ts';
import { branch, readDisk, seen } from './disk.ts';
import { powerOn, type Power } from './machine.ts';
import { powerCuts } from './power-cuts.ts';
import { assertHealed, assertHeals, assertHealthy, assertServes } from './verdict.ts';

const needs: readonly Program[] = [
  programs.cp,
  programs.openssl,
  { command: 'mmdebstrap', debianPackage: 'mmdebstrap' },
  { command: 'qemu-system-x86_64', debianPackage: 'qemu-system-x86' },
  { command: 'debugfs', debianPackage: 'e2fsprogs' },
  { command: 'rpmbuild', debianPackage: 'rpm' },
  { command: 'unshare', debianPackage: 'util-linux' },
];

/**
 * A real machine with its own clock. All of them begin with the disk of a node that ran on day 0. Each machine has one
 * processor, so that two of them run at a time; the longest comes first.
 */
export const machineScenarios: readonly Scenario[] = (
  [
    ['the node whose power fails while it rotates: all old or all new, and healthy after the next boot', cut],
    ['the node that slept for 400 days: rotates before its service starts, and is healthy, with no network', slept],
    [
      'the node that slept for 400 days: its own etcd, API server, controller manager and scheduler come up on what the boot hook made',
      serves,
    ],
    ['the node whose clock says 1970: starts its service and replaces nothing', behind],
    ['the node whose clock says 2090: starts its service and replaces nothing', ahead],
    [
      'the node that slept for 400 days with a full disk: its service is started, nothing is replaced, and all is when there is room',
      fullDisk,
    ],
  ] as const
).map(([name, run]) => ({ name, needs, isHeavy: true, takesHalf: true, prepare: buildControlPlane, run }));

async function cut(): Promise<string> {
  return await inScratch(powerCuts);
}

async function slept(): Promise<string> {
  const node = await asleep();
  const { tree } = await awoken();
  assertHealthy(tree);
  assert.equal(seen(tree, 'date').slice(0, 10), new Date(node.later).toISOString().slice(0, 10));
  assertHealed(tree, node, node.later);
  const story = seen(tree, 'journal-product');
  assertOrder(story, [/Starting rke2-server/, /expired/, /generation \d+ is live/, /Started rke2-server/]);
  const by =
    'image' in node.drive
      ? 'a real control plane serves them'
      : `stand-ins serve them, NOT a control plane: ${node.drive.whyNot.message}`;
  return `${node.old.size} files are new; ${by}`;
}

/** On the same morning; by itself, so that a host that cannot have it says so. */
async function serves(): Promise<string> {
  const { drive, later, dayZero } = await asleep();
  if (!('image' in drive)) throw drive.whyNot;
  const { tree } = await awoken();
  assertServes(tree, [dayZero, later]);
  const story = seen(tree, 'journal-product');
  const at = (words: string): number => Date.parse(new RegExp(`^(\\S+) .*: ${words}$`, 'm').exec(story)?.[1] ?? '');
  const after = (words: string): string => `${words} after ${String((at(words) - at('starts etcd')) / 1000)} s`;
  const started = ['etcd is listening', 'the API server is ready', 'two components lead'].map(after).join(', ');
  const [, memory = ''] = /^Mem: +\d+ +(\d+)/m.exec(seen(tree, 'memory')) ?? [];
  return `both readyz are ok, five ports serve the new leaves, etcd has kept day 0; ${started}; ${memory} MiB of memory in use`;
}

async function behind(): Promise<string> {
  return await refuses({ clock: 0 }, 'ClockBehind', assertStarted);
}

async function ahead(): Promise<string> {
  return await refuses({ clock: Date.UTC(2090, 0, 1) }, 'ClockAheadSuspect', assertStarted);
}

async function fullDisk(): Promise<string> {
  const node = await asleep();
  return await refuses({ clock: node.later, isFull: true }, 'StorageFull', async (tree) => {
    assert.equal(seen(tree, 'free').trim(), '0');
    // Neither can the product work on such a disk; that it was started is all that certmend owes it.
    assertOrder(seen(tree, 'journal-product'), [/Starting rke2-server/, /no space left/, / rke2\[\d+\]: /]);
    // As it was switched off, the disk had room again. The service may have been tried some times until then: the pause
    // after attempts that came to nothing is over.
    await assertHeals(tree, node, node.later + 600_000);
  });
}

function assertStarted(tree: Tree): void {
  assert.equal(seen(tree, 'product'), 'active\n', 'the service starts anyway');
}

/** Nothing was replaced, and the journal says why. */
async function refuses(power: Power, reason: string, judge: (tree: Tree) => void | Promise<void>): Promise<string> {
  const { disk, old, protectedBefore } = await asleep();
  return await inScratch(async (scratch) => {
    const branched = await branch(disk, join(scratch, 'disk'));
    await powerOn(branched, { ...power, patience: 0 });
    const tree = await readDisk(branched, join(scratch, 'seen'));
    assertAllOld(old, tree);
    assertProtectedUntouched(protectedBefore, tree);
    const told = `${seen(tree, 'records')}${seen(tree, 'journal-product')}`;
    assert.match(told, new RegExp(`"CERTMEND_REASON":"${reason}"`), told.slice(-3000));
    await judge(tree);
    return `${seen(tree, 'date').trim()}: ${reason}; ${seen(tree, 'health').trim()}`;
  });
}

function assertOrder(text: string, steps: readonly RegExp[]): void {
  let from = 0;
  for (const step of steps) {
    const at = text.slice(from).search(step);
    assert.ok(at >= 0, `${String(step)} is missing or too early:\n${text}`);
    from += at;
  }
}
