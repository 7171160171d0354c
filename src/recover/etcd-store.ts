import type { LargeFile } from '../disk/large-file.ts';
import { namesIn } from '../disk/file-reader.ts';
import { bootstrapPrefix } from '../bootstrap/seal.ts';
import { BboltDamaged, openBbolt } from '../etcd/bbolt.ts';
import { consistentIndex, liveValues, memberCount, type StoredValue } from '../etcd/key-space.ts';
import { logEntries, LogDamaged, mayConcern } from '../etcd/write-ahead-log.ts';
import { refused } from './refusal.ts';
import { withFile, type DiskPorts } from './work-files.ts';

/**
 * The bootstrap sets in an etcd member's own file, when nothing can be newer than they are: a single member, everything
 * that its log holds beyond the file read and found to be about other keys.
 *
 * @param member node path of `member`
 * @param db its `snap/db`, locked
 * @throws CertmendError RecoveryRefused
 */
export function valuesOfMember(ports: DiskPorts, member: string, db: LargeFile): readonly StoredValue[] {
  const path = `${member}/snap/db`;
  const { values, index, members } = sound(path, () => {
    const store = openBbolt(db);
    return { values: liveValues(store, bootstrapPrefix), index: consistentIndex(store), members: memberCount(store) };
  });
  if (index === undefined) throw refused(`${path} does not say how far it has followed its log`);
  if (members === undefined || members === 0) throw refused(`${path} does not say how many members the cluster has`);
  if (members > 1) {
    throw refused(
      `this etcd has ${String(members)} members, and all of them would have to be changed alike before any of them starts: certmend changes a single member only`,
      severalMembers,
    );
  }
  refuseNewerSnapshot(ports, member, index);
  refuseNewerLog(ports, member, index);
  return values;
}

const severalMembers =
  'with the clock put back to a day on which the authorities were valid all members start as they are, and rotate-ca works: stop the product on all servers, switch time synchronisation off, set that day on all of them, start, rotate, stop, put the clocks right, start; docs/authorities.md, "several servers"';

/** A snapshot beyond the file would take its place when etcd starts. */
function refuseNewerSnapshot({ reader }: DiskPorts, member: string, index: bigint): void {
  for (const name of namesIn(reader, `${member}/snap`)) {
    const digits =
      /^[0-9a-f]{16}-([0-9a-f]{16})\.snap$/.exec(name)?.[1] ?? /^([0-9a-f]{16})\.snap\.db$/.exec(name)?.[1];
    if (digits !== undefined && BigInt(`0x${digits}`) > index) {
      throw refused(
        `${member}/snap/${name} is newer than the database beside it, which etcd would replace at its start`,
      );
    }
  }
}

function refuseNewerLog({ reader, files }: DiskPorts, member: string, index: bigint): void {
  const directory = `${member}/wal`;
  const names = namesIn(reader, directory).filter((name) => /^[0-9a-f]{16}-[0-9a-f]{16}\.wal$/.test(name));
  if (names.length === 0) throw refused(`${directory} holds no log, so what is newer than the database cannot be told`);
  for (const [position, name] of names.entries()) {
    const path = `${directory}/${name}`;
    withFile(files, path, (file) => {
      sound(path, () => {
        for (const entry of logEntries(file, position === names.length - 1)) {
          if (entry.index <= index || !mayConcern(entry, bootstrapPrefix)) continue;
          throw refused(
            `${path} holds a change (entry ${String(entry.index)}, the database has all up to ${String(index)}) that may concern the bootstrap set or the members`,
          );
        }
      });
    });
  }
}

/** What is damaged is a refusal; our own faults are not. */
function sound<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof BboltDamaged || error instanceof LogDamaged || error instanceof RangeError) {
      throw refused(
        `${path} cannot be read with certainty: it ${error.message}`,
        'restore an etcd snapshot of the product in a copy of the node, and recover that; docs/authorities.md',
      );
    }
    throw error;
  }
}

/** The value again, from the copy, by the same reading. */
export function valueInCopy(path: string, db: LargeFile, key: string): Buffer | undefined {
  return sound(path, () => liveValues(openBbolt(db), bootstrapPrefix).find((found) => found.key === key)?.value);
}
