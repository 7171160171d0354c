import { type Document, isAlias, isMap, isScalar, type Node, LineCounter, parseDocument } from 'yaml';
import { yamlText, isStackExhausted } from '../yaml/yaml-library.ts';
import type { Said } from './config.ts';
import { maxConfigBytes, type ConfigProblem, type Position } from './config-file.ts';
import { nearestKey } from './nearest-key.ts';
import { type SettingKey, settings } from './settings.ts';

export interface ParsedConfigFile {
  readonly path: string;
  /** What is valid in it: a problem with one key does not hide problems with others. */
  readonly said: Said;
  readonly problems: readonly ConfigProblem[];
  /** Where a key (`clock.maxWait`) stands in this file; undefined when it does not. */
  readonly positionOf: (key: string) => Position | undefined;
}

/** Parses one configuration file. Never throws for what the bytes can be. */
export function parseConfigFile(path: string, bytes: Uint8Array): ParsedConfigFile {
  const failed = (code: ConfigProblem['code'], message: string, position?: Position): ParsedConfigFile => ({
    path,
    said: nothing,
    problems: [{ code, file: path, position, message }],
    positionOf: () => undefined,
  });
  if (bytes.length > maxConfigBytes)
    return failed('unreadable', `is ${String(bytes.length)} bytes, more than ${String(maxConfigBytes)}`);
  const text = yamlText(bytes);
  if (text === undefined) return failed('yaml', 'is not UTF-8 text');
  try {
    return checkDocument(path, text);
  } catch (error) {
    // Aliases to nothing, and too many of them.
    if (error instanceof ReferenceError) return failed('yaml', `is not YAML: ${firstLine(error.message)}`);
    // The parser recurses: a text of brackets only ends its stack.
    if (isStackExhausted(error)) return failed('yaml', 'is nested too deeply');
    throw error;
  }
}

function checkDocument(path: string, text: string): ParsedConfigFile {
  const lines = new LineCounter();
  // Without a log level the library writes warnings of its own to standard error.
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    version: '1.2',
    schema: 'core',
    logLevel: 'error',
  });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message }): ConfigProblem => {
      return { code: 'yaml', file: path, position: at(pos[0]), message: `is not YAML here: ${firstLine(message)}` };
    });
    return { path, said: nothing, problems, positionOf: () => undefined };
  }
  const { said, faults } = read(document.toJS({ maxAliasCount: 100 }) as unknown);
  const problems = faults.map(({ keys, code, message }): ConfigProblem => {
    return { code, file: path, position: at(locateKey(document, keys).offset), message };
  });
  const positionOf = (key: string) => {
    const { offset, exact } = locateKey(document, key.split('.'));
    return exact ? at(offset) : undefined;
  };
  return { path, said, problems: byPosition(problems), positionOf };
}

const nothing: Said = new Map();

interface Fault {
  readonly keys: readonly string[];
  readonly code: 'unknown-key' | 'invalid-value';
  readonly message: string;
}

/** Keys that may stand in a section, and under `''` those at the top. */
const knownKeys: ReadonlyMap<string, readonly string[]> = sections(Object.keys(settings));

function sections(keys: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Set<string>>([['', new Set()]]);
  const add = (section: string, name: string) => {
    found.set(section, (found.get(section) ?? new Set()).add(name));
  };
  for (const key of keys) {
    const [first = '', name] = key.split('.');
    add('', first);
    if (name !== undefined) add(first, name);
  }
  return new Map([...found].map(([section, names]) => [section, [...names]]));
}

/** A key with nothing behind it (everything below commented out) is as if it were not there. */
function read(value: unknown): { readonly said: Said; readonly faults: readonly Fault[] } {
  const said = new Map<SettingKey, unknown>();
  const faults: Fault[] = [];
  const refuse = (keys: readonly string[], mustBe: string) => {
    const name = keys.length === 0 ? 'the file' : keys.join('.');
    faults.push({ keys, code: 'invalid-value', message: `${name} must be ${mustBe}` });
  };
  const readKeys = (section: string, inner: unknown) => {
    const above = section === '' ? [] : [section];
    const known = knownKeys.get(section) ?? [];
    if (inner === null || inner === undefined) return;
    if (!isPlain(inner)) {
      refuse(above, `a section with ${known.join(', ')}`);
      return;
    }
    for (const [name, below] of Object.entries(inner)) {
      const keys = [...above, name];
      const key = keys.join('.');
      if (below === null) continue;
      if (!known.includes(name)) {
        faults.push({ keys, code: 'unknown-key', message: unknownKey(section, name) });
      } else if (section === '' && knownKeys.has(name)) {
        readKeys(name, below);
      } else {
        const { kind } = settings[key as SettingKey];
        const parsed = kind.parse(below);
        if (parsed === undefined) refuse(keys, kind.mustBe);
        else said.set(key as SettingKey, parsed);
      }
    }
  };
  readKeys('', value);
  return { said, faults };
}

function unknownKey(section: string, key: string): string {
  const here = knownKeys.get(section) ?? [];
  const near = nearestKey(key, here);
  const prefix = section === '' ? '' : `${section}.`;
  if (near !== undefined) return `unknown key ${shown(prefix + key)}; did you mean ${prefix}${near}?`;
  for (const [other, keys] of knownKeys) {
    const elsewhere = nearestKey(key, keys);
    if (elsewhere !== undefined && other !== section) {
      const place = other === '' ? elsewhere : `${other}.${elsewhere}`;
      return `unknown key ${shown(prefix + key)}; did you mean ${place}?`;
    }
  }
  return `unknown key ${shown(prefix + key)}; known here: ${here.join(', ')}`;
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function byPosition(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const rank = ({ position }: ConfigProblem) => (position?.line ?? 0) * 1e6 + (position?.column ?? 0);
  return problems.toSorted((a, b) => rank(a) - rank(b));
}

/** Keys come from a file that may hold anything: no control characters, no endless line. */
function shown(key: string): string {
  return printable(key, 60);
}

function printable(text: string, length: number): string {
  const plain = text.replace(/[^\x20-\x7e]/g, '?');
  return plain.length > length ? `${plain.slice(0, length - 3)}...` : plain;
}

function firstLine(message: string): string {
  return printable(message.split('\n')[0] ?? '', 120);
}

/**
 * Offset in the text of the last of these keys, or, where the path cannot be followed to its end, of the last part of
 * it that is there (`exact` false).
 */
function locateKey(document: Document, keys: readonly string[]): { offset: number; exact: boolean } {
  let node: unknown = document.contents;
  let offset = offsetOf(node) ?? 0;
  for (const key of keys) {
    if (isAlias(node)) node = node.resolve(document);
    if (!isMap(node)) return { offset, exact: false };
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
    if (pair === undefined) return { offset, exact: false };
    offset = offsetOf(pair.key) ?? offset;
    node = pair.value;
  }
  return { offset, exact: true };
}

function offsetOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0];
}
