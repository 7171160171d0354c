/**
 * Characters that move the cursor, change colours or reorder text on a terminal: controls, bidirectional and other
 * format characters (Unicode Cc, Cf), line separators. Names in certificates are other people's text.
 */
const steering = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** The text on one line, as a terminal may safely be given it. */
export function printable(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ').replace(steering, '\ufffd');
}
