import { isUtf8 } from 'node:buffer';

/**
 * The text of a YAML file as the products' own parser takes it (go-yaml `readerc.go`): UTF-8, or UTF-16 where a byte
 * order mark says so, and lines that end in any way YAML 1.1 knows. A mark is no part of the text. Lines end in a line
 * feed here, which changes no value: YAML reads every end of a line as one.
 *
 * @returns undefined when the bytes are no text in the encoding that they claim
 */
export function yamlText(bytes: Uint8Array): string | undefined {
  const text = decoded(bytes);
  return text?.replaceAll(/\r\n|[\r\u0085\u2028\u2029]/g, '\n');
}

function decoded(bytes: Uint8Array): string | undefined {
  const [first, second] = bytes;
  const isLittle = first === 0xff && second === 0xfe;
  const isBig = first === 0xfe && second === 0xff;
  if (!isLittle && !isBig) return isUtf8(bytes) ? withoutMark(Buffer.from(bytes).toString('utf8')) : undefined;
  if (bytes.length % 2 !== 0) return undefined;
  const pairs = Buffer.from(bytes);
  const text = (isBig ? pairs.swap16() : pairs).toString('utf16le');
  return text.isWellFormed() ? withoutMark(text) : undefined;
}

function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
