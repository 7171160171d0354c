import { join } from 'node:path';
import { fingerprintPaths, type Fingerprint } from '../../fixtures/fingerprint-tree.ts';
import { day, type Tree } from '../../fixtures/tree.ts';
import { scratchDirectory } from '../scratch.ts';
import { assertAllOld, liveSet } from '../set-state.ts';
import { makeDrive, type Drive } from './control-plane-drive.ts';
import { branch, makeDisk, readDisk, type Disk } from './disk.ts';
import { powerOn } from './machine.ts';
import { assertHealthy, assertServes } from './verdict.ts';
import { WriteLog } from './write-log.ts';

/** A node that certmend prepared on day 0 and that was switched off then. */
export interface Asleep {
  readonly disk: Disk;
  /** With the control plane that ran on day 0, and runs again on day 400; the stand-ins when there is none. */
  readonly drive: Drive;
  /** An instant of day 0. */
  readonly dayZero: number;
  /** An instant of day 400. */
  readonly later: number;
  readonly old: ReadonlyMap<string, Fingerprint>;
  readonly protectedBefore: ReadonlyMap<string, Fingerprint>;
}

/** What the machine did when it was switched on again on day 400. */
export interface Awoken {
  readonly tree: Tree;
  /** All that it wrote to its disk from then on. */
  readonly log: WriteLog;
  /** Requests in the log when the boot hook began, and when it was done. */
  readonly rotation: Readonly<Record<'begin' | 'end', number>>;
}

/** What begin.conf and end.conf print. */
export const marks = { begin: 'rotation begins', end: 'rotation ends' } as const;

let dayZero: Promise<Asleep> | undefined;
let dayFourHundred: Promise<Awoken> | undefined;

/** The first day is lived once: every scenario goes its own way from there. */
export async function asleep(): Promise<Asleep> {
  dayZero ??= sleepOnDayZero();
  return await dayZero;
}

/** So is the morning of day 400. */
export async function awoken(): Promise<Awoken> {
  dayFourHundred ??= wakeOnDayFourHundred();
  return await dayFourHundred;
}

function imageOf(drive: Drive): string | undefined {
  return 'image' in drive ? drive.image : undefined;
}

async function sleepOnDayZero(): Promise<Asleep> {
  const scratch = scratchDirectory();
  const disk = await makeDisk(scratch);
  const drive = await makeDrive(disk.tree, scratch);
  const now = Date.now();
  await powerOn(disk, { clock: now, drive: imageOf(drive) });
  const tree = await readDisk(disk, join(scratch, 'seen'));
  assertHealthy(tree);
  if ('image' in drive) assertServes(tree, [now]);
  assertAllOld(liveSet(disk.tree), tree);
  const protectedBefore = fingerprintPaths(tree.root, tree.protectedPaths);
  return { disk, drive, dayZero: now, later: now + 400 * day, old: liveSet(tree), protectedBefore };
}

async function wakeOnDayFourHundred(): Promise<Awoken> {
  const { disk, drive, later } = await asleep();
  const scratch = scratchDirectory();
  const branched = await branch(disk, join(scratch, 'disk'));
  const log = new WriteLog(join(scratch, 'log'));
  const rotation = { begin: 0, end: 0 };
  const onLine = (line: string): void => {
    if (line === marks.begin) rotation.begin = log.length;
    if (line === marks.end) rotation.end = log.length;
  };
  await powerOn(branched, { clock: later, drive: imageOf(drive), log, onLine });
  return { tree: await readDisk(branched, join(scratch, 'seen')), log, rotation };
}
