import assert from 'node:assert/strict';
import { servedLeaves, servedPorts } from '../../control-plane/arguments.ts';
import { fingerprintOnDisk } from '../../control-plane/renew-by-hand.ts';
import type { Tree } from '../../fixtures/tree.ts';
import { prestartAt } from '../../road/run-at.ts';
import { assertAllNew, assertNothingStray, assertProtectedUntouched } from '../set-state.ts';
import type { Asleep } from './asleep.ts';
import { seen } from './disk.ts';

/** By what `acceptance` has seen: the product runs, certmend is content, and every consumer serves. */
export function assertHealthy(tree: Tree): void {
  assert.equal(seen(tree, 'product'), 'active\n');
  const story = `${seen(tree, 'health')}${seen(tree, 'journal-product')}${seen(tree, 'journal-certmend')}`;
  assert.match(seen(tree, 'health'), /^healthy · \d+ certificates · next: .* · standby \d+ ready$/m, story);
  assert.equal(seen(tree, 'ask').match(/^ok /gm)?.length, 5, seen(tree, 'ask'));
}

/**
 * By what the real control plane has answered: it is ready for the administrator's pair, by files and as the product has copied
 * it; every port serves the leaf that is on the disk, as certmend says too; two components lead, so their client pairs are
 * good; and etcd knows of each of the days on which the machine ran.
 */
export function assertServes(tree: Tree, days: readonly number[]): void {
  const told = seen(tree, 'control-plane');
  const all = `${told}\n${seen(tree, 'logs')}`;
  const lines = told.trimEnd().split('\n');
  for (const name of ['readyz by files', 'readyz by rke2.yaml']) assert.ok(lines.includes(`ok ${name}`), all);
  for (const instant of days)
    assert.ok(lines.includes(`kept day-${new Date(instant).toISOString().slice(0, 10)}`), `${String(instant)}: ${all}`);
  // Leases outlive their holders in etcd: those of the last day count.
  for (const leader of ['kube-controller-manager', 'kube-scheduler']) {
    const renewed = new RegExp(`^lease ${leader} ${tree.nodeName}_\\S+ (\\S+)$`, 'm').exec(told)?.[1] ?? '';
    assert.ok(Date.parse(renewed) > Math.max(...days), `${leader}: ${renewed} ${all}`);
  }
  for (const port of servedPorts)
    assert.ok(lines.includes(`served ${String(port)} ${fingerprintOnDisk(tree, servedLeaves[port])}`), all);
  const { served } = JSON.parse(seen(tree, 'status.json')) as { served: readonly { id: string; current: boolean }[] };
  const current = served.filter((leaf) => leaf.current).map(({ id }) => id);
  assert.deepEqual(current.toSorted(), Object.values(servedLeaves).toSorted());
}

/** Everything is new on that day, nothing is left over, nothing protected has changed. */
export function assertHealed(tree: Tree, { old, protectedBefore }: Asleep, clock: number): void {
  assertAllNew(old, tree, clock);
  assertNothingStray(tree);
  assertProtectedUntouched(protectedBefore, tree);
}

/**
 * The next start of the service heals the node, and the one after finds nothing to do. Here, not on the machine: the boot
 * hook on what the disk held, under the machine's clock.
 */
export async function assertHeals(tree: Tree, node: Asleep, clock: number): Promise<void> {
  const at = new Date(clock).toISOString();
  const { decision, reasons } = await prestartAt(tree.root, at);
  assert.ok(decision !== 'refused' && decision !== 'deferred', reasons.map(({ message }) => message).join('\n'));
  assertHealed(tree, node, clock);
  assert.equal((await prestartAt(tree.root, at)).decision, 'nothing-to-do');
}
