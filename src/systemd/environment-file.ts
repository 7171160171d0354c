import type { FileReader } from '../disk/file-reader.ts';
import type { Origin } from '../disk/origin.ts';

/**
 * Reads a file that a unit names with EnvironmentFile= (systemd.exec(5)): `NAME=value` lines, `#` and `;` comments,
 * single and double quotes, backslash continuation. An absent or unreadable file is empty, as it is for the leading `-`
 * that the products' units carry.
 */
export function readEnvironmentFile(path: string, reader: FileReader): ReadonlyMap<string, Origin<string>> {
  const file = reader.read(path);
  return file.state === 'regular' ? parseEnvironment(file.bytes.toString('utf8'), path) : new Map();
}

/** @param path only for the origins */
export function parseEnvironment(text: string, path: string): ReadonlyMap<string, Origin<string>> {
  const variables = new Map<string, Origin<string>>();
  let index = 0;
  let line = 1;
  const advance = (): string => {
    const char = text.charAt(index);
    if (char === '\n') line += 1;
    index += 1;
    return char;
  };
  while (index < text.length) {
    const start = line;
    const head = /^[ \t\r]*([A-Za-z_][A-Za-z0-9_]*)=[ \t]*/.exec(text.slice(index, index + 256));
    if (head === null) {
      while (index < text.length && advance() !== '\n');
      continue;
    }
    index += head[0].length;
    let value = '';
    // Unquoted blanks at the end are dropped, quoted ones are kept.
    let kept = 0;
    let quote = '';
    // Quotes count at the start of the value and right behind another quoted part, elsewhere they are text.
    let fresh = true;
    while (index < text.length) {
      const char = advance();
      if (char === '\\' && quote !== "'" && index < text.length) {
        const next = advance();
        if (next !== '\n') value += quote === '"' && !'"\\`$'.includes(next) ? `\\${next}` : next;
        kept = value.length;
        fresh = false;
      } else if (quote !== '') {
        fresh = char === quote;
        if (fresh) quote = '';
        else value += char;
        kept = value.length;
      } else if (char === '\n') {
        break;
      } else if (fresh && (char === '"' || char === "'")) {
        quote = char;
      } else if (!fresh || !/\s/.test(char)) {
        fresh = false;
        value += char;
        if (!/\s/.test(char)) kept = value.length;
      }
    }
    variables.set(head[1] ?? '', { value: value.slice(0, kept), origin: `${path}:${String(start)}` });
  }
  return variables;
}
