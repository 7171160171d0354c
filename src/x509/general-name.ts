/*
 * The two kinds of names that leaves carry (GeneralName, RFC 5280 4.2.1.6): iPAddress, read and written here and nowhere
 * else, and dNSName.
 */

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

/**
 * The octets of an iPAddress name (RFC 5280 4.2.1.6): 4 for IPv4, 16 for IPv6. An IPv4 address mapped into IPv6 is the
 * IPv4 address, as in Go's net package, which the products compare names with.
 *
 * Not with net.isIP: compiling its IPv6 expression alone costs more than issuing a certificate, or than resolving a
 * layout. A property test holds it to `net.isIP` and `URL`.
 * @returns undefined when the text is no address; a zone belongs to none
 */
export function addressOctets(text: string): Buffer | undefined {
  if (!text.includes(':')) return ipv4Octets(text);
  const octets = ipv6Octets(text);
  return octets?.subarray(0, 12).equals(mappedPrefix) === true ? octets.subarray(12) : octets;
}

/** The same of a text that may have a zone, which does not belong to the address: a name in a certificate has none. */
export function ipOctets(text: string): Buffer | undefined {
  return addressOctets(text.includes(':') ? text.replace(/%[^%]+$/, '') : text);
}

/**
 * The one text of an address: IPv4 as it is, IPv6 compressed and lower-cased (RFC 5952). Undefined when the text is no
 * address, zone identifiers included: the products put such a text among the DNS names.
 */
export function normalAddress(text: string): string | undefined {
  const octets = addressOctets(text);
  return octets && addressText(octets);
}

/** True of an IPv6 address that is not IPv4 in disguise. */
export function isIPv6(text: string): boolean {
  return addressOctets(text)?.length === 16;
}

const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex');

function ipv4Octets(text: string): Buffer | undefined {
  const parts = text.split('.');
  // A leading zero is refused: some would read it as octal.
  const decimal = parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256);
  return decimal ? Buffer.from(parts.map(Number)) : undefined;
}

/** RFC 4291 2.2: eight groups, one run of zeros as `::`, the last four octets perhaps in dotted decimal. */
function ipv6Octets(text: string): Buffer | undefined {
  const [head = '', tail, ...more] = text.split('::');
  const front = groups(head, tail === undefined);
  const back = tail === undefined ? [] : groups(tail, true);
  if (front === undefined || back === undefined || more.length > 0) return undefined;
  const gap = 16 - front.length - back.length;
  if (tail === undefined ? gap !== 0 : gap < 2) return undefined;
  return Buffer.from([...front, ...Array.from({ length: gap }, () => 0), ...back]);
}

function groups(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const octets: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const dotted = last && index === parts.length - 1 && part.includes('.') ? ipv4Octets(part) : undefined;
    if (dotted !== undefined) {
      octets.push(...dotted);
    } else if (/^[\da-f]{1,4}$/i.test(part)) {
      const value = Number.parseInt(part, 16);
      octets.push(value >> 8, value & 0xff);
    } else {
      return undefined;
    }
  }
  return octets;
}

/**
 * Why a name cannot stand in a certificate as a dNSName, which is an IA5String of printable characters (RFC 5280
 * 4.2.1.6; wildcards included); undefined when it can.
 * @returns a clause for a sentence: `has characters outside of ASCII`
 */
export function nameFault(name: string): string | undefined {
  // Most names are plain, and this is asked on the boot path.
  if (/^[\x21-\x7e]+$/.test(name)) return undefined;
  if (name === '') return 'is empty';
  if (/[\u0080-\u{10ffff}]/u.test(name)) return 'has non-ASCII characters';
  return /^[\x20-\x7e]+$/.test(name) ? 'contains a space' : 'contains a control character';
}
