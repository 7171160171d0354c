import { cutAt } from './interrupted-writer.ts';
import { MemoryDisk, type Survival } from './memory-disk.ts';
import type { FileWriter } from '../../src/disk/file-writer.ts';
import {
  commit,
  judge,
  oldTree,
  prepare,
  recoverNode,
  rotate,
  strays,
  transactionId,
  type Machine,
  type Twist,
} from './small-node.ts';
import { dirname } from 'node:path';
import { builtModule } from '../cli/built-module.ts';

const { ownPaths } = builtModule<typeof import('../../src/disk/own-paths.ts')>('src/disk/own-paths.ts');
const { createGenerationStore } =
  builtModule<typeof import('../../src/generation/store.ts')>('src/generation/store.ts');

/** Lets a test stand between the code and the disk: to swallow a sync, for one. */
export type Wrap = (writer: FileWriter) => FileWriter;

export function freshDisk(): MemoryDisk {
  const disk = new MemoryDisk();
  for (const [path, file] of oldTree) if (file !== undefined) disk.plant(path, file.bytes, file.mode);
  disk.plant('/var/lib/dpkg/status', Buffer.from('x'), 0o644);
  return disk;
}

export function machineOn(disk: MemoryDisk, writer: FileWriter = disk.writer): Machine {
  return { reader: disk.reader, writer, owner: { uid: 0, gid: 0 } };
}

/** Everything a power loss could leave at one moment, as far as it is tried here: all, nothing, one thing, all but one, and some at random. */
export function* survivals(
  pending: { readonly operations: number; readonly files: number },
  seed: number,
  thorough = true,
): Generator<Survival> {
  yield { operation: () => true, data: () => 'whole' };
  yield { operation: () => false, data: () => 'lost' };
  // Names before contents: what data=writeback does, and what an empty file after a crash comes from.
  yield { operation: () => true, data: () => 'lost' };
  yield { operation: () => true, data: () => 'half' };
  for (let one = 0; thorough && one < pending.operations; one += 1) {
    yield { operation: (index) => index === one, data: () => 'whole' };
    yield { operation: (index) => index !== one, data: () => 'whole' };
  }
  for (let round = 0; round < (thorough ? 3 : 1); round += 1) {
    const random = generator(seed * 31 + round);
    const choices = Array.from({ length: pending.operations + pending.files }, () => random());
    yield {
      operation: (index) => (choices[index] ?? 0) < 0.5,
      data: (index) => {
        const choice = choices[pending.operations + index] ?? 0;
        return choice < 0.33 ? 'lost' : choice < 0.66 ? 'half' : 'whole';
      },
    };
  }
}

/** mulberry32: the same numbers for the same seed, everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Ran {
  readonly disk: MemoryDisk;
  readonly end: 'returned' | 'threw' | 'cut';
  /** The work said that a transaction has come to its end. */
  readonly finished: boolean;
}

/** Runs something on a copy of the disk until call `k`; Infinity lets it end by itself. */
export function runUntil(disk: MemoryDisk, k: number, wrap: Wrap, work: (machine: Machine) => boolean): Ran {
  const copy = disk.afterKill();
  const interrupted = cutAt(copy.writer, k);
  let end: Ran['end'] = 'returned';
  let finished = false;
  try {
    finished = work(machineOn(copy, wrap(interrupted.writer)));
  } catch {
    end = 'threw';
  }
  // Clearing up answers every error with a warning, this one too: what counts is whether the machine stopped.
  return { disk: copy, end: interrupted.calls() >= k ? 'cut' : end, finished };
}

/** What a run had promised when it came to its end: which set is live, or that the new generation is kept. */
type Promised = 'old' | 'new' | 'generation';

/**
 * Recovers and says what is wrong with what came of it; undefined when nothing is.
 * @param promised undefined when the run was cut before it could promise anything
 */
export function violation(disk: MemoryDisk, promised: Promised | undefined, wrap: Wrap): string | undefined {
  const machine = machineOn(disk, wrap(disk.writer));
  const first = recoverNode(machine);
  if (promised !== undefined && first.kind !== 'nothing' && first.kind !== 'cleaned')
    return `a transaction that had ended was taken up again: ${first.kind}`;
  if (first.kind === 'set-aside') return `the journal was of no use: ${first.problem}`;
  const found = verdict(disk);
  if (found !== 'old' && found !== 'new') return found;
  if ((promised === 'old' || promised === 'new') && found !== promised)
    return `promised the ${promised} set, found the ${found} one`;
  const state = disk.reader.read(ownPaths.state);
  const saved = state.state === 'regular' ? state.bytes.toString() : 'none';
  if (found === 'new' && saved !== '2') return `the new set is live and the state says ${saved}`;
  return (
    generationProblem(disk, promised === 'generation') ??
    (strays(disk.files()).length > 0 ? `left behind: ${strays(disk.files()).join(' ')}` : undefined) ??
    (recoverNode(machine).kind === 'nothing' ? undefined : 'a second recovery found something to do')
  );
}

/** A generation that can be seen is whole, and one that was promised can be seen. */
function generationProblem(disk: MemoryDisk, promised: boolean): string | undefined {
  const store = createGenerationStore({ reader: disk.reader, writer: disk.writer });
  const numbers = store.list().map(({ number }) => number);
  if (promised && !numbers.includes(2)) return 'the generation is gone';
  const loaded = numbers.map((number) => store.load(number)).find(({ ok }) => !ok);
  return loaded === undefined || loaded.ok ? undefined : `the generation is damaged: ${loaded.problem}`;
}

export function verdict(disk: MemoryDisk): string {
  return judge((path) => {
    const file = disk.reader.read(path);
    return file.state === 'regular' ? file : undefined;
  });
}

export interface Survey {
  readonly points: number;
  readonly losses: number;
  readonly violation: string | undefined;
}

export interface Losing {
  readonly wrap?: Wrap;
  readonly twist?: Twist;
  /** Only make the generation durable, as `standby prepare` does. */
  readonly prepareOnly?: boolean;
  /** Also each single unsynced operation alone, and all but it. */
  readonly thorough?: boolean;
}

/** Loses the power at every call of a rotation and after its end, in every way of `survivals`, recovers, and judges. */
export function losePowerEverywhere({
  wrap = asItIs,
  twist = {},
  prepareOnly = false,
  thorough = true,
}: Losing = {}): Survey {
  const tally = new Tally(wrap, thorough);
  for (let k = 1; tally.violation === undefined; k += 1) {
    const ran = runUntil(freshDisk(), k, wrap, (machine) => {
      const changes = prepare(machine);
      if (!prepareOnly) commit(machine, changes, twist);
      return true;
    });
    const promised = ran.end === 'threw' ? 'old' : prepareOnly ? 'generation' : 'new';
    tally.lose(ran.disk, ran.end === 'cut' ? undefined : promised, k, `power lost at call ${String(k)}`);
    if (ran.end !== 'cut') break;
  }
  return tally;
}

/**
 * Kills a rotation at every call after its commit point, kills its recovery at every call, and loses the power there,
 * or after one more recovery: what a process finds in memory and builds on must be on the disk when it is done.
 * @param restage the staged files are gone when recovery comes, and it makes them again
 */
export function loseRecoveryEverywhere({
  wrap = asItIs,
  restage = false,
}: { readonly wrap?: Wrap; readonly restage?: boolean } = {}): Survey {
  const tally = new Tally(wrap, false);
  for (let k = 1; tally.violation === undefined; k += 1) {
    const killed = runUntil(freshDisk(), k, wrap, (machine) => {
      rotate(machine);
      return true;
    });
    if (killed.end !== 'cut') break;
    if (killed.disk.reader.stat(ownPaths.journal).state === 'absent') continue;
    const disk = restage ? withoutStaged(killed.disk) : killed.disk;
    for (let j = 1; tally.violation === undefined; j += 1) {
      const where = `killed at call ${String(k)}, its recovery at call ${String(j)}`;
      const again = runUntil(disk, j, wrap, recoveryCompletes);
      tally.lose(again.disk, again.finished ? 'new' : undefined, k * 1000 + j, `${where}, power lost`);
      const completed = runUntil(again.disk, Infinity, wrap, recoveryCompletes);
      tally.lose(
        completed.disk,
        completed.finished ? 'new' : undefined,
        k * 1000 + j,
        `${where}, recovered, power lost`,
      );
      if (again.end !== 'cut') break;
    }
  }
  return tally;
}

function recoveryCompletes(machine: Machine): boolean {
  return recoverNode(machine).kind === 'completed';
}

/** A power loss may take the names of staged files, and nothing else: they are the one thing that is not synced. */
function withoutStaged(disk: MemoryDisk): MemoryDisk {
  const copy = disk.afterKill();
  for (const path of copy.files().filter((file) => file.endsWith(`.certmend-${transactionId}`))) {
    copy.writer.unlink(path);
    copy.writer.syncDirectory(dirname(path));
  }
  return copy;
}

function asItIs(writer: FileWriter): FileWriter {
  return writer;
}

class Tally implements Survey {
  points = 0;
  losses = 0;
  violation: string | undefined;
  readonly #wrap: Wrap;
  readonly #thorough: boolean;

  constructor(wrap: Wrap, thorough: boolean) {
    this.#wrap = wrap;
    this.#thorough = thorough;
  }

  lose(disk: MemoryDisk, promised: Promised | undefined, seed: number, where: string): void {
    if (this.violation !== undefined) return;
    this.points += 1;
    for (const survival of survivals(disk.pending(), seed, this.#thorough)) {
      this.losses += 1;
      try {
        this.violation ??= violation(disk.afterPowerLoss(survival), promised, this.#wrap);
      } catch (error) {
        this.violation = `recovery failed: ${String(error)}`;
      }
      if (this.violation !== undefined) {
        this.violation = `${where}: ${this.violation}`;
        return;
      }
    }
  }
}
