const unitBytes: Readonly<Record<string, number>> = { '': 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/**
 * Reads `4MiB`, `512KiB` or a number of bytes.
 * @returns bytes; undefined when the value is no size
 */
export function parseSize(value: string | number): number | undefined {
  const match = /^(\d{1,10})(|KiB|MiB|GiB)$/.exec(String(value));
  const factor = unitBytes[match?.[2] ?? ' '];
  return match === null || factor === undefined ? undefined : Number(match[1]) * factor;
}
