import { createCipheriv, createDecipheriv, createHash, pbkdf2Sync, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Tree } from '../fixtures/tree.ts';

/* What the products keep in their datastore, made and read here by other code than the program's own (products 3.1). */

const fields = {
  ServerCA: 'tls/server-ca.crt',
  ServerCAKey: 'tls/server-ca.key',
  ClientCA: 'tls/client-ca.crt',
  ClientCAKey: 'tls/client-ca.key',
  RequestHeaderCA: 'tls/request-header-ca.crt',
  RequestHeaderCAKey: 'tls/request-header-ca.key',
  ETCDServerCA: 'tls/etcd/server-ca.crt',
  ETCDServerCAKey: 'tls/etcd/server-ca.key',
  ETCDPeerCA: 'tls/etcd/peer-ca.crt',
  ETCDPeerCAKey: 'tls/etcd/peer-ca.key',
  ServiceKey: 'tls/service.key',
  PasswdFile: 'cred/passwd',
  IPSECKey: 'cred/ipsec.psk',
  EncryptionConfig: 'cred/encryption-config.json',
  EncryptionHash: 'cred/encryption-state.json',
} as const;

export type FieldName = keyof typeof fields;

export interface Stored {
  readonly Timestamp: string;
  readonly Content: string;
}

/** Of the server's own token. */
export function passwordOf(tree: Tree): string {
  const token = readFileSync(tree.host(`${tree.dataDir}/server/token`), 'utf8').trim();
  return token.slice(token.lastIndexOf(':') + 1);
}

export function bootstrapKey(password: string): string {
  return `/bootstrap/${createHash('sha256').update(password).digest('hex').slice(0, 12)}`;
}

export function bootstrapValue(tree: Tree, password = passwordOf(tree)): Buffer {
  const server = tree.host(`${tree.dataDir}/server`);
  const document: Record<string, Stored> = {};
  for (const [field, name] of Object.entries(fields).toSorted(([left], [right]) => (left < right ? -1 : 1))) {
    const path = join(server, name);
    if (!existsSync(path)) continue;
    // Go says nanoseconds.
    const timestamp = statSync(path)
      .mtime.toISOString()
      .replace(/\d{3}Z$/, '123456789Z');
    document[field] = { Timestamp: timestamp, Content: readFileSync(path).toString('base64') };
  }
  return sealed(`${JSON.stringify(document)}\n`, password);
}

export function sealed(plaintext: string, password: string): Buffer {
  const salt = randomBytes(8).toString('hex');
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', pbkdf2Sync(password, salt, 4096, 32, 'sha1'), nonce);
  const body = Buffer.concat([nonce, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  return Buffer.from(`${salt}:${body.toString('base64')}`);
}

export function opened(value: Uint8Array, password: string): Record<FieldName, Stored> {
  const [salt = '', text = ''] = Buffer.from(value).toString().split(':');
  const body = Buffer.from(text, 'base64');
  const cipher = createDecipheriv(
    'aes-256-gcm',
    pbkdf2Sync(password, salt, 4096, 32, 'sha1'),
    body.subarray(0, 12),
  ).setAuthTag(body.subarray(-16));
  const plaintext = Buffer.concat([cipher.update(body.subarray(12, -16)), cipher.final()]);
  return JSON.parse(plaintext.toString()) as Record<FieldName, Stored>;
}

export const sqlitePath = 'server/db/state.db';

/** K3s's database as kine makes it, with rows of others around the one that counts. */
export function makeSqlite(tree: Tree, value: Buffer, key = bootstrapKey(passwordOf(tree))): string {
  const path = tree.host(`${tree.dataDir}/${sqlitePath}`);
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(path);
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE kine (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, created INTEGER, deleted INTEGER,
      create_revision INTEGER NOT NULL, prev_revision INTEGER NOT NULL, lease INTEGER, value BLOB, old_value BLOB);
    CREATE INDEX kine_name_index ON kine (name);
    CREATE INDEX kine_name_id_index ON kine (name, id);
    CREATE UNIQUE INDEX kine_name_prev_revision_uindex ON kine (name, prev_revision);
    INSERT INTO kine(name, created, deleted, create_revision, prev_revision, lease, value) VALUES('compact_rev_key', 1, 0, 0, 0, 0, '');
  `);
  const insert = database.prepare(
    'INSERT INTO kine(name, created, deleted, create_revision, prev_revision, lease, value, old_value) VALUES(?, ?, 0, ?, ?, 0, ?, ?)',
  );
  insert.run(key, 1, 0, 0, Buffer.from('an older one'), null);
  for (let number = 0; number < 200; number += 1)
    insert.run(`/registry/pods/default/pod-${String(number)}`, 1, 0, 0, randomBytes(300), null);
  insert.run(key, 0, 2, 2, value, Buffer.from('an older one'));
  insert.run('/registry/pods/default/last', 1, 0, 0, randomBytes(300), null);
  database.close();
  return path;
}

export interface KineRow {
  readonly id: number;
  readonly created: number;
  readonly deleted: number;
  readonly create_revision: number;
  readonly prev_revision: number;
  readonly value: Uint8Array;
  readonly old_value: Uint8Array | null;
}

export function kineRows(path: string, name: string): readonly KineRow[] {
  // To look must leave nothing beside the file.
  const database = new DatabaseSync(new URL(`file://${path}?immutable=1`), { readOnly: true });
  try {
    return database.prepare('SELECT * FROM kine WHERE name = ? ORDER BY id').all(name) as unknown as KineRow[];
  } finally {
    database.close();
  }
}
