import type { RandomAccess } from '../disk/large-file.ts';

/*
 * Reading of a bbolt file (go.etcd.io/bbolt, internal/common/page.go and meta.go), no more of it than is needed to find
 * values and the place where they lie: two meta pages, branch and leaf pages, buckets in leaves. Data pages have no
 * checksum, meta pages have. All numbers are little-endian on the machines that the products run on.
 */

/** What is not a sound bbolt file. The message is a clause: `page 7 is not the page that it says it is`. */
export class BboltDamaged extends Error {}

/** One pair of a bucket. */
export interface BboltItem {
  readonly key: Buffer;
  readonly value: Buffer;
  /** Where the value lies in the file. */
  readonly valueOffset: number;
}

export interface Bbolt {
  readonly pageSize: number;
  readonly transaction: bigint;
  /** Pairs of a bucket at the top in the order of their keys; undefined when there is no such bucket. */
  bucket(name: string): Iterable<BboltItem> | undefined;
}

const magic = 0xed0cdaed;
const version = 2;
const pageHeader = 16;
const elementHeader = 16;
const metaLength = 64;
const flags = { branch: 0x01, leaf: 0x02, meta: 0x04 } as const;
const bucketLeaf = 0x01;
const bucketHeader = 16;
/** No honest tree is as deep: with the smallest pages it would hold more than any disk. */
const maxDepth = 32;

/** @throws BboltDamaged */
export function openBbolt(file: RandomAccess): Bbolt {
  const meta = newestMeta(file);
  const pages: Pages = { file, pageSize: meta.pageSize, end: meta.pages };
  return {
    pageSize: meta.pageSize,
    transaction: meta.transaction,
    bucket: (name) => {
      for (const element of elementsBelow(pages, meta.root, 0)) {
        if (!element.isBucket || element.key.toString('latin1') !== name) continue;
        return itemsOf(pages, element);
      }
      return undefined;
    },
  };
}

interface Meta {
  readonly pageSize: number;
  readonly root: number;
  readonly pages: number;
  readonly transaction: bigint;
}

/** Two take turns; the newer one that is whole is the one that counts. */
function newestMeta(file: RandomAccess): Meta {
  const first = metaAt(file, 0);
  // The second one lies one page on; where the first is damaged, its page size has to be tried.
  const sizes = first === undefined ? Array.from({ length: 15 }, (_, index) => 1024 << index) : [first.pageSize];
  const others = sizes.map((size) => ({ size, meta: metaAt(file, size) }));
  const second = others.find(({ size, meta }) => meta?.pageSize === size)?.meta;
  const [newest] = [first, second].flatMap((meta) => meta ?? []).toSorted(byTransaction);
  if (newest === undefined) throw new BboltDamaged('has no valid meta page');
  return newest;
}

function byTransaction(left: Meta, right: Meta): number {
  return left.transaction > right.transaction ? -1 : 1;
}

function metaAt(file: RandomAccess, offset: number): Meta | undefined {
  if (offset + pageHeader + metaLength > file.size) return undefined;
  const page = file.read(offset, pageHeader + metaLength);
  const meta = page.subarray(pageHeader);
  if ((page.readUInt16LE(8) & flags.meta) === 0 || meta.readUInt32LE(0) !== magic) return undefined;
  if (meta.readUInt32LE(4) !== version || meta.readBigUInt64LE(56) !== fnv1a(meta.subarray(0, 56))) return undefined;
  return {
    pageSize: meta.readUInt32LE(8),
    root: pageNumber(meta.readBigUInt64LE(16)),
    pages: pageNumber(meta.readBigUInt64LE(40)),
    transaction: meta.readBigUInt64LE(48),
  };
}

/** FNV-1a of 64 bits. */
function fnv1a(bytes: Buffer): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const octet of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(octet)) * 0x100000001b3n);
  return hash;
}

function pageNumber(number: bigint): number {
  if (number > BigInt(Number.MAX_SAFE_INTEGER)) throw new BboltDamaged('names a page that no file can have');
  return Number(number);
}

interface Pages {
  readonly file: RandomAccess;
  readonly pageSize: number;
  /** Number of the first page that was never used. */
  readonly end: number;
}

interface Element {
  readonly isBucket: boolean;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly valueOffset: number;
}

function* itemsOf(pages: Pages, bucket: Element): Generator<BboltItem> {
  if (bucket.value.length < bucketHeader) throw new BboltDamaged('has a bucket that is cut short');
  const root = pageNumber(bucket.value.readBigUInt64LE(0));
  // A small bucket lies in the value itself, as a page without a number.
  const elements =
    root === 0
      ? leafElements(bucket.value.subarray(bucketHeader), bucket.valueOffset + bucketHeader)
      : elementsBelow(pages, root, 0);
  for (const { isBucket, key, value, valueOffset } of elements) if (!isBucket) yield { key, value, valueOffset };
}

function* elementsBelow(pages: Pages, number: number, depth: number): Generator<Element> {
  if (depth > maxDepth) throw new BboltDamaged('has pages that lead in a circle');
  const { bytes, offset } = readPage(pages, number);
  const kind = bytes.readUInt16LE(8);
  if (kind === flags.leaf) {
    yield* leafElements(bytes, offset);
    return;
  }
  if (kind !== flags.branch)
    throw new BboltDamaged(`has a page ${String(number)} of another kind than its place needs`);
  const count = bytes.readUInt16LE(10);
  if (pageHeader + count * elementHeader > bytes.length)
    throw new BboltDamaged(`has a page ${String(number)} cut short`);
  for (let index = 0; index < count; index += 1) {
    const child = pageNumber(bytes.readBigUInt64LE(pageHeader + index * elementHeader + 8));
    yield* elementsBelow(pages, child, depth + 1);
  }
}

function readPage({ file, pageSize, end }: Pages, number: number): { readonly bytes: Buffer; readonly offset: number } {
  const offset = number * pageSize;
  if (number < 2 || number >= end || offset + pageSize > file.size)
    throw new BboltDamaged(`names a page ${String(number)} that is not in the file`);
  const header = file.read(offset, pageHeader);
  const length = (header.readUInt32LE(12) + 1) * pageSize;
  if (header.readBigUInt64LE(0) !== BigInt(number) || offset + length > file.size)
    throw new BboltDamaged(`has a page ${String(number)} that is not what it says it is`);
  return { bytes: file.read(offset, length), offset };
}

function* leafElements(page: Buffer, offset: number): Generator<Element> {
  if (page.length < pageHeader) throw new BboltDamaged('has a page that is cut short');
  const count = page.readUInt16LE(10);
  if (pageHeader + count * elementHeader > page.length) throw new BboltDamaged('has a page that is cut short');
  for (let index = 0; index < count; index += 1) {
    const at = pageHeader + index * elementHeader;
    const keyAt = at + page.readUInt32LE(at + 4);
    const valueAt = keyAt + page.readUInt32LE(at + 8);
    const valueEnd = valueAt + page.readUInt32LE(at + 12);
    if (valueEnd > page.length) throw new BboltDamaged('has a pair that is cut short');
    yield {
      isBucket: (page.readUInt32LE(at) & bucketLeaf) !== 0,
      key: page.subarray(keyAt, valueAt),
      value: page.subarray(valueAt, valueEnd),
      valueOffset: offset + valueAt,
    };
  }
}
