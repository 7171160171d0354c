/**
 * The octets of an iPAddress name (RFC 5280 4.2.1.6): 4 for IPv4, 16 for IPv6. An IPv4 address mapped into IPv6 is the
 * IPv4 address, as in Go's net package, which the product compares names with. A zone does not belong to the address.
 * Not with net.isIP: compiling its IPv6 expression alone costs more than issuing a certificate.
 * @returns undefined when the text is no address
 */
export function ipOctets(text: string): Buffer | undefined {
  if (!text.includes(':')) return ipv4Octets(text);
  const octets = ipv6Octets(text.replace(/%[^%]+$/, ''));
  return octets?.subarray(0, 12).equals(mappedPrefix) === true ? octets.subarray(12) : octets;
}

const mappedPrefix = Buffer.from('00000000000000000000ffff', 'hex');

function ipv4Octets(text: string): Buffer | undefined {
  const parts = text.split('.');
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
