/**
 * The textual form that Layout promises: IPv4 as it is, IPv6 compressed and lower-cased (RFC 5952), an IPv4-mapped IPv6
 * address as IPv4 (the products' parser makes it one). Undefined when the text is no address, zone identifiers included:
 * the products put such a text among the DNS names.
 *
 * Written out because this runs at every boot: the first call of `net.isIP` compiles a pattern for longer than the whole
 * layout takes to resolve. A property test holds it to `net.isIP` and `URL`.
 */
export function normalAddress(text: string): string | undefined {
  const bytes = addressBytes(text);
  return bytes === undefined ? undefined : textOf(bytes);
}

/** First usable address of a CIDR (network + 1), which the cluster's own API service gets; undefined when it is none. */
export function firstServiceAddress(cidr: string): string | undefined {
  const [address = '', length = '', ...rest] = cidr.split('/');
  const bytes = addressBytes(address);
  if (bytes === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length)) return undefined;
  const bits = bytes.length * 8;
  const prefix = Number(length);
  // A network of one address has no usable one beside the network itself.
  if (prefix > bits - 1) return undefined;
  const network = bytes.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))) & 0xff);
  const last = network.length - 1;
  network[last] = (network[last] ?? 0) + 1;
  return textOf(network);
}

/** True of an IPv6 address that is not IPv4 in disguise. */
export function isIPv6(text: string): boolean {
  return addressBytes(text)?.length === 16;
}

/** Network byte order; 4 or 16 bytes. */
function addressBytes(text: string): readonly number[] | undefined {
  if (!text.includes(':')) return bytes4(text);
  const bytes = bytes6(text);
  const mapped = bytes?.slice(0, 10).every((byte) => byte === 0) === true && bytes[10] === 0xff && bytes[11] === 0xff;
  return mapped ? bytes.slice(12) : bytes;
}

function bytes4(text: string): readonly number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes: number[] = [];
  for (const part of parts) {
    // A leading zero is refused: some would read it as octal.
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes.push(Number(part));
  }
  return bytes;
}

function bytes6(text: string): readonly number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [left, right] = [groupBytes(halves[0] ?? '', halves.length === 1), groupBytes(halves[1] ?? '', true)];
  if (left === undefined || right === undefined) return undefined;
  const missing = 16 - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  return [...left, ...new Array<number>(missing).fill(0), ...right];
}

/** Groups of four hexadecimal digits; at the end of the address the last two may be written as IPv4. */
function groupBytes(text: string, atEnd: boolean): readonly number[] | undefined {
  if (text === '') return [];
  const groups = text.split(':');
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
      continue;
    }
    const embedded = atEnd && index === groups.length - 1 ? bytes4(group) : undefined;
    if (embedded === undefined) return undefined;
    bytes.push(...embedded);
  }
  return bytes;
}

function textOf(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups: string[] = [];
  for (let index = 0; index < bytes.length; index += 2) {
    groups.push((((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0)).toString(16));
  }
  // RFC 5952 4.2: the longest run of zero groups is compressed, the first of equals, never a single one.
  let best = { start: 0, length: 1 };
  for (let start = 0; start < groups.length; start += 1) {
    let length = 0;
    while (groups[start + length] === '0') length += 1;
    if (length > best.length) best = { start, length };
  }
  if (best.length === 1) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}
