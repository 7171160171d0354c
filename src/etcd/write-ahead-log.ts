import type { RandomAccess } from '../disk/large-file.ts';
import { bytesOf, numberOf, readFields, type Field } from './protobuf.ts';

/** What is not a sound log. The message is a clause. */
export class LogDamaged extends Error {}

/** An entry of the raft log. */
export interface LogEntry {
  readonly index: bigint;
  readonly data: Buffer;
  /** 0: a request, 1 and 2: a change of the members. */
  readonly type: bigint;
}

const recordType = { entry: 2n } as const;
/** Larger than any request that etcd takes, by far. */
const maxRecord = 64 * 1024 * 1024;

/**
 * The entries of one file of the log (etcd server/storage/wal: records of a length, a message, and padding to 8 bytes; the
 * files are made with room in advance, so a length of zero is the end).
 *
 * @param isLast a record that is cut short at its end is what a power cut leaves, and etcd drops it as well
 * @throws LogDamaged
 */
export function* logEntries(file: RandomAccess, isLast: boolean): Generator<LogEntry> {
  for (let at = 0; at + 8 <= file.size;) {
    const head = file.read(at, 8).readBigUInt64LE(0);
    if (head === 0n) return;
    // The lower 56 bits are the length; when the highest is set, the three lowest of the last octet are the padding.
    const length = Number(head & 0xff_ffff_ffff_ffffn);
    const padding = head >> 63n === 1n ? Number((head >> 56n) & 7n) : 0;
    if (length > maxRecord) throw new LogDamaged('has a record of an impossible length');
    if (at + 8 + length + padding > file.size) {
      if (isLast) return;
      throw new LogDamaged('is cut short');
    }
    const record = readFields(file.read(at + 8, length));
    if (record === undefined) throw new LogDamaged('has a record that cannot be read');
    if (numberOf(record, 1) === recordType.entry) yield entryOf(record);
    at += 8 + length + padding;
  }
}

function entryOf(record: readonly Field[]): LogEntry {
  const entry = readFields(bytesOf(record, 3)?.bytes ?? Buffer.alloc(0));
  if (entry === undefined) throw new LogDamaged('has an entry that cannot be read');
  return {
    type: numberOf(entry, 1),
    index: numberOf(entry, 3),
    data: bytesOf(entry, 4)?.bytes ?? Buffer.alloc(0),
  };
}

/**
 * May this entry, when etcd goes on with it, change a key below the prefix, or the members? What cannot be told counts as
 * yes. Requests are etcdserverpb.InternalRaftRequest: 4 put, 5 delete_range, 6 txn, which hold the same again.
 */
export function mayConcern({ type, data }: LogEntry, prefix: string): boolean {
  if (type !== 0n) return true;
  if (data.length === 0) return false;
  if (data.includes(prefix)) return true;
  const request = readFields(data);
  if (request === undefined) return true;
  const range = bytesOf(request, 5);
  const transaction = bytesOf(request, 6);
  return (
    (range !== undefined && covers(range.bytes, prefix)) ||
    (transaction !== undefined && mayDelete(transaction.bytes, prefix))
  );
}

/** RangeRequest and DeleteRangeRequest: 1 key, 2 range_end. */
function covers(message: Buffer, prefix: string): boolean {
  const fields = readFields(message);
  if (fields === undefined) return true;
  const key = bytesOf(fields, 1)?.bytes ?? Buffer.alloc(0);
  const end = bytesOf(fields, 2)?.bytes;
  if (end === undefined || end.length === 0) return false;
  const place = Buffer.from(prefix, 'utf8');
  const isToTheEnd = end.length === 1 && end[0] === 0;
  return (
    Buffer.compare(key, Buffer.from(`${prefix}\u{10ffff}`, 'utf8')) <= 0 &&
    (isToTheEnd || Buffer.compare(place, end) < 0)
  );
}

/** TxnRequest: 2 success, 3 failure, of RequestOp: 3 request_delete_range, 4 request_txn. */
function mayDelete(message: Buffer, prefix: string, depth = 0): boolean {
  const operations = readFields(message);
  if (operations === undefined || depth > 8) return true;
  return operations.some((field) => {
    if (field.kind !== 'bytes' || (field.number !== 2 && field.number !== 3)) return false;
    const operation = readFields(field.bytes);
    if (operation === undefined) return true;
    const [range, inner] = [bytesOf(operation, 3), bytesOf(operation, 4)];
    return (
      (range !== undefined && covers(range.bytes, prefix)) ||
      (inner !== undefined && mayDelete(inner.bytes, prefix, depth + 1))
    );
  });
}
