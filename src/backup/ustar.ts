import { maxFileBytes } from '../disk/file-reader.ts';

/**
 * POSIX ustar (IEEE Std 1003.1, pax, "ustar Interchange Format") as far as a backup needs it: regular files with short
 * names. Written out here because the strictness is the point: an archive is a list of paths that root will write, and
 * whatever a general library would also take (links, devices, pax headers, sparse files) has to be refused one by one.
 * What is written here any tar reads.
 */

/** A member of an archive. The name is relative, without `.` and `..`. */
export interface TarFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds since the epoch. */
  readonly mtime: number;
}

export type TarReading =
  | { readonly ok: true; readonly files: readonly TarFile[] }
  /** A clause: `has a link (var/lib/x)`. */
  | { readonly ok: false; readonly problem: string };

/** A node has some hundred files of a few kilobytes. All of them must fit into one journal (1 MiB). */
export const maxTarFiles = 1024;
export const maxTarBytes = 64 * 1024 * 1024;

const block = 512;
/** Seven octal digits. A uid above it, of a mapped file system, is no owner of a node's keys. */
const largestOwner = 0o7777777;

/** Why a file cannot be a member, as a clause; undefined when it can. */
export function whyNoMember({ name, bytes, uid, gid }: TarFile): string | undefined {
  if (splitName(name) === undefined) return 'its path is too long for a tar';
  if (uid > largestOwner || gid > largestOwner) return `its owner (${String(uid)}:${String(gid)}) is out of range`;
  return bytes.length > maxFileBytes
    ? `it is ${String(bytes.length)} bytes, more than ${String(maxFileBytes)}`
    : undefined;
}

/** The archive, piece by piece; the caller has asked `whyNoMember`. */
export function* writeTar(files: readonly TarFile[]): Generator<Uint8Array> {
  for (const file of files) {
    yield header(file);
    yield file.bytes;
    yield Buffer.alloc(padding(file.bytes.length));
  }
  yield Buffer.alloc(2 * block);
}

/** Takes what `writeTar` makes and nothing else. Never throws for what the bytes can be. */
export function readTar(bytes: Uint8Array): TarReading {
  const tar = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const files: TarFile[] = [];
  const names = new Set<string>();
  const fail = (problem: string): TarReading => ({ ok: false, problem });
  let at = 0;
  for (;;) {
    const head = tar.subarray(at, at + block);
    if (head.length < block) return fail('ends in the middle');
    at += block;
    if (isZero(head)) break;
    const member = readHeader(head);
    if (typeof member === 'string') return fail(member);
    const { size, ...file } = member;
    if (names.has(file.name)) return fail(`has ${file.name} twice`);
    if (files.length >= maxTarFiles) return fail(`has more than ${String(maxTarFiles)} files`);
    const end = at + size;
    const next = end + padding(size);
    if (next > tar.length) return fail('ends in the middle');
    if (!isZero(tar.subarray(end, next))) return fail(`has something between its files, behind ${file.name}`);
    names.add(file.name);
    files.push({ ...file, bytes: tar.subarray(at, end) });
    at = next;
  }
  if (tar.length - at < block || !isZero(tar.subarray(at))) return fail('has something behind its end');
  const inside = [...names].find((name) => parents(name).some((above) => names.has(above)));
  return inside === undefined ? { ok: true, files } : fail(`has ${inside} below a file`);
}

/** The names of the directories above a name. */
function parents(name: string): readonly string[] {
  const parts = name.split('/').slice(0, -1);
  return parts.map((_part, index) => parts.slice(0, index + 1).join('/'));
}

function header({ name, bytes, mode, uid, gid, mtime }: TarFile): Buffer {
  const parts = splitName(name);
  if (parts === undefined) throw new RangeError(`no name for a tar: ${name}`);
  const head = Buffer.alloc(block);
  head.write(parts.name, 0, 'utf8');
  head.write(octal(mode & 0o7777, 7), 100);
  head.write(octal(uid, 7), 108);
  head.write(octal(gid, 7), 116);
  head.write(octal(bytes.length, 11), 124);
  head.write(octal(Math.min(Math.max(mtime, 0), 0o77777777777), 11), 136);
  head.write('0', 156);
  head.write('ustar\x0000', 257, 'latin1');
  head.write(parts.prefix, 345, 'utf8');
  head.write(`${octal(checksum(head), 6)}\0 `, 148, 'latin1');
  return head;
}

function readHeader(head: Buffer): (Omit<TarFile, 'bytes'> & { readonly size: number }) | string {
  if (head.toString('latin1', 257, 265) !== 'ustar\x0000') return 'is not a tar of the ustar form';
  if (number(head, 148, 8) !== checksum(head)) return 'is damaged: the checksum of a header differs';
  const prefix = string(head, 345, 155);
  const last = string(head, 0, 100);
  if (prefix === undefined || last === undefined) return 'has a name that is no text';
  const name = prefix === '' ? last : `${prefix}/${last}`;
  const shown = JSON.stringify(name.slice(0, 200));
  const type = head.toString('latin1', 156, 157);
  if (type !== '0') return `has something that is not a regular file (${shown}, type ${JSON.stringify(type)})`;
  if (!isPlainName(name)) return `has a path that leads elsewhere (${shown})`;
  if (!isZero(head.subarray(157, 257))) return `has a link (${shown})`;
  const [mode, uid, gid, size, mtime] = [
    number(head, 100, 8),
    number(head, 108, 8),
    number(head, 116, 8),
    number(head, 124, 12),
    number(head, 136, 12),
  ];
  if (mode === undefined || uid === undefined || gid === undefined || size === undefined || mtime === undefined)
    return `has a number that is none (${shown})`;
  if (size > maxFileBytes) return `has a file of ${String(size)} bytes (${shown}), more than ${String(maxFileBytes)}`;
  if (mode > 0o7777) return `has a mode that is none (${shown})`;
  return { name, mode, uid, gid, size, mtime };
}

/** Relative, as it is written, and nothing in it that a terminal or a shell could stumble over. */
export function isPlainName(name: string): boolean {
  if (name === '' || /[\p{Cc}\p{Cf}\u2028\u2029\uFFFD\\]/u.test(name)) return false;
  return name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/** Up to 100 bytes, or up to 155 in front of a slash and 100 behind it. */
function splitName(name: string): { readonly prefix: string; readonly name: string } | undefined {
  if (!isPlainName(name)) return undefined;
  if (Buffer.byteLength(name) <= 100) return { prefix: '', name };
  for (let slash = name.indexOf('/'); slash !== -1; slash = name.indexOf('/', slash + 1)) {
    const [prefix, rest] = [name.slice(0, slash), name.slice(slash + 1)];
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(rest) <= 100) return { prefix, name: rest };
  }
  return undefined;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

/** Octal digits up to a NUL or a blank; the base-256 form of others is none. */
function number(head: Buffer, at: number, length: number): number | undefined {
  const digits = /^([0-7]+)[\0 ]*$/.exec(head.toString('latin1', at, at + length))?.[1];
  return digits === undefined ? undefined : Number.parseInt(digits, 8);
}

function string(head: Buffer, at: number, length: number): string | undefined {
  const field = head.subarray(at, at + length);
  const end = field.indexOf(0);
  const text = end === -1 ? field : field.subarray(0, end);
  if (end !== -1 && !isZero(field.subarray(end))) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text);
  } catch {
    return undefined;
  }
}

/** Of a header whose own field counts as blanks. */
function checksum(head: Buffer): number {
  return head.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 0x20 : byte), 0);
}

function padding(size: number): number {
  return (block - (size % block)) % block;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
