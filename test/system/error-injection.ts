import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprintPaths } from '../fixtures/fingerprint-tree.ts';
import { copyTree, makeTree, type Tree } from '../fixtures/tree.ts';
import { prestart, type Ended } from './certmend.ts';
import { programs, type Scenario } from './scenario.ts';
import { inLanes, inScratch } from './scratch.ts';
import {
  assertAllNew,
  assertAllOld,
  assertNoPrivateKey,
  assertNoStackTrace,
  assertNothingStray,
  assertProtectedUntouched,
  liveSet,
  replaced,
} from './set-state.ts';
import { chosen, exhaustive, mutatingPoints, pointName, prestartWith, type Point } from './strace.ts';

const errors = ['ENOSPC', 'EIO', 'EROFS', 'EACCES'] as const;

const words = {
  refused: 'refused',
  tolerated: 'did not matter',
  late: 'after the set was live',
  missed: 'hit the runtime',
} as const;

/**
 * Exhaustively, each call gets each error; otherwise the errors take turns, so that each call gets one.
 *
 * Each system call that changes the disk fails once. Either certmend says so and the files are all old, or it did not
 * need the call and they are all new. The next start, on a disk that works, finishes the job.
 */
export const errorInjection: readonly Scenario[] = [
  {
    name: 'prestart whose disk fails at any mutating system call says so and leaves all old',
    needs: [programs.strace, programs.openssl, programs.flock, programs.cp],
    isHeavy: true,
    run: failEverywhere,
  },
];

async function failEverywhere(): Promise<string> {
  return await inScratch(async (scratch) => {
    const pristine = makeTree({ directory: join(scratch, 'pristine'), leaf: 'expired' });
    const points = await mutatingPoints(copyTree(pristine, join(scratch, 'reference')), scratch);
    const seen = new Map<string, number>();
    const cases = chosen(points).flatMap((point) => {
      const turn = seen.get(point.call) ?? 0;
      seen.set(point.call, turn + 1);
      return exhaustive
        ? errors.map((error) => ({ point, error }))
        : [{ point, error: errors[turn % errors.length] ?? 'EIO' }];
    });
    const tally = { refused: 0, tolerated: 0, late: 0, missed: 0 };
    await inLanes(cases, 2, caseName, async ({ point, error }, index) => {
      const tree = copyTree(pristine, join(scratch, String(index)));
      tally[await failAt(point, error, pristine, tree, index)] += 1;
      rmSync(tree.root, { recursive: true, force: true });
    });
    assert.ok(tally.missed <= cases.length / 50, `${tally.missed} of ${cases.length} hit the runtime`);
    const results = Object.entries(words).map(
      ([result, meaning]) => `${tally[result as keyof typeof words]} ${meaning}`,
    );
    return `${cases.length} failures at ${points.length} points: ${results.join(', ')}`;
  });
}

function caseName({ point, error }: { readonly point: Point; readonly error: string }): string {
  return `${error} at ${pointName(point)}`;
}

async function failAt(
  point: Point,
  error: string,
  pristine: Tree,
  tree: Tree,
  index: number,
): Promise<keyof typeof words> {
  const old = liveSet(pristine);
  const protectedBefore = fingerprintPaths(tree.root, tree.protectedPaths);
  // Every other one as the boot hook runs it: whatever happens, the unit must start (P1).
  const strict = index % 2 === 0;
  const ended = await prestartWith(tree, point, `error=${error}`, ...(strict ? ['--strict'] : []));
  assertNoStackTrace(ended.stderr);
  assertNoPrivateKey(tree, ended.stdout, ended.stderr);
  const result = judge(ended, strict, old, tree);
  assertProtectedUntouched(protectedBefore, tree);
  if (index % 4 >= 2 && !exhaustive) return result;
  const next = await prestart(tree, '--strict');
  assert.equal(next.status, 0, next.stderr);
  assertAllNew(old, tree);
  assertNothingStray(tree);
  return result;
}

/** What became of the node, and whether certmend said the same. */
function judge(ended: Ended, strict: boolean, old: ReturnType<typeof liveSet>, tree: Tree): keyof typeof words {
  // A write to libuv's own wake-up descriptor came in between, and libuv aborts when that fails: not our call.
  if (ended.signal === 'SIGABRT') return 'missed';
  const refused = ended.status === 73;
  assert.ok(ended.status === 0 || (refused && strict), `status 0 or, with --strict, 73: ${describe(ended)}`);
  if (replaced(old, tree).length === 0) {
    assertAllOld(old, tree);
    assert.ok(refused || !strict, `nothing is done, and the status does not say so: ${describe(ended)}`);
    assert.notEqual(ended.stderr.trim(), '', 'a refusal has a message');
    return 'refused';
  }
  assertAllNew(old, tree);
  if (!refused) return 'tolerated';
  // The set was live and the journal gone when the disk failed under the last record of it.
  assert.match(ended.stderr, /generation \d+ is live/);
  return 'late';
}

function describe({ status, signal, stderr }: Ended): string {
  return `${String(status ?? signal)} ${stderr}`;
}
