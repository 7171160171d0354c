import asn1 from 'node-forge/lib/asn1.js';

// node-forge works on binary strings; everything outside this file works on bytes. Contents are given as finished DER,
// so what was copied out of an authority (its Name, its key identifier) is written back bit for bit.

const constructed = 0x20;

export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return element(asn1.Type.SEQUENCE | constructed, Buffer.concat(parts));
}

/** SET OF: DER wants the encodings in ascending order (X.690 11.6). */
export function setOf(parts: readonly Uint8Array[]): Buffer {
  const ordered = [...parts].sort((a, b) => Buffer.compare(a, b));
  return element(asn1.Type.SET | constructed, Buffer.concat(ordered));
}

/** @param content two's complement, big-endian, in its shortest form */
export function integer(content: Uint8Array): Buffer {
  return element(asn1.Type.INTEGER, content);
}

export function objectIdentifier(dotted: string): Buffer {
  return element(asn1.Type.OID, Buffer.from(asn1.oidToDer(dotted).getBytes(), 'latin1'));
}

export function bitString(content: Uint8Array, unusedBits = 0): Buffer {
  return element(asn1.Type.BITSTRING, Buffer.concat([Buffer.of(unusedBits), content]));
}

export function octetString(content: Uint8Array): Buffer {
  return element(asn1.Type.OCTETSTRING, content);
}

export function booleanTrue(): Buffer {
  return element(asn1.Type.BOOLEAN, Buffer.of(0xff));
}

export function nullValue(): Buffer {
  return element(asn1.Type.NULL, Buffer.alloc(0));
}

/** UTCTime through 2049, GeneralizedTime from 2050 (RFC 5280 4.1.2.5). @param at milliseconds since the epoch, whole seconds */
export function time(at: number): Buffer {
  const date = new Date(at);
  return date.getUTCFullYear() < 2050
    ? element(asn1.Type.UTCTIME, Buffer.from(asn1.dateToUtcTime(date), 'latin1'))
    : element(asn1.Type.GENERALIZEDTIME, Buffer.from(asn1.dateToGeneralizedTime(date), 'latin1'));
}

/**
 * A DirectoryString as Go's encoding/asn1 chooses it, hence as the product does: PrintableString when every character
 * allows it, else UTF8String. Go leaves `*` and `&` out of the printable ones.
 */
export function directoryString(text: string): Buffer {
  const type = /^[A-Za-z0-9'()+,\-./:=? ]*$/.test(text) ? asn1.Type.PRINTABLESTRING : asn1.Type.UTF8;
  return element(type, Buffer.from(text, 'utf8'));
}

/** `[number]` in front of finished elements. */
export function explicit(number: number, content: Uint8Array): Buffer {
  return element(asn1.Class.CONTEXT_SPECIFIC | constructed | number, content);
}

/** `[number]` in place of a primitive element's own tag. */
export function implicit(number: number, content: Uint8Array): Buffer {
  return element(asn1.Class.CONTEXT_SPECIFIC | number, content);
}

function element(identifierOctet: number, content: Uint8Array): Buffer {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString('latin1');
  const node = asn1.create(asn1.Class.UNIVERSAL, identifierOctet, false, bytes);
  return Buffer.from(asn1.toDer(node).getBytes(), 'latin1');
}
