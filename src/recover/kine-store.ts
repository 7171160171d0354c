import { bootstrapPrefix } from '../bootstrap/seal.ts';
import type { Sqlite } from './sqlite.ts';

/** The newest row of a key in kine's table, which only ever grows: a change is a row of its own (products 3.1). */
export interface KineRow {
  readonly key: string;
  readonly value: Buffer;
  readonly id: bigint;
}

const newest = `SELECT id, name, created, deleted, create_revision, value FROM kine AS kv
  WHERE name LIKE ? AND id = (SELECT MAX(id) FROM kine WHERE name = kv.name)`;

/** What lives of the bootstrap sets. */
export function valuesInKine(database: Sqlite): readonly KineRow[] {
  return database
    .rows(newest, `${bootstrapPrefix}%`)
    .filter(({ deleted }) => deleted === 0n)
    .map(({ id, name, value }) => ({
      key: String(name),
      id: id as bigint,
      value: value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value ?? ''), 'utf8'),
    }));
}

/** As kine itself writes an update (kine pkg/logstructured/sqllog, Append; pkg/drivers/generic, InsertSQL). */
export const insertColumns = 'name, created, deleted, create_revision, prev_revision, lease, value, old_value';

/** One row, in one transaction. @returns its id */
export function insertUpdate(database: Sqlite, { key, id }: KineRow, value: Buffer): bigint {
  database.run('BEGIN IMMEDIATE');
  database.run(
    `INSERT INTO kine(${insertColumns})
     SELECT name, 0, 0, CASE WHEN created = 1 THEN id ELSE create_revision END, id, lease, ?, value
     FROM kine WHERE id = ? AND name = ?`,
    value,
    id,
    key,
  );
  const [row] = database.rows('SELECT MAX(id) AS id FROM kine WHERE name = ?', key);
  database.run('COMMIT');
  return row?.['id'] as bigint;
}

/** What SQLite itself says of the file: `ok`, or what is wrong. */
export function integrityOf(database: Sqlite): string {
  const [row] = database.rows('PRAGMA integrity_check(1)');
  return String(row?.['integrity_check'] ?? 'no answer');
}
