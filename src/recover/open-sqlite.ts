import { onDisk } from '../disk/disk-error.ts';
import { insertUpdate, integrityOf, valuesInKine } from './kine-store.ts';
import { refused } from './refusal.ts';
import type { Sqlite } from './sqlite.ts';
import type { Copy, Store } from './store.ts';
import {
  clearWorkplace,
  copyLarge,
  copyName,
  digestOf,
  makeWorkplace,
  requireRoom,
  withFile,
  type DiskPorts,
  type Workplace,
} from './work-files.ts';

export type OpenSqlite = (path: string) => Sqlite;

export function sqlitePlace(dataDir: string): Workplace {
  const directory = `${dataDir}/server/db`;
  return { directory: `${directory}/certmend-recovery`, database: `${directory}/state.db` };
}

/** What SQLite keeps beside a file that was not closed. */
const companions = ['-wal', '-journal'] as const;

/**
 * K3s's SQLite file. It is looked at in a copy, log included, so that to look changes nothing.
 *
 * @throws CertmendError RecoveryRefused
 */
export function openSqliteStore(ports: DiskPorts, open: OpenSqlite, dataDir: string): Store {
  const place = sqlitePlace(dataDir);
  const { database, directory } = place;
  requireUnused(ports, database);
  const size = sizeOf(ports, database) + companions.reduce((sum, end) => sum + sizeOf(ports, database + end), 0);
  requireRoom(ports, place, size);
  const path = `${directory}/${copyName}`;
  const found = lookInCopy(ports, open, place, path);
  return {
    kind: 'sqlite',
    place,
    roomNeeded: size,
    isLengthFixed: false,
    found,
    writes: (key, value) => [
      { path: database, what: `one new row of the table kine, for ${key}`, offset: undefined, length: value.length },
    ],
    makeCopy: (key, { value }, isReal) => {
      if (isReal) settle(ports, open, database);
      clearWorkplace(ports, place);
      const originalSha256 = copyWithLog(ports, place, path);
      const { id, written } = withDatabase(open, path, (copy) => {
        const old = valuesInKine(copy).find((row) => row.key === key);
        if (old === undefined) throw refused(`${key} is no longer in ${database}`);
        return { id: insertUpdate(copy, old, value), written: old };
      });
      return { ...proofOf(ports, open, path, { key, id, before: written.id }), originalSha256 };
    },
    close: () => undefined,
  };
}

function lookInCopy(
  ports: DiskPorts,
  open: OpenSqlite,
  place: Workplace,
  path: string,
): ReturnType<typeof valuesInKine> {
  clearWorkplace(ports, place);
  try {
    copyWithLog(ports, place, path);
    return withDatabase(open, path, valuesInKine);
  } catch (error) {
    clearWorkplace(ports, place);
    throw error;
  }
}

function proofOf(
  { files, writer }: DiskPorts,
  open: OpenSqlite,
  path: string,
  { key, id, before }: { readonly key: string; readonly id: bigint; readonly before: bigint },
): Omit<Copy, 'originalSha256'> {
  const value = withDatabase(open, path, (copy) => {
    const integrity = integrityOf(copy);
    if (integrity !== 'ok') throw refused(`the copy of the database is not sound: ${integrity}`);
    const row = valuesInKine(copy).find((other) => other.key === key);
    return row?.id === id && id > before ? row.value : undefined;
  });
  onDisk('write', path, () => {
    const descriptor = writer.openExisting(path);
    try {
      writer.sync(descriptor);
    } finally {
      writer.close(descriptor);
    }
  });
  return { value, newSha256: withFile(files, path, digestOf) };
}

/** @returns SHA-256 of the database's own file */
function copyWithLog(ports: DiskPorts, place: Workplace, path: string): string {
  const { database } = place;
  makeWorkplace(ports, place);
  for (const end of companions) {
    if (sizeOf(ports, database + end) === 0) continue;
    withFile(ports.files, database + end, (file) => copyLarge(ports, file, path + end));
  }
  return withFile(ports.files, database, (file) => copyLarge(ports, file, path).original);
}

/**
 * What SQLite still has beside the file goes into it: as the product's next start would do, and nothing of it is lost. It
 * is also the last proof that nobody has it open.
 */
function settle(ports: DiskPorts, open: OpenSqlite, database: string): void {
  requireUnused(ports, database);
  withDatabase(open, database, (original) => {
    original.run('BEGIN EXCLUSIVE');
    original.run('COMMIT');
    original.rows('PRAGMA wal_checkpoint(TRUNCATE)');
  });
  requireSettled(ports, database);
}

/** @throws CertmendError RecoveryRefused when something is beside the file that would count over it */
export function requireSettled(ports: DiskPorts, database: string): void {
  for (const end of companions) {
    if (sizeOf(ports, database + end) > 0)
      throw refused(`${database}${end} was not taken into the database`, stopProduct);
  }
}

export function requireUnused({ files, reader }: DiskPorts, database: string): void {
  for (const path of [database, `${database}-shm`]) {
    if (reader.stat(path).state === 'absent' && path !== database) continue;
    const holder = onDisk('read', path, () => files.lockHolder(path));
    if (holder !== undefined) throw refused(`${database} is in use by the process ${String(holder)}`, stopProduct);
  }
}

const stopProduct = 'stop the product and what it left running, then run the command again';

function sizeOf({ reader }: DiskPorts, path: string): number {
  const at = reader.stat(path);
  return at.state === 'present' && at.type === 'file' ? at.size : 0;
}

/** What SQLite refuses is a refusal of ours: its messages are clauses, and nothing was changed. */
function withDatabase<T>(open: OpenSqlite, path: string, work: (database: Sqlite) => T): T {
  let database: Sqlite | undefined;
  try {
    database = open(path);
    return work(database);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_SQLITE_ERROR')
      throw refused(`SQLite refuses ${path}: ${error.message}`, stopProduct);
    throw error;
  } finally {
    database?.close();
  }
}
