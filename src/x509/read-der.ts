/**
 * Reading of DER (X.690), no more of it than certificates and keys need: definite lengths in their shortest form, tags
 * of one octet. Nothing here recurses, throws or allocates by what a length field claims: every function returns
 * undefined for bytes that are not what was asked for. Go, which the products are written in, is as strict.
 */

/** Where one element lies in the bytes it was read from; offsets in bytes. */
export interface Element {
  /** The identifier octet: class, constructed bit and number. */
  readonly tag: number;
  /** Offset of the identifier octet. */
  readonly start: number;
  /** Offset of the first content octet. */
  readonly content: number;
  /** Offset after the last content octet. */
  readonly end: number;
}

export const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
  /** Context-specific, primitive: `[n] IMPLICIT` of a primitive type. */
  context: (number: number): number => 0x80 | number,
  /** Context-specific, constructed: `[n] EXPLICIT`. */
  explicit: (number: number): number => 0xa0 | number,
} as const;

/** More elements than any certificate has on one level; bounds what a hostile one can make us allocate. */
const maxChildren = 10_000;

/** The element that starts at `offset` and ends no later than `limit`. */
export function readElement(bytes: Buffer, offset: number, limit: number): Element | undefined {
  if (limit - offset < 2) return undefined;
  const identifier = bytes[offset] ?? 0;
  // Tag numbers above 30 take several octets; no field of RFC 5280 or RFC 5958 has one.
  if ((identifier & 0x1f) === 0x1f) return undefined;
  let length = bytes[offset + 1] ?? 0;
  let content = offset + 2;
  if (length >= 0x80) {
    const octets = length & 0x7f;
    // 0 is the indefinite form; four octets already count further than any file that is read.
    if (octets === 0 || octets > 4 || limit - content < octets) return undefined;
    length = bytes.readUIntBE(content, octets);
    content += octets;
    const shortest = length >= 0x80 && length >= 2 ** (8 * (octets - 1));
    if (!shortest) return undefined;
  }
  if (length > limit - content) return undefined;
  return { tag: identifier, start: offset, content, end: content + length };
}

/** The one element that fills the bytes from first to last. */
export function readWhole(bytes: Buffer, expectedTag: number): Element | undefined {
  const element = readElement(bytes, 0, bytes.length);
  return element?.tag === expectedTag && element.end === bytes.length ? element : undefined;
}

/** The elements inside a constructed one (or inside an OCTET STRING that wraps DER), which they must fill. */
export function readChildren(bytes: Buffer, parent: Element): readonly Element[] | undefined {
  const children: Element[] = [];
  for (let offset = parent.content; offset < parent.end;) {
    const child = readElement(bytes, offset, parent.end);
    if (child === undefined || children.length === maxChildren) return undefined;
    children.push(child);
    offset = child.end;
  }
  return children;
}

/** The only child of an element, of the given tag. */
export function readOnlyChild(bytes: Buffer, parent: Element, expectedTag: number): Element | undefined {
  const child = readElement(bytes, parent.content, parent.end);
  return child?.tag === expectedTag && child.end === parent.end ? child : undefined;
}

export function contentOf(bytes: Buffer, element: Element): Buffer {
  return bytes.subarray(element.content, element.end);
}

export function wholeOf(bytes: Buffer, element: Element): Buffer {
  return bytes.subarray(element.start, element.end);
}

/** Dotted decimal text of an OBJECT IDENTIFIER. */
export function objectIdentifier(bytes: Buffer, element: Element): string | undefined {
  if (element.tag !== tag.objectIdentifier || element.content === element.end) return undefined;
  const arcs: number[] = [];
  let arc = 0;
  for (let offset = element.content; offset < element.end; offset += 1) {
    const octet = bytes[offset] ?? 0;
    if (arc === 0 && octet === 0x80) return undefined;
    arc = arc * 128 + (octet & 0x7f);
    if (arc > 0xffff_ffff) return undefined;
    if (octet >= 0x80) continue;
    if (arcs.length === 0) {
      const first = Math.min(Math.floor(arc / 40), 2);
      arcs.push(first, arc - first * 40);
    } else {
      arcs.push(arc);
    }
    arc = 0;
  }
  // The last octet of an arc has its high bit clear.
  return (bytes[element.end - 1] ?? 0) < 0x80 ? arcs.join('.') : undefined;
}

/** Value octets of a BIT STRING without the count of unused bits, and that count. */
export function bitString(bytes: Buffer, element: Element): { bits: Buffer; unused: number } | undefined {
  if (element.tag !== tag.bitString || element.content === element.end) return undefined;
  const unused = bytes[element.content] ?? 0;
  const bits = bytes.subarray(element.content + 1, element.end);
  return unused > 7 || (bits.length === 0 && unused > 0) ? undefined : { bits, unused };
}

/**
 * Instant of a UTCTime or GeneralizedTime in milliseconds since the epoch, in the only forms RFC 5280 4.1.2.5 allows:
 * `YYMMDDHHMMSSZ`, where 50 to 99 are of the twentieth century, and `YYYYMMDDHHMMSSZ`. Undefined for anything else.
 */
export function instantOf(bytes: Buffer, element: Element): number | undefined {
  const text = bytes.toString('latin1', element.content, element.end);
  if (element.tag === tag.generalizedTime) return /^\d{14}Z$/.test(text) ? instant(text) : undefined;
  if (element.tag !== tag.utcTime || !/^\d{12}Z$/.test(text)) return undefined;
  return instant((text < '50' ? '20' : '19') + text);
}

/** @param digits `YYYYMMDDHHMMSSZ` */
function instant(digits: string): number | undefined {
  const field = (from: number, to: number): number => Number(digits.slice(from, to));
  const [year, month, day] = [field(0, 4), field(4, 6), field(6, 8)];
  const [hour, minute, second] = [field(8, 10), field(10, 12), field(12, 14)];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  // Not Date.UTC: it moves the years 0 to 99 to the twentieth century.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.setUTCHours(hour, minute, second);
}
