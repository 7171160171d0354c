import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * The files of an etcd member, written from their formats (go.etcd.io/bbolt internal/common, etcd server/storage/mvcc and
 * wal) and by none of the program's code. The scenarios have files of real etcds; these have what those cannot be made to write.
 */

export type Pair = readonly [key: string | Buffer, value: Buffer];

const pageSize = 4096;

/** A bbolt file. The bucket `key` has a branch page above its leaves, the others lie in the leaf at the top. */
export function bboltFile(buckets: Readonly<Record<string, readonly Pair[]>>, transaction = 7n): Buffer {
  const pages: Buffer[] = [];
  // 0 and 1 are the meta pages, 2 the free list.
  let next = 3;
  const add = (page: Buffer): number => {
    const number = next;
    const count = Math.ceil(page.length / pageSize);
    page.writeBigUInt64LE(BigInt(number), 0);
    page.writeUInt32LE(count - 1, 12);
    pages.push(Buffer.concat([page, Buffer.alloc(count * pageSize - page.length)]));
    next += count;
    return number;
  };
  const top = Object.entries(buckets)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, pairs]): readonly [string, Buffer] => {
      if (name !== 'key') return [name, Buffer.concat([Buffer.alloc(16), leaf(pairs, 0)])];
      const halves = [pairs.slice(0, Math.ceil(pairs.length / 2)), pairs.slice(Math.ceil(pairs.length / 2))];
      const children = halves
        .filter(({ length }) => length > 0)
        .map((half) => [half[0]?.[0] ?? '', add(leaf(half, 0))] as const);
      return [name, header(add(branch(children)))];
    });
  const root = add(leaf(top, 1));
  const freelist = Buffer.alloc(pageSize);
  freelist.writeBigUInt64LE(2n, 0);
  freelist.writeUInt16LE(0x10, 8);
  return Buffer.concat([meta(0, root, next, transaction - 1n), meta(1, root, next, transaction), freelist, ...pages]);
}

function header(root: number): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(BigInt(root), 0);
  return bytes;
}

function leaf(pairs: readonly Pair[], flags: number): Buffer {
  const head = Buffer.alloc(16 + 16 * pairs.length);
  head.writeUInt16LE(2, 8);
  head.writeUInt16LE(pairs.length, 10);
  const bodies: Buffer[] = [];
  let end = head.length;
  for (const [index, [key, value]] of pairs.entries()) {
    const at = 16 + 16 * index;
    const name = Buffer.from(key);
    head.writeUInt32LE(flags, at);
    head.writeUInt32LE(end - at, at + 4);
    head.writeUInt32LE(name.length, at + 8);
    head.writeUInt32LE(value.length, at + 12);
    bodies.push(name, value);
    end += name.length + value.length;
  }
  return Buffer.concat([head, ...bodies]);
}

function branch(children: readonly (readonly [key: string | Buffer, page: number])[]): Buffer {
  const head = Buffer.alloc(16 + 16 * children.length);
  head.writeUInt16LE(1, 8);
  head.writeUInt16LE(children.length, 10);
  let end = head.length;
  for (const [index, [key, page]] of children.entries()) {
    const at = 16 + 16 * index;
    head.writeUInt32LE(end - at, at);
    head.writeUInt32LE(key.length, at + 4);
    head.writeBigUInt64LE(BigInt(page), at + 8);
    end += key.length;
  }
  return Buffer.concat([head, ...children.map(([key]) => Buffer.from(key))]);
}

function meta(number: number, root: number, end: number, transaction: bigint): Buffer {
  const page = Buffer.alloc(pageSize);
  page.writeBigUInt64LE(BigInt(number), 0);
  page.writeUInt16LE(4, 8);
  page.writeUInt32LE(0xed0cdaed, 16);
  page.writeUInt32LE(2, 20);
  page.writeUInt32LE(pageSize, 24);
  page.writeBigUInt64LE(BigInt(root), 32);
  page.writeBigUInt64LE(2n, 48);
  page.writeBigUInt64LE(BigInt(end), 56);
  page.writeBigUInt64LE(transaction, 64);
  let hash = 0xcbf29ce484222325n;
  for (const octet of page.subarray(16, 72)) hash = ((hash ^ BigInt(octet)) * 0x100000001b3n) & 0xffffffffffffffffn;
  page.writeBigUInt64LE(hash, 72);
  return page;
}

export function revision(main: number, isTombstone = false): Buffer {
  const bytes = Buffer.alloc(17);
  bytes.writeBigUInt64BE(BigInt(main), 0);
  bytes.write('_', 8);
  return isTombstone ? Buffer.concat([bytes, Buffer.from('t')]) : bytes;
}

/** mvccpb.KeyValue */
export function keyValue(key: string, value: Buffer, main: number): Buffer {
  return Buffer.concat([
    field(1, Buffer.from(key)),
    number(2, main),
    number(3, main),
    number(4, 1),
    ...(value.length === 0 ? [] : [field(5, value)]),
  ]);
}

export function field(name: number, bytes: Buffer): Buffer {
  return Buffer.concat([varint((name << 3) | 2), varint(bytes.length), bytes]);
}

export function number(name: number, value: number): Buffer {
  return Buffer.concat([varint(name << 3), varint(value)]);
}

function varint(value: number): Buffer {
  const octets: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) octets.push((rest % 128) | 0x80);
  return Buffer.from([...octets, rest]);
}

export interface Entry {
  readonly index: number;
  readonly data: Buffer;
  readonly type?: number;
}

/** A file of the log: walpb.Record of raftpb.Entry, padded to 8 bytes, with room behind it. */
export function logFile(entries: readonly Entry[], room = 4096): Buffer {
  const records = entries.map(({ index, data, type = 0 }) => {
    const entry = Buffer.concat([
      number(1, type),
      number(2, 2),
      number(3, index),
      ...(data.length === 0 ? [] : [field(4, data)]),
    ]);
    return record(Buffer.concat([number(1, 2), number(2, 99), field(3, entry)]));
  });
  return Buffer.concat([record(Buffer.concat([number(1, 4), number(2, 0)])), ...records, Buffer.alloc(room)]);
}

function record(message: Buffer): Buffer {
  const padding = (8 - (message.length % 8)) % 8;
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(message.length) | (padding === 0 ? 0n : BigInt(0x80 | padding) << 56n));
  return Buffer.concat([head, message, Buffer.alloc(padding)]);
}

/** etcdserverpb.InternalRaftRequest of a put. */
export function putRequest(key: string, value = Buffer.from('x')): Buffer {
  return Buffer.concat([number(1, 5), field(4, Buffer.concat([field(1, Buffer.from(key)), field(2, value)]))]);
}

/** The same of a delete_range. */
export function deleteRequest(key: string, end: string): Buffer {
  return Buffer.concat([
    number(1, 5),
    field(5, Buffer.concat([field(1, Buffer.from(key)), field(2, Buffer.from(end))])),
  ]);
}

export interface MemberOptions {
  readonly pairs: readonly Pair[];
  readonly consistentIndex?: number;
  readonly members?: number;
  readonly log?: readonly Entry[];
}

/** Writes `member` below the directory. @returns the path of the database */
export function writeMember(directory: string, options: MemberOptions): string {
  const {
    pairs,
    consistentIndex = 100,
    members = 1,
    log = [{ index: 100, data: putRequest('/registry/x') }],
  } = options;
  const index = Buffer.alloc(8);
  index.writeBigUInt64BE(BigInt(consistentIndex));
  const member = (id: number): Pair => [id.toString(16), Buffer.from(JSON.stringify({ id }))];
  const snap = join(directory, 'member', 'snap');
  const wal = join(directory, 'member', 'wal');
  mkdirSync(snap, { recursive: true, mode: 0o700 });
  mkdirSync(wal, { recursive: true, mode: 0o700 });
  const path = join(snap, 'db');
  writeFileSync(
    path,
    bboltFile({
      key: pairs,
      meta: [['consistent_index', index]],
      members: Array.from({ length: members }, (_, number) => member(number + 1)),
    }),
    { mode: 0o600 },
  );
  writeFileSync(join(wal, '0000000000000000-0000000000000000.wal'), logFile(log), { mode: 0o600 });
  return path;
}

/** Revisions of a node's life: an older value of the key, others, the value that counts, others behind it. */
export function lifeOf(key: string, value: Buffer): readonly Pair[] {
  const others = (from: number): readonly Pair[] =>
    Array.from({ length: 12 }, (_, place) => {
      const main = from + place;
      return [revision(main), keyValue(`/registry/pods/p${String(main)}`, Buffer.alloc(100 + place), main)];
    });
  return [
    ...others(2),
    [revision(20), keyValue(key, Buffer.from('an older one'), 20)],
    ...others(30),
    [revision(50), keyValue(key, value, 50)],
    ...others(60),
  ];
}
