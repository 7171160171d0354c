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

/** Where recoveries of this node work, of either kind. */
export function places(dataDir: string): readonly Workplace[] {
  return [etcdPlace(dataDir), sqlitePlace(dataDir)];
}

/** @returns undefined when there is nothing that could be undone */
export function keptRecovery(
  { reader, files }: Pick<DiskPorts, 'reader' | 'files'>,
  dataDir: string,
): Kept | undefined {
  for (const place of places(dataDir)) {
    const record = readRecord(reader, place);
    if (record?.database !== place.database) continue;
    const live = liveOf({ reader, files }, place, record);
    // Without the original there is nothing left to undo, unless that is in its place already.
    const isKept = reader.stat(`${place.directory}/${originalName}`).state === 'present';
    if (isKept || live === 'original') return { place, record, live };
  }
  return undefined;
}

function liveOf(
  { reader, files }: Pick<DiskPorts, 'reader' | 'files'>,
  { database }: Workplace,
  record: RecoveryRecord,
): Kept['live'] {
  const isUsed = ['-wal', '-journal'].some((end) => {
    const beside = reader.stat(database + end);
    return beside.state === 'present' && beside.size > 0;
  });
  if (isUsed) return 'changed';
  const digest = withFile(files, database, digestOf);
  if (digest === record.originalSha256) return 'original';
  return digest === record.newSha256 ? 'recovered' : 'changed';
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
