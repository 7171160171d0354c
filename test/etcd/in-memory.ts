import type { RandomAccess } from '../../src/disk/large-file.ts';

export function inMemory(bytes: Buffer): RandomAccess {
  return {
    size: bytes.length,
    read: (offset, length) => {
      if (offset + length > bytes.length) throw new RangeError('beyond the end');
      return Buffer.from(bytes.subarray(offset, offset + length));
    },
  };
}
