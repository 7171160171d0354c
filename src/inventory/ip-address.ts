/**
 * Text of the 4 or 16 octets of an iPAddress (RFC 5280 4.2.1.6): dotted decimal, or RFC 5952. An IPv4-mapped IPv6
 * address is written as the IPv4 address it stands for, as Go does. Undefined for any other length.
 */
export function addressText(octets: Buffer): string | undefined {
  if (octets.length === 4) return octets.join('.');
  if (octets.length !== 16) return undefined;
  if (octets.readUIntBE(0, 6) === 0 && octets.readUIntBE(6, 6) === 0xffff) return octets.subarray(12).join('.');
  const groups = Array.from({ length: 8 }, (_, index) => octets.readUInt16BE(index * 2));
  const [from, to] = longestZeroRun(groups);
  const hexadecimal = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (from === to) return hexadecimal(groups);
  return `${hexadecimal(groups.slice(0, from))}::${hexadecimal(groups.slice(to))}`;
}

/** First of the longest runs of at least two zero groups, as [from, to); [0, 0] when there is none (RFC 5952 4.2). */
function longestZeroRun(groups: readonly number[]): readonly [number, number] {
  let longest: readonly [number, number] = [0, 0];
  for (let from = 0; from < groups.length; from += 1) {
    let to = from;
    while (groups[to] === 0) to += 1;
    if (to - from >= 2 && to - from > longest[1] - longest[0]) longest = [from, to];
    from = Math.max(from, to);
  }
  return longest;
}
