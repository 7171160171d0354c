import test from 'ava';
import type { ReasonCode } from '../../src/reason.ts';
import { failAt, type Interrupted } from './interrupted-writer.ts';
import { freshDisk, machineOn, verdict } from './power-loss.ts';
import type { MemoryDisk } from './memory-disk.ts';
import { commit, prepare, recoverNode, strays, type Machine } from './small-node.ts';
import { builtModule } from '../cli/built-module.ts';

const { CertmendError, exitStatus } = builtModule<typeof import('../../src/error.ts')>('src/error.ts');

const codes: Readonly<Record<string, ReasonCode>> = {
  ENOSPC: 'StorageFull',
  EROFS: 'StorageReadOnly',
  EACCES: 'StorageDenied',
  EIO: 'StorageFailed',
};

interface Tried {
  readonly disk: MemoryDisk;
  readonly interrupted: Interrupted;
  readonly outcome: { readonly warnings: readonly string[] } | undefined;
  readonly error: unknown;
}

function isPending(disk: MemoryDisk): boolean {
  return disk.reader.stat('/var/lib/certmend/journal.json').state !== 'absent';
}

function attempt(k: number, errno: string, persistent: boolean): Tried {
  const disk = freshDisk();
  const interrupted = failAt(disk.writer, k, errno, persistent);
  const machine: Machine = machineOn(disk, interrupted.writer);
  try {
    return { disk, interrupted, outcome: commit(machine, prepare(machine)), error: undefined };
  } catch (error) {
    return { disk, interrupted, outcome: undefined, error };
  }
}

for (const [errno, code] of Object.entries(codes)) {
  test(`commit answers ${errno} at any one call with the old set and ${code}, or with the new set and a warning`, (t) => {
    const seen = { old: 0, kept: 0, warned: 0 };
    let k = 1;
    for (; ; k += 1) {
      const { disk, interrupted, outcome, error } = attempt(k, errno, false);
      if (interrupted.calls() < k) break;
      const where = `call ${k}`;
      if (outcome === undefined) {
        t.true(error instanceof CertmendError, `${where}: ${String(error)}`);
        if (error instanceof CertmendError) {
          t.is(error.code, code, where);
          t.is(error.exit, exitStatus.cannotWrite, where);
          t.regex(error.message, /\/var\/lib\//, where);
          t.truthy(error.hint, where);
        }
        if (isPending(disk)) {
          // A failed fsync: what is on the disk nobody knows, so the journal stays and asks for all of it again.
          t.is(interrupted.failed(), 'fsync', where);
          t.regex(String(error), /the journal is kept/, where);
          t.is(recoverNode(machineOn(disk)).kind, 'completed', where);
          t.is(verdict(disk), 'new', where);
          seen.kept += 1;
        } else {
          t.is(verdict(disk), 'old', where);
          seen.old += 1;
        }
      } else {
        t.is(verdict(disk), 'new', where);
        t.is(outcome.warnings.length, 1, where);
        seen.warned += 1;
      }
      // One failing call never makes more work than the next run can do, and never turns the set around.
      const before = verdict(disk);
      recoverNode(machineOn(disk));
      t.is(verdict(disk), before, where);
      t.deepEqual(strays(disk.files()), [], where);
    }
    t.true(seen.old > 100 && seen.kept >= 5 && seen.warned > 5);
    t.log(
      `${k - 1} points: ${seen.old} ended in the old set, ${seen.kept} with the journal kept, ${seen.warned} in the new one with a warning`,
    );
  });

  test(`commit on a disk that answers ${errno} from any call on is whole after the next recovery`, (t) => {
    let k = 1;
    let open = 0;
    for (; ; k += 1) {
      const { disk, interrupted, outcome, error } = attempt(k, errno, true);
      if (interrupted.calls() < k) break;
      const where = `from call ${k}`;
      t.true(outcome !== undefined || (error instanceof CertmendError && error.code === code), where);
      if (outcome === undefined && isPending(disk)) {
        open += 1;
        t.regex(String(error), /next certmend run (completes|writes)/, where);
      }
      // Recovery on the same bad disk may fail, and must say why; on a good one it makes the node whole.
      const again = failAt(disk.writer, 1, errno, true);
      try {
        recoverNode(machineOn(disk, again.writer));
      } catch (failure) {
        t.true(failure instanceof CertmendError && failure.code === code, `${where}: ${String(failure)}`);
      }
      recoverNode(machineOn(disk));
      t.regex(verdict(disk), /^(old|new)$/, where);
      t.deepEqual(strays(disk.files()), [], where);
      t.is(recoverNode(machineOn(disk)).kind, 'nothing', where);
    }
    t.log(`${k - 1} points, ${open} of them left an open transaction`);
  });
}
