import assert from 'node:assert/strict';
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
