/**
 * Characters that move the cursor, change colours or reorder text on a terminal: controls, bidirectional and other
 * format characters (Unicode Cc, Cf), line separators. Names in certificates and of files are other people's text.
 */
export const steering = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/** Whether there is such a character in the text, line ends aside. */
export function steers(text: string): boolean {
  return text.replaceAll('\n', '').search(steering) !== -1;
}

/**
 * A value as JSON that may be shown on any terminal. JSON.stringify escapes the controls below U+0020 only; CSI
 * (U+009B) and the characters that turn text around are escaped here too. Reads back as the same value.
 */
export function jsonText(value: unknown, indent?: number): string {
  return escapeSteering(JSON.stringify(value, undefined, indent), 'json');
}

/**
 * Says such characters by their numbers, all but the line end, the way the language of the text reads them in a
 * double-quoted string.
 */
export function escapeSteering(text: string, language: 'json' | 'yaml'): string {
  return text.replace(steering, (character) => {
    if (character === '\n') return character;
    const point = character.codePointAt(0) ?? 0;
    if (point > 0xffff && language === 'yaml') return `\\U${hexadecimal(point, 8)}`;
    // JSON knows UTF-16 only: one beyond U+FFFF is two of its numbers.
    return character
      .split('')
      .map((unit) => `\\u${hexadecimal(unit.charCodeAt(0), 4)}`)
      .join('');
  });
}

function hexadecimal(number: number, digits: number): string {
  return number.toString(16).padStart(digits, '0');
}
