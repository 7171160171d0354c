import { type Bbolt, BboltDamaged } from './bbolt.ts';
import { bytesOf, numberOf, readFields } from './protobuf.ts';

/** A key as etcd's own store has it now (etcd server/storage/mvcc: bucket `key`, keys are revisions). */
export interface StoredValue {
  readonly key: string;
  readonly value: Buffer;
  /** Where the value lies in the file, and nothing else with it. */
  readonly offset: number;
  readonly modRevision: bigint;
}

/** 8 bytes of the main revision, `_`, 8 bytes of the sub revision; and `t` behind it when the key was deleted. */
const revisionLength = 17;

/**
 * The live value of each key that begins with the prefix: of all its revisions the last, unless that deletes it.
 *
 * @throws BboltDamaged
 */
export function liveValues(db: Bbolt, prefix: string): readonly StoredValue[] {
  const items = db.bucket('key');
  if (items === undefined) throw new BboltDamaged('has no bucket for keys');
  const wanted = Buffer.from(prefix, 'utf8');
  const live = new Map<string, StoredValue>();
  for (const { key: revision, value: message, valueOffset } of items) {
    // Most of thousands are not it, and a search through bytes is quick.
    if (!message.includes(wanted)) continue;
    const fields = readFields(message);
    const key = fields && bytesOf(fields, 1);
    if (fields === undefined || key === undefined) throw new BboltDamaged('has a revision that is no key and value');
    if (!key.bytes.subarray(0, wanted.length).equals(wanted)) continue;
    const name = key.bytes.toString('utf8');
    // Keys of the bucket are in the order of revisions, so the last one counts.
    if (revision.length > revisionLength) {
      live.delete(name);
      continue;
    }
    const value = bytesOf(fields, 5);
    live.set(name, {
      key: name,
      value: value?.bytes ?? Buffer.alloc(0),
      offset: valueOffset + (value?.offset ?? 0),
      modRevision: numberOf(fields, 3),
    });
  }
  return [...live.values()];
}

/** Up to which entry of the write-ahead log the file has everything (etcd server/etcdserver/cindex). */
export function consistentIndex(db: Bbolt): bigint | undefined {
  for (const { key, value } of db.bucket('meta') ?? [])
    if (key.toString('latin1') === 'consistent_index' && value.length === 8) return value.readBigUInt64BE(0);
  return undefined;
}

/** How many members the store knows, learners too; undefined when it does not say. */
export function memberCount(db: Bbolt): number | undefined {
  const members = db.bucket('members');
  return members === undefined ? undefined : [...members].length;
}
