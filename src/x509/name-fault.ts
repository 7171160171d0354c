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
