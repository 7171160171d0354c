import { readWhole, tag } from './read-der.ts';

/** One textual encoding (RFC 7468) as it stands in a file. */
export interface PemBlock {
  /** `CERTIFICATE`, `EC PRIVATE KEY`, … */
  readonly label: string;
  /** What stands between the boundaries, with its line breaks; not decoded. */
  readonly body: string;
  /** RFC 1421 headers are there (`Proc-Type: 4,ENCRYPTED`); `body` is then no plain base64. */
  readonly hasHeaders: boolean;
  /** Position in the file, from 1, counting blocks of every label. */
  readonly number: number;
}

export interface PemReading {
  readonly blocks: readonly PemBlock[];
  /** One clause for each block that is cut short. */
  readonly problems: readonly string[];
}

/**
 * All blocks of a file, in order. Text around them is skipped, as Go and openssl do. A boundary must start its line. The
 * time is linear in the size whatever the file holds: a block ends at the next boundary line or not at all.
 */
export function readPem(bytes: Buffer): PemReading {
  const text = bytes.toString('latin1');
  const blocks: PemBlock[] = [];
  const problems: string[] = [];
  let number = 0;
  const mark = orderMark(bytes);
  if (mark !== undefined) problems.push(`starts with a byte order mark${mark}, after which no PEM block is recognised`);
  for (let at = nextLine(text, '-----BEGIN ', 0); at !== -1;) {
    number += 1;
    const lineEnd = endOfLine(text, at);
    const line = text.slice(at, lineEnd).trimEnd();
    const label = line.length > 15 && line.endsWith('-----') ? line.slice(11, -5) : undefined;
    const end = nextLine(text, '-----', lineEnd);
    const endLine = end === -1 ? '' : text.slice(end, endOfLine(text, end)).trimEnd();
    if (label === undefined) {
      problems.push(`block ${number} has a broken BEGIN line`);
    } else if (endLine !== `-----END ${label}-----`) {
      problems.push(`block ${number} (${printable(label)}) has no END line`);
    } else {
      const body = text.slice(lineEnd, end);
      blocks.push({ label, body, hasHeaders: body.includes(':'), number });
    }
    at = end === -1 ? -1 : nextLine(text, '-----BEGIN ', end);
  }
  return { blocks, problems };
}

/** The products look for a boundary at the very beginning or behind a line feed: an editor's mark hides the first block. */
function orderMark(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return '';
  const isWide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  return isWide ? ' of UTF-16 text' : undefined;
}

/** Why a file that is not empty has no block of the wanted kind. */
export function whyNone(bytes: Buffer, blocks: readonly PemBlock[], wanted: 'certificate' | 'private key'): string {
  const first = blocks[0];
  if (first !== undefined) return `holds no ${wanted}, its first block is ${printable(first.label)}`;
  if (readWhole(bytes, tag.sequence) !== undefined) return 'is DER where PEM is expected';
  // What a file system leaves behind when the power goes before the data is written.
  if (bytes.every((octet) => octet === 0)) return `is ${bytes.length} zero bytes`;
  return 'holds no PEM block';
}

/** A label for a message: what a hostile file calls its block must not reach a terminal. */
function printable(label: string): string {
  return /^[A-Z0-9 ]{1,40}$/.test(label) ? label : 'of another kind';
}

/** Offset of the next line that starts with the words, at or after `from`; -1 when there is none. */
function nextLine(text: string, words: string, from: number): number {
  if (from === 0 && text.startsWith(words)) return 0;
  if (from > 0 && text.startsWith(words, from) && text[from - 1] === '\n') return from;
  const at = text.indexOf(`\n${words}`, from);
  return at === -1 ? -1 : at + 1;
}

function endOfLine(text: string, from: number): number {
  const at = text.indexOf('\n', from);
  return at === -1 ? text.length : at;
}

/** RFC 7468, in lines of 64 characters as openssl and Go write it. */
export function encodePem(label: 'CERTIFICATE', bytes: Uint8Array): Buffer {
  const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return Buffer.from([`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n'), 'latin1');
}

/**
 * Decodes standard base64 with line breaks and blanks anywhere. Undefined for anything else: Buffer alone would skip
 * what it does not know and return fewer bytes, which hides damage.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const digits = text.replace(/[ \t\r\n]+/g, '');
  if (digits.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(digits)) return undefined;
  return Buffer.from(digits, 'base64');
}
