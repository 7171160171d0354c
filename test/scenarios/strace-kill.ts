import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprintPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { copyTree, makeTree, type Tree } from '../fixtures/tree.ts';
import { prestart, run, program } from './certmend.ts';
import { programs, type Scenario } from './scenario.ts';
import { inLanes, inMemory } from './scratch.ts';
import {
  assertAllNew,
  assertNothingStray,
  assertProtectedUntouched,
  journalExists,
  liveSet,
  ownLeaves,
  pairFits,
  replaced,
} from './set-state.ts';
import { chosen, exhaustive, injected, pointName, pointsOf, type Point } from './strace.ts';

const needs = [programs.strace, programs.openssl, programs.flock, programs.cp];

const withStandby: Scenario = {
  name: 'prestart killed at every mutating system call while it commits a standby leaves all old or all new',
  needs,
  isHeavy: true,
  run: async () => await killEverywhere(true),
};

/**
 * The real process dies at each system call that changes the disk. Right after, no pair is torn unless the journal says
 * so; after the next ordinary start everything is new, nothing is left over and nothing protected has changed.
 */
export const straceKill: readonly Scenario[] = [
  {
    name: 'prestart killed at every mutating system call while it issues and commits leaves all old or all new',
    needs,
    isHeavy: true,
    run: async () => await killEverywhere(false),
  },
  ...(exhaustive ? [withStandby] : []),
];

async function killEverywhere(fromStandby: boolean): Promise<string> {
  return await inMemory(async (scratch) => {
    const pristine = makeTree({
      directory: join(scratch, 'pristine'),
      leaf: 'expired',
    });
    if (fromStandby) {
      const prepared = await run(process.execPath, [program, '--root', pristine.root, 'standby', 'prepare']);
      assert.equal(prepared.status, 0, prepared.stderr);
    }
    const all = await pointsOf('mutating', copyTree(pristine, join(scratch, 'reference')), scratch);
    const points = chosen(all.filter(({ tookEffect }) => tookEffect));
    assert.ok(all.length > 100, `only ${all.length} points: the list must be wrong`);
    const tally = { old: 0, rolledForward: 0, done: 0 };
    await inLanes(points, 2, pointName, async (point, index) => {
      const directory = join(scratch, String(index));
      tally[await killAt(point, pristine, directory)] += 1;
      rmSync(directory, { recursive: true });
    });
    const { old, rolledForward, done } = tally;
    return `${points.length} points: ${old} all old, ${rolledForward} with a journal, ${done} all new`;
  });
}

async function killAt(point: Point, pristine: Tree, directory: string): Promise<'old' | 'rolledForward' | 'done'> {
  const old = liveSet(pristine);
  const protectedBefore = fingerprintPaths(pristine.root, pristine.protectedPaths);
  const { tree, ended } = await injected(pristine, directory, point, 'signal=SIGKILL');
  assert.equal(ended.signal, 'SIGKILL', `${String(ended.status)} ${ended.stderr}`);
  const changed = replaced(old, tree);
  const open = journalExists(tree);
  if (!open) {
    assert.ok(changed.length === 0 || changed.length === old.size, `torn without a journal: ${changed.join(', ')}`);
    for (const leaf of ownLeaves(tree)) assert.ok(pairFits(tree, leaf), `${leaf.id}: torn without a journal`);
  }
  const next = await prestart(tree, '--strict');
  assert.equal(next.status, 0, next.stderr);
  assertAllNew(old, tree);
  assertNothingStray(tree);
  assertProtectedUntouched(protectedBefore, tree);
  if (point.n % 8 === 0 || exhaustive) await assertSettled(tree);
  if (open) return 'rolledForward';
  return changed.length === 0 ? 'old' : 'done';
}

/** Once more changes nothing on the node. */
async function assertSettled(tree: Tree): Promise<void> {
  const except = ['/run', '/var/lib/certmend'];
  const before = fingerprintTree(tree.root, except);
  const again = await prestart(tree, '--strict');
  assert.equal(again.status, 0, again.stderr);
  assert.deepEqual(fingerprintTree(tree.root, except), before);
}
