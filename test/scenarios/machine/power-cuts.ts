import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Tree } from '../../fixtures/tree.ts';
import { seededRandom, type Random } from '../../fuzz/random.ts';
import { assertProtectedUntouched, journalExists, ownLeaves, pairFits, replaced } from '../set-state.ts';
import { asleep, awoken, marks, type Asleep, type Awoken } from './asleep.ts';
import { branch, readDisk, type Disk } from './disk.ts';
import { powerOn } from './machine.ts';
import { Replay } from './replay.ts';
import { assertHealed, assertHeals, assertHealthy } from './verdict.ts';
import { WriteLog } from './write-log.ts';

/*
 * Two kinds of power cut. Many are made out of what the machine of day 400 wrote to its disk, in the order in which it
 * did: a disk is left with everything up to some moment of the rotation, less some of what the disk's cache still held.
 * An emulator that is killed cannot show that last: what it was told to write is with the host by then. The host then
 * does what a boot would: it mends the file system, and certmend's boot hook runs on what is there.
 *
 * Two are the real thing: the emulator is killed, the same disk is booted by the machine's own kernel and killed again
 * while it recovers, and the third boot has to end with a node that serves.
 */

const cuts = Number(process.env['CERTMEND_CUTS'] ?? 20);
/** The machine is on again after so many milliseconds: longer than it was on, on its own clock, and than any pause. */
const dark = 600_000;
/** So many requests to the disk a commit has, more or less. */
const commitRequests = 20;

/** What a power cut may leave: nothing begun, a journal that says what to finish, all done. */
type Left = 'old' | 'open' | 'new';

/** The power fails at moments of the rotation that a seed chooses. */
export async function powerCuts(scratch: string): Promise<string> {
  const seed = Number(process.env['CERTMEND_SEED'] ?? Date.now() % 1_000_000);
  return await named(`seed ${seed}`, async () => {
    const node = await asleep();
    const left = await killTwice(node, seededRandom(seed + 1), scratch);
    const tally = await cutOutOfLog(node, await awoken(), seededRandom(seed), scratch);
    const told = `${tally.old} all old, ${tally.open} with a journal to finish, ${tally.new} all new`;
    return `seed ${seed}: ${tally.old + tally.open + tally.new} cuts left ${told}; an emulator killed twice left ${left.join(', then ')}`;
  });
}

/** @returns what was left how often */
async function cutOutOfLog(
  node: Asleep,
  { log, rotation: { begin, end } }: Awoken,
  random: Random,
  scratch: string,
): Promise<Readonly<Record<Left, number>>> {
  const disk = await branch(node.disk, join(scratch, 'cut'));
  const replay = new Replay(disk.image, log, end);
  const tally = { old: 0, open: 0, new: 0 };
  let [lastOld, firstNew] = [begin, end];
  let number = 0;
  const cut = async (after: number, kept: number): Promise<Left> => {
    number += 1;
    replay.cutAfter(after, () => random.below(100) < kept);
    return await named(`cut ${number}, after ${after} of ${begin} to ${end} requests, ${kept} % kept`, async () => {
      const tree = await readDisk(disk, join(scratch, 'torn'));
      const left = leftOn(tree, node);
      tally[left] += 1;
      await assertHeals(tree, node, node.later + dark);
      rmSync(tree.root, { recursive: true });
      return left;
    });
  };
  for (let turn = 1; turn <= cuts; turn += 1) {
    const after = moment(turn, { begin, end, lastOld, firstNew }, random);
    // From a disk that has written nothing of its cache to one that has written all of it, as the first and the last have.
    const left = await cut(after, turn === 1 || turn === cuts ? 100 : random.below(101));
    if (left === 'old') lastOld = Math.max(lastOld, after);
    if (left === 'new') firstNew = Math.min(firstNew, after);
  }
  await cutInCommit({ begin, end }, tally, cut);
  return tally;
}

/**
 * Chance may have left out the commit itself. On a disk that loses nothing the order is old, open, new: so halving the
 * range finds it, unless there is nothing to be found.
 */
async function cutInCommit(
  { begin, end }: Readonly<Record<'begin' | 'end', number>>,
  tally: Readonly<Record<Left, number>>,
  cut: (after: number, kept: number) => Promise<Left>,
): Promise<void> {
  let [from, to] = [begin, end];
  while (tally.open === 0) {
    assert.ok(to - from > 1, `no moment of the rotation leaves a journal: ${JSON.stringify(tally)}`);
    const middle = Math.floor((from + to) / 2);
    const left = await cut(middle, 100);
    if (left === 'old') from = middle;
    if (left === 'new') to = middle;
  }
}

/**
 * The first cut is before the rotation, the last after it. Most of a rotation is its preparation: so every fourth cut is
 * anywhere, and the others close in on the commit.
 */
function moment(
  cut: number,
  { begin, end, lastOld, firstNew }: Readonly<Record<'begin' | 'end' | 'lastOld' | 'firstNew', number>>,
  random: Random,
): number {
  if (cut === 1) return begin;
  if (cut === cuts) return end;
  const [from, to] = cut % 4 === 0 ? [begin, end] : [lastOld, firstNew];
  return from + random.below(Math.max(1, to - from + 1));
}

/** What is left; throws when that is anything but all old, all new, or a journal that says what to finish (P1). */
function leftOn(tree: Tree, { old, protectedBefore }: Asleep): Left {
  assertProtectedUntouched(protectedBefore, tree);
  if (journalExists(tree)) return 'open';
  const changed = replaced(old, tree);
  assert.ok(changed.length === 0 || changed.length === old.size, `torn without a journal: ${changed.join(', ')}`);
  for (const leaf of ownLeaves(tree)) assert.ok(pairFits(tree, leaf), `${leaf.id}: torn without a journal`);
  return changed.length === 0 ? 'old' : 'new';
}

async function killTwice(node: Asleep, random: Random, scratch: string): Promise<Left[]> {
  const disk = await branch(node.disk, join(scratch, 'killed'));
  const left: Left[] = [];
  for (const boot of [1, 2]) {
    const requests = random.below(commitRequests);
    await named(`boot ${boot}, killed ${requests} requests after the name of the journal`, async () => {
      await killAfter(requests, disk, node.later + boot * dark, join(scratch, 'log'));
      left.push(leftOn(await readDisk(disk, join(scratch, `killed-${boot}`)), node));
    });
  }
  const clock = node.later + 3 * dark;
  await powerOn(disk, { clock });
  const tree = await readDisk(disk, join(scratch, 'healed'));
  assertHealthy(tree);
  assertHealed(tree, node, clock);
  return left;
}

/**
 * Kills the emulator so many requests to its disk after the first that wrote the name of certmend's journal, which is
 * what the commit begins with: at the latest when the boot hook is done.
 */
async function killAfter(requests: number, disk: Disk, clock: number, logPath: string): Promise<void> {
  const log = new WriteLog(logPath);
  let isOn = true;
  const watch = async (cut: () => void): Promise<void> => {
    let [looked, journal] = [log.length, Infinity];
    while (isOn && log.length <= journal + requests) {
      for (const request of log.requests().slice(looked)) {
        looked += 1;
        if (journal === Infinity && log.dataOf(request).includes('journal.json')) journal = looked;
      }
      await wait(1);
    }
    if (isOn) cut();
  };
  await powerOn(disk, {
    clock,
    log,
    onLine: (line, cut) => {
      if (line === marks.begin) void watch(cut);
      if (line === marks.end) cut();
    },
  });
  isOn = false;
}

async function named<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new Error(what, { cause });
  }
}
