import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprintPaths } from '../fixtures/fingerprint-tree.ts';
import { copyTree, makeTree, type Tree } from '../fixtures/tree.ts';
import { prestart, type Ended } from './certmend.ts';
import { programs, type Scenario } from './scenario.ts';
import { inLanes, inMemory } from './scratch.ts';
import {
  assertAllNew,
  assertAllOld,
  assertNoPrivateKey,
  assertNoStackTrace,
  assertNothingStray,
  assertProtectedUntouched,
  liveSet,
  ownLeaves,
  pairFits,
  replaced,
} from './set-state.ts';
import { chosen, exhaustive, injected, pointName, pointsOf, type Point } from './strace.ts';

const errors = ['ENOSPC', 'EIO', 'EROFS', 'EACCES', 'EMFILE'] as const;
/** Of the calls that only look, each so manyeth: all of them are made to fail inside of a process (faults.ts). */
const readStride = 25;

const words = {
  refused: 'refused',
  tolerated: 'did not matter',
  late: 'after the set was live',
} as const;

interface Case {
  readonly point: Point;
  readonly error: string;
}

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
    run: async () => await failEverywhere('mutating', judge),
  },
  {
    name: 'prestart that cannot read something at any moment says so or does without, and heals at the next start',
    needs: [programs.strace, programs.openssl, programs.flock, programs.cp],
    isHeavy: true,
    run: async () => await failEverywhere('reading', judgeUnread),
  },
];

type Judge = (ended: Ended, strict: boolean, old: ReturnType<typeof liveSet>, tree: Tree) => keyof typeof words;

async function failEverywhere(kind: 'mutating' | 'reading', judged: Judge): Promise<string> {
  return await inMemory(async (scratch) => {
    const pristine = makeTree({ directory: join(scratch, 'pristine'), leaf: 'expired' });
    const points = await pointsOf(kind, copyTree(pristine, join(scratch, 'reference')), scratch);
    assert.ok(points.length > 100, `only ${points.length} points: the list must be wrong`);
    const cases = casesOf(chosen(points, kind === 'reading' ? readStride : 1));
    const tally = { refused: 0, tolerated: 0, late: 0 };
    await inLanes(cases, 2, caseName, async (each, index) => {
      const directory = join(scratch, String(index));
      tally[await failAt(each, pristine, directory, index, judged)] += 1;
      rmSync(directory, { recursive: true });
    });
    const results = Object.entries(words).map(
      ([result, meaning]) => `${tally[result as keyof typeof words]} ${meaning}`,
    );
    return `${cases.length} failures at ${points.length} points: ${results.join(', ')}`;
  });
}

function casesOf(points: readonly Point[]): readonly Case[] {
  const seen = new Map<string, number>();
  return points.flatMap((point) => {
    const turn = seen.get(point.call) ?? 0;
    seen.set(point.call, turn + 1);
    return exhaustive
      ? errors.map((error) => ({ point, error }))
      : [{ point, error: errors[turn % errors.length] ?? 'EIO' }];
  });
}

function caseName({ point, error }: Case): string {
  return `${error} at ${pointName(point)}`;
}

async function failAt(
  { point, error }: Case,
  pristine: Tree,
  directory: string,
  index: number,
  judged: Judge,
): Promise<keyof typeof words> {
  const old = liveSet(pristine);
  const protectedBefore = fingerprintPaths(pristine.root, pristine.protectedPaths);
  // Every other one as the boot hook runs it: whatever happens, the unit must start (P1).
  const strict = index % 2 === 0;
  const { tree, ended } = await injected(pristine, directory, point, `error=${error}`, ...(strict ? ['--strict'] : []));
  assertNoStackTrace(ended.stderr);
  assertNoPrivateKey(tree, ended.stdout, ended.stderr);
  const result = judged(ended, strict, old, tree);
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
  const refused = ended.status === 73 || ranOutOfTime(ended);
  assert.ok(ended.status === 0 || (refused && strict), `status 0 or, with --strict, 73: ${describe(ended)}`);
  if (replaced(old, tree).length === 0) {
    assertAllOld(old, tree);
    assert.ok(refused || !strict, `nothing is done, and the status does not say so: ${describe(ended)}`);
    assert.notEqual(ended.stderr.trim(), '', 'a refusal has a message');
    return 'refused';
  }
  assertAllNew(old, tree);
  if (!refused) return 'tolerated';
  // The set was live: with the journal gone when the disk failed under the last record of it, or with the journal kept,
  // since a sync that failed is believed, and the next run writes everything again.
  assert.match(ended.stderr, /generation \d+ is live|the journal is kept, and the next certmend run/);
  return 'late';
}

/** What cannot be read may cost a pair its renewal, or the whole node until the next start; never a torn pair. */
function judgeUnread(...[ended, strict, old, tree]: Parameters<Judge>): ReturnType<Judge> {
  const refused = [73, 75, 77, 78].includes(ended.status ?? 70);
  const inPart = ended.status === 2 && /problems? needs? an operator/.test(ended.stdout);
  assert.ok(ended.status === 0 || ((refused || inPart) && strict), describe(ended));
  for (const leaf of ownLeaves(tree)) assert.ok(pairFits(tree, leaf), `${leaf.id}: torn`);
  if (replaced(old, tree).length === old.size) return refused ? 'late' : 'tolerated';
  assert.notEqual(`${ended.stderr}${ended.stdout}`.trim(), '', 'what is not done has a message');
  return 'refused';
}

/** A machine that is busy enough makes any run too late to commit. */
function ranOutOfTime({ status, stderr }: Ended): boolean {
  return status === 75 && /the boot hook (ran out of|has not enough) time/.test(stderr);
}

function describe({ status, signal, stderr }: Ended): string {
  return `${String(status ?? signal)} ${stderr}`;
}
