import { isUtf8 } from 'node:buffer';
import { createRequire } from 'node:module';

/* What stands between bytes that nobody has checked and the YAML library. */

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

const maxCharacters = 64 * 1024;
/** Lines, commas and closing brackets. */
const maxItems = 4000;
const maxDepth = 32;

/**
 * Is the text small and flat enough for the YAML library? Its time grows with the square of the items and with the cube
 * of the nesting (`? ? ? …`, a kilobyte of it takes seconds), so what no kubeconfig has is refused before it is asked.
 * Counts brackets in quoted text too: a kubeconfig has none there worth the name.
 */
export function isTameYaml(text: string): boolean {
  if (text.length > maxCharacters) return false;
  let items = 0;
  let depth = 0;
  for (const character of text) {
    if (/[\n\r,\]}]/.test(character)) items += 1;
    if (/[[{]/.test(character)) depth += 1;
    if (/[\]}]/.test(character)) depth = Math.max(depth - 1, 0);
    if (items > maxItems || depth > maxDepth) return false;
  }
  // Block nesting: the indentation, and the indicators that open a level on the same line.
  return !/(?:^|[\r\n])[ \t]{129}/.test(text) && !/(?:[-?:][ \t]+(?:[!&][^ \t\r\n]*[ \t]+)*){9}/.test(text);
}

type Yaml = typeof import('yaml');

declare const CERTMEND_BUNDLED: boolean;

/**
 * Loads the YAML library at the first call and not before: a static import costs the boot path 12 ms, and a dynamic
 * one would make layout resolution asynchronous for the one node in a hundred that needs it.
 */
export function loadYaml(): Yaml {
  return typeof CERTMEND_BUNDLED === 'undefined'
    ? (createRequire(import.meta.url)('yaml') as Yaml)
    : // eslint-disable-next-line @typescript-eslint/no-require-imports -- the only synchronous load a bundler can see
      (require('yaml') as Yaml);
}

/**
 * What a parser that recurses throws for a text of brackets only. The engine says it by the message alone: a RangeError
 * is also what a bug throws, and that is no verdict on a text.
 */
export function isStackExhausted(error: unknown): boolean {
  return error instanceof RangeError && error.message === 'Maximum call stack size exceeded';
}
