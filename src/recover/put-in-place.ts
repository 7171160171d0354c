import { dirname } from 'node:path';
import type { Door } from '../commit/door.ts';
import { refuseProtected } from '../commit/protected.ts';
import { onDisk } from '../disk/disk-error.ts';
import type { Relabel } from '../disk/file-writer.ts';
import { CertmendError, exitStatus } from '../error.ts';
import type { Layout } from '../layout/layout.ts';
import { rfc3339 } from '../time/rfc3339.ts';
import { requireSettled, requireUnused } from './open-sqlite.ts';
import { writeRecord } from './recovery-record.ts';
import type { Copy, Store } from './store.ts';
import { copyName, digestOf, originalName, withFile, type DiskPorts } from './work-files.ts';

export interface Placing {
  readonly store: Store;
  readonly copy: Copy;
  readonly layout: Layout;
  readonly door: Door;
  readonly relabel: Relabel;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * The copy becomes the datastore: one rename, after the original has got a second name and what undoes it is on the disk.
 * Killed at any call, the datastore is the old file or the new one.
 *
 * @returns what went wrong without harm, a clause
 * @throws CertmendError ExternalChange when the original is not what the copy was made of any more
 */
export function putInPlace(ports: DiskPorts, placing: Placing): string | undefined {
  const { store, copy, layout, door, relabel, now } = placing;
  const { place, kind } = store;
  const { reader, writer, files } = ports;
  const { database, directory } = place;
  // Of an etcd the lock is ours until the end; SQLite's would go with the first look at the file.
  if (kind === 'sqlite') {
    requireUnused(ports, database);
    requireSettled(ports, database);
  }
  const at = reader.stat(database);
  const current = withFile(files, database, digestOf);
  if (at.state !== 'present' || current !== copy.originalSha256) {
    throw new CertmendError(
      'ExternalChange',
      `${database} was changed while certmend was at work; nothing was changed`,
      {
        exit: exitStatus.tryAgain,
        hint: 'stop the product and what it left running, then run the command again',
      },
    );
  }
  const { mode, uid, gid } = at;
  const source = `${directory}/${copyName}`;
  const change = { op: 'put', path: database, id: kind, source, sha256: copy.newSha256, mode, uid, gid } as const;
  const expects = { state: 'file', sha256: copy.originalSha256 } as const;
  // The one guard in front of every write to the node: here it opens only for the door of this command (P2).
  refuseProtected([{ ...change, expects }], layout.protectedPaths, reader, door);
  const problem = relabel([source]);
  // The record first: an original that no record speaks of would be in everybody's way.
  writeRecord(ports, place, {
    schema: 1,
    at: rfc3339(now),
    datastore: kind,
    database,
    originalSha256: copy.originalSha256,
    newSha256: copy.newSha256,
  });
  onDisk('keep the original of', database, () => {
    writer.link(database, `${directory}/${originalName}`);
    writer.syncDirectory(directory);
  });
  onDisk('replace', database, () => {
    writer.rename(source, database);
    writer.syncDirectory(dirname(database));
    writer.syncDirectory(directory);
  });
  return problem;
}
