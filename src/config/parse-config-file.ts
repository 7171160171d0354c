import { LineCounter, parseDocument } from 'yaml';
import { yamlText } from '../yaml/yaml-text.ts';
import { isStackExhausted } from '../yaml/stack-exhausted.ts';
import { type ConfigFile, configFileSchema, knownKeys } from './config-file.ts';
import { locateKey } from './locate-key.ts';
import { maxConfigBytes } from './max-config-bytes.ts';
import { nearestKey } from './nearest-key.ts';
import type { ConfigProblem, Position } from './problem.ts';

export interface ParsedConfigFile {
  readonly path: string;
  /** What is valid in it: a problem with one key does not hide problems with others. */
  readonly content: ConfigFile;
  readonly problems: readonly ConfigProblem[];
  /** Where a key (`clock.maxWait`) stands in this file; undefined when it does not. */
  readonly positionOf: (key: string) => Position | undefined;
}

/** Parses one configuration file. Never throws for what the bytes can be. */
export function parseConfigFile(path: string, bytes: Uint8Array): ParsedConfigFile {
  const failed = (code: ConfigProblem['code'], message: string, position?: Position): ParsedConfigFile => ({
    path,
    content: {},
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
    return { path, content: {}, problems, positionOf: () => undefined };
  }
  const value = withoutEmptyKeys(document.toJS({ maxAliasCount: 100 }) as unknown);
  const parsed = configFileSchema.safeParse(value);
  const positionOf = (key: string) => {
    const { offset, exact } = locateKey(document, key.split('.'));
    return exact ? at(offset) : undefined;
  };
  if (parsed.success) return { path, content: parsed.data, problems: [], positionOf };
  const faults = parsed.error.issues.flatMap((issue): readonly Fault[] => {
    const keys = issue.path.map(String);
    if (issue.code !== 'unrecognized_keys') return [{ keys, code: 'invalid-value', message: issue.message }];
    return issue.keys.map((key) => ({
      keys: [...keys, key],
      code: 'unknown-key',
      message: unknownKey(keys.join('.'), key),
    }));
  });
  const problems = faults.map(({ keys, code, message }): ConfigProblem => {
    const name = shown(keys.join('.'));
    const said = code === 'unknown-key' ? message : keys.length === 0 ? `the file ${message}` : `${name} ${message}`;
    return { code, file: path, position: at(locateKey(document, keys).offset), message: said };
  });
  const rest = configFileSchema.safeParse(
    without(
      value,
      faults.map(({ keys }) => keys),
    ),
  );
  return { path, content: rest.success ? rest.data : {}, problems: byPosition(problems), positionOf };
}

interface Fault {
  readonly keys: readonly string[];
  readonly code: 'unknown-key' | 'invalid-value';
  readonly message: string;
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

/** A key with nothing behind it (everything below commented out) is as if it were not there. */
function withoutEmptyKeys(value: unknown): unknown {
  if (value === null || value === undefined) return {};
  if (!isPlain(value)) return value;
  const kept = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(
    kept.map(([key, inner]) => [
      key,
      isPlain(inner) ? Object.fromEntries(Object.entries(inner).filter(([, leaf]) => leaf !== null)) : inner,
    ]),
  );
}

function without(value: unknown, faults: readonly (readonly string[])[]): unknown {
  if (!isPlain(value)) return {};
  const gone = new Set(faults.map((keys) => keys.join('\0')));
  if (gone.has('')) return {};
  const entries = Object.entries(value).filter(([key]) => !gone.has(key));
  return Object.fromEntries(
    entries.map(([key, inner]) => [
      key,
      isPlain(inner)
        ? Object.fromEntries(Object.entries(inner).filter(([leaf]) => !gone.has(`${key}\0${leaf}`)))
        : inner,
    ]),
  );
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
