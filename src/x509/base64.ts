/**
 * Decodes standard base64 with line breaks and blanks anywhere. Undefined for anything else: Buffer alone would skip
 * what it does not know and return fewer bytes, which hides damage.
 */
export function decodeBase64(text: string): Buffer | undefined {
  const digits = text.replace(/[ \t\r\n]+/g, '');
  if (digits.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(digits)) return undefined;
  return Buffer.from(digits, 'base64');
}
