import test from 'ava';
import type { FileReader } from '../../src/disk/file-reader.ts';
import type { FileWriter } from '../../src/disk/file-writer.ts';
import type { MemoryDisk } from './memory-disk.ts';
import { freshDisk, machineOn, verdict } from './power-loss.ts';
import { recoverNode, rotate } from './small-node.ts';
import { builtModule } from '../cli/built-module.ts';

const { ownPaths } = builtModule<typeof import('../../src/disk/own-paths.ts')>('src/disk/own-paths.ts');

/*
 * What a kernel does after an fsync that failed: it takes the pages for clean, so that the next fsync succeeds and
 * writes nothing. What is only synced again is lost with the power; what is written again is not.
 */

/** Fails the k-th sync as a kernel does. */
function failingSync(disk: MemoryDisk, k: number): { readonly writer: FileWriter; readonly syncs: () => number } {
  let syncs = 0;
  const fail = (lose: () => void): void => {
    syncs += 1;
    if (syncs !== k) return;
    lose();
    throw Object.assign(new Error('EIO: injected'), { code: 'EIO', syscall: 'fsync', errno: -5 });
  };
  const writer: FileWriter = {
    ...disk.writer,
    sync: (descriptor) => {
      fail(() => {
        disk.failSync(descriptor);
      });
      disk.writer.sync(descriptor);
    },
    syncDirectory: (path) => {
      fail(() => {
        disk.failSyncDirectory(path);
      });
      disk.writer.syncDirectory(path);
    },
  };
  return { writer, syncs: () => syncs };
}

/** Undefined when the set is whole and what was promised, after one failing sync, the next run, and a loss of power. */
function violation(k: number, see: (reader: FileReader) => FileReader): string | undefined {
  const disk = freshDisk();
  // On a node /run is memory, and there.
  disk.plant('/run/certmend/lock', Buffer.alloc(0), 0o600);
  const { writer, syncs } = failingSync(disk, k);
  let promised = 'new';
  try {
    rotate(machineOn(disk, writer));
  } catch {
    promised = 'old';
  }
  if (syncs() < k) return 'end';
  const machine = machineOn(disk);
  const recovered = recoverNode({ ...machine, reader: see(machine.reader) });
  if (recovered.kind === 'completed') promised = 'new';
  const after = disk.afterPowerLoss({ operation: () => false, data: () => 'lost' });
  recoverNode(machineOn(after));
  return verdict(after) === promised ? undefined : `sync ${k}: promised ${promised}, found ${verdict(after)}`;
}

test('commit whose k-th sync fails is whole after the next run and a loss of power: it is written again, not synced again', (t) => {
  let k = 1;
  for (; ; k += 1) {
    const found = violation(k, (reader) => reader);
    if (found === 'end') break;
    t.is(found, undefined);
  }
  t.true(k > 30);
});

test('failed-sync model sees a recovery that only syncs again', (t) => {
  const forgetful = (reader: FileReader): FileReader => ({
    ...reader,
    stat: (path) => (path === ownPaths.syncFailed ? { state: 'absent' } : reader.stat(path)),
  });
  const found = Array.from({ length: 60 }, (_, index) => violation(index + 1, forgetful));
  t.true(found.some((one) => one !== undefined && one !== 'end'));
});
