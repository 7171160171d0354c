import { accessSync, constants, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atExit } from './at-exit.ts';

const removals = new Map<string, () => void>();

/** A new directory that is gone when this process ends, also when a person ends it. */
export function scratchDirectory(parent = tmpdir()): string {
  const directory = mkdtempSync(join(parent, 'certmend-system-'));
  const remove = (): void => {
    rmSync(directory, { recursive: true, force: true });
  };
  removals.set(directory, atExit(remove));
  return directory;
}

/** Runs `work` with a directory that is gone afterwards, whatever happened. */
export async function inScratch<T>(work: (directory: string) => Promise<T>, parent = tmpdir()): Promise<T> {
  const directory = scratchDirectory(parent);
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
    removals.get(directory)?.();
    removals.delete(directory);
  }
}

/**
 * The same on a file system in memory where there is one with room: for a thousand runs at each of which the calls count
 * and not the disk. On a disk that is busy with virtual machines one of them waits so long for its syncs that the boot
 * hook rightly gives up.
 */
export async function inMemory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  return await inScratch(work, hasRoom(memory) ? memory : tmpdir());
}

const memory = '/dev/shm';
const roomBytes = 2 * 1024 ** 3;

function hasRoom(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize > roomBytes;
  } catch {
    return false;
  }
}

/**
 * Runs `work` on every item, `lanes` at a time, in order of the items.
 *
 * @throws AggregateError after the last item, with every failure under the item's own name
 */
export async function inLanes<T>(
  items: readonly T[],
  lanes: number,
  nameOf: (item: T) => string,
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const queue = [...items.entries()];
  const failures: Error[] = [];
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [index, item] = next;
      try {
        await work(item, index);
      } catch (cause) {
        failures.push(new Error(nameOf(item), { cause }));
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} of ${items.length} failed`);
}
