import { dirname } from 'node:path';
import type { Door } from '../commit/door.ts';
import { refuseProtected } from '../commit/protected.ts';
import { onDisk } from '../disk/disk-error.ts';
import type { Layout } from '../layout/layout.ts';
import { etcdPlace } from './open-etcd.ts';
import { requireSettled, requireUnused, sqlitePlace } from './open-sqlite.ts';
import { readRecord, type RecoveryRecord } from './recovery-record.ts';
import { refused } from './refusal.ts';
import {
  clearWorkplace,
  digestOf,
  originalName,
  recordName,
  withFile,
  type DiskPorts,
  type Workplace,
} from './work-files.ts';

/** What is kept of an earlier recovery on this node. */
export interface Kept {
  readonly place: Workplace;
  readonly record: RecoveryRecord;
  /** `original`: as if nothing had been done. `recovered`: what the recovery put there, untouched since. `changed`: used since. */
  readonly live: 'original' | 'recovered' | 'changed';
}

/** @returns undefined when there is nothing that could be undone */
export function keptRecovery({ reader, files }: DiskPorts, dataDir: string): Kept | undefined {
  for (const place of [etcdPlace(dataDir), sqlitePlace(dataDir)]) {
    const record = readRecord(reader, place);
    const original = reader.stat(`${place.directory}/${originalName}`);
    if (record?.database !== place.database || original.state !== 'present') continue;
    const digest = withFile(files, place.database, digestOf);
    const isUsed = ['-wal', '-journal'].some((end) => {
      const beside = reader.stat(place.database + end);
      return beside.state === 'present' && beside.size > 0;
    });
    const live = isUsed ? 'changed' : digest === record.newSha256 ? 'recovered' : 'changed';
    return { place, record, live: digest === record.originalSha256 && !isUsed ? 'original' : live };
  }
  return undefined;
}

/** Leftovers of a run that was ended before the datastore changed, or after an undo had changed it back. */
export function forgetKept(ports: DiskPorts, place: Workplace): void {
  for (const name of [originalName, recordName]) {
    const path = `${place.directory}/${name}`;
    if (ports.reader.stat(path).state === 'absent') continue;
    onDisk('remove', path, () => {
      ports.writer.unlink(path);
    });
  }
  clearWorkplace(ports, place);
}

/**
 * Brings the original back, byte for byte, in one rename.
 *
 * @throws CertmendError RecoveryRefused when the product has worked with the new one since: all it wrote would be lost
 */
export function undoRecovery(ports: DiskPorts, kept: Kept, layout: Layout, door: Door): void {
  const { place, record, live } = kept;
  const { reader, writer, files } = ports;
  const { database, directory } = place;
  const original = `${directory}/${originalName}`;
  if (live === 'original') {
    forgetKept(ports, place);
    return;
  }
  if (live === 'changed') {
    throw refused(
      `${database} has been used since the recovery, and all that was written since would be lost`,
      `the original stays at ${original}; certmend does not put it back`,
    );
  }
  requireUnused(ports, database);
  requireSettled(ports, database);
  if (withFile(files, original, digestOf) !== record.originalSha256) {
    throw refused(
      `${original} is not the original any more`,
      'nothing can be undone; the recovered datastore is in place and whole',
    );
  }
  const at = reader.stat(original);
  if (at.state !== 'present') throw refused(`${original} is gone`, 'nothing can be undone');
  refuseProtected(
    [
      {
        op: 'put',
        path: database,
        id: record.datastore,
        source: original,
        sha256: record.originalSha256,
        mode: at.mode,
        uid: at.uid,
        gid: at.gid,
        expects: { state: 'file', sha256: record.newSha256 },
      },
    ],
    layout.protectedPaths,
    reader,
    door,
  );
  onDisk('replace', database, () => {
    writer.rename(original, database);
    writer.syncDirectory(dirname(database));
    writer.syncDirectory(directory);
  });
  forgetKept(ports, place);
}
