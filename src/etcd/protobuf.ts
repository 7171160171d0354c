/* Reading of protocol buffers' wire format: as much of it as etcd's own messages use. */

/** One field: a number for varints, bytes with their place for strings and messages. */
export type Field =
  | { readonly number: number; readonly kind: 'varint'; readonly value: bigint }
  | { readonly number: number; readonly kind: 'bytes'; readonly bytes: Buffer; readonly offset: number };

/** @returns undefined for bytes that are no message */
export function readFields(message: Buffer): readonly Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  while (at < message.length) {
    const tag = varint(message, at);
    if (tag === undefined) return undefined;
    at = tag.end;
    const number = Number(tag.value >> 3n);
    switch (Number(tag.value & 7n)) {
      case 0: {
        const value = varint(message, at);
        if (value === undefined) return undefined;
        fields.push({ number, kind: 'varint', value: value.value });
        at = value.end;
        break;
      }
      case 1:
        at += 8;
        break;
      case 2: {
        const length = varint(message, at);
        if (length === undefined || length.value > BigInt(message.length - length.end)) return undefined;
        const end = length.end + Number(length.value);
        fields.push({ number, kind: 'bytes', bytes: message.subarray(length.end, end), offset: length.end });
        at = end;
        break;
      }
      case 5:
        at += 4;
        break;
      default:
        return undefined;
    }
  }
  return at === message.length ? fields : undefined;
}

export function bytesOf(fields: readonly Field[], number: number): Extract<Field, { kind: 'bytes' }> | undefined {
  return fields.findLast((field) => field.kind === 'bytes' && field.number === number) as
    Extract<Field, { kind: 'bytes' }> | undefined;
}

export function numberOf(fields: readonly Field[], number: number): bigint {
  const field = fields.findLast((other) => other.kind === 'varint' && other.number === number);
  return field?.kind === 'varint' ? field.value : 0n;
}

function varint(bytes: Buffer, offset: number): { readonly value: bigint; readonly end: number } | undefined {
  let value = 0n;
  for (let at = offset, shift = 0n; at < bytes.length && shift < 70n; at += 1, shift += 7n) {
    const octet = bytes[at] ?? 0;
    value |= BigInt(octet & 0x7f) << shift;
    if (octet < 0x80) return { value, end: at + 1 };
  }
  return undefined;
}
