/** A word of a command line in a unit file, with the line it stands on. */
export interface Word {
  readonly text: string;
  /** 1-based line of the file. */
  readonly line: number;
}

/** A logical line: backslash continuations joined with a space. `starts` says which physical line an offset is on. */
export interface LogicalLine {
  readonly text: string;
  readonly line: number;
  readonly starts: readonly { readonly offset: number; readonly line: number }[];
}

/** Joins continuations as systemd.syntax(7) does; comment lines, also those between continued lines, are dropped. */
export function logicalLines(text: string): readonly LogicalLine[] {
  const result: LogicalLine[] = [];
  let joined = '';
  let starts: { offset: number; line: number }[] = [];
  const finish = (): void => {
    const first = starts[0];
    if (first !== undefined) result.push({ text: joined, line: first.line, starts });
    joined = '';
    starts = [];
  };
  let line = 0;
  for (const raw of text.split(/\r?\n/)) {
    line += 1;
    if (/^\s*[#;]/.test(raw) || (raw === '' && starts.length === 0)) continue;
    const continued = raw.endsWith('\\');
    starts.push({ offset: joined.length, line });
    joined += continued ? `${raw.slice(0, -1)} ` : raw;
    if (!continued) finish();
  }
  finish();
  return result;
}

/**
 * Splits a value into words as systemd does: white space separates, single and double quotes group, C escapes are
 * resolved. An unclosed quote ends with the line.
 * @param from offset in the logical line where the value begins
 */
export function splitWords(line: LogicalLine, from: number): readonly Word[] {
  const words: Word[] = [];
  const { text } = line;
  let index = from;
  while (index < text.length) {
    while (/\s/.test(text.charAt(index))) index += 1;
    if (index >= text.length) break;
    const start = index;
    let word = '';
    let quote = '';
    for (; index < text.length; index += 1) {
      const char = text.charAt(index);
      if (char === '\\') {
        const escape = unescape(text, index);
        word += escape.text;
        index += escape.length - 1;
      } else if (quote !== '') {
        if (char === quote) quote = '';
        else word += char;
      } else if (char === '"' || char === "'") {
        quote = char;
      } else if (/\s/.test(char)) {
        break;
      } else {
        word += char;
      }
    }
    words.push({ text: word, line: lineAt(line, start) });
  }
  return words;
}

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  s: ' ',
  '\\': '\\',
  '"': '"',
  "'": "'",
};

function unescape(text: string, at: number): { readonly text: string; readonly length: number } {
  const next = text.charAt(at + 1);
  const plain = escapes[next];
  if (plain !== undefined) return { text: plain, length: 2 };
  const hex = /^\\x([0-9a-fA-F]{2})/.exec(text.slice(at, at + 4))?.[1];
  if (hex !== undefined) return { text: String.fromCharCode(Number.parseInt(hex, 16)), length: 4 };
  return { text: '\\', length: 1 };
}

function lineAt(line: LogicalLine, offset: number): number {
  return line.starts.findLast((start) => start.offset <= offset)?.line ?? line.line;
}
