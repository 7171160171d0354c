import type { Document, Node, YAMLError } from 'yaml';
import type { ConfigItem, ConfigItems, ConfigValue } from './simple-yaml.ts';
import { isStackExhausted, loadYaml } from './yaml-library.ts';

/** More aliases than this in a configuration file is an attack or an accident; each costs a walk over the document. */
const maxAliases = 64;

/** How often a text is parsed again with more indentation; each time a whole list or map is put right. */
const maxIndented = 16;

/**
 * Reads any YAML mapping whose values are scalars or lists of scalars; deeper values are kept as empty text, since no
 * setting that matters here has one. Scalars stay as they are written (`0644` is not 420). Never throws for what the
 * text can be, and never quotes the file in a problem: it may hold a token.
 */
export function readFullYaml(text: string): ConfigItems {
  // Outside of every `catch`: that the library cannot be loaded says nothing about the file.
  const yaml = loadYaml();
  const lines = new yaml.LineCounter();
  const lineAt = (node: Node | null): number => (node?.range ? lines.linePos(node.range[0]).line : 1);
  try {
    const document = parse(yaml, text, lines);
    const [error] = document.errors;
    if (error !== undefined) {
      const detail = error.code.toLowerCase().replaceAll('_', ' ');
      return { ok: false, problem: `is not valid YAML (${detail})`, line: lines.linePos(error.pos[0]).line };
    }
    return readItems(yaml, document, lineAt);
  } catch (error) {
    if (error instanceof UnknownAnchor) return { ok: false, problem: 'has an alias without an anchor', line: 1 };
    if (error instanceof TooManyAliases || isStackExhausted(error))
      return { ok: false, problem: 'is nested too deeply or has too many aliases', line: 1 };
    throw error;
  }
}

type Yaml = ReturnType<typeof loadYaml>;

/** The products' parser asks no indentation of what stands in brackets; this library does, and says where. */
function parse(yaml: Yaml, original: string, lines: InstanceType<Yaml['LineCounter']>): Document.Parsed {
  let text = original;
  for (let indented = 0; ; indented += 1) {
    lines.lineStarts.length = 0;
    const document = yaml.parseDocument(text, {
      schema: 'failsafe',
      uniqueKeys: false,
      prettyErrors: false,
      lineCounter: lines,
      // Also makes further documents no error: the product reads the first and ignores the rest.
      logLevel: 'silent',
    });
    const [error] = document.errors;
    const better = error !== undefined && isFlowIndent(error) ? indentFlow(text, error.pos[0]) : undefined;
    if (better === undefined || indented === maxIndented) return document;
    text = better;
  }
}

function isFlowIndent({ code, message }: YAMLError): boolean {
  return (code === 'BAD_INDENT' && message.includes('sufficiently indented')) || code === 'TAB_AS_INDENT';
}

function readItems(yaml: Yaml, document: Document.Parsed, lineAt: (node: Node | null) => number): ConfigItems {
  const { isAlias, isMap, isScalar, isSeq } = yaml;
  const root: unknown = document.contents;
  if (root === null || (isScalar(root) && root.source === '')) return { ok: true, items: [] };
  if (!isMap(root)) return { ok: false, problem: 'is not a mapping of keys to values', line: 1 };

  let aliases = 0;
  const follow = (node: unknown): unknown => {
    if (!isAlias(node)) return node;
    aliases += 1;
    if (aliases > maxAliases) throw new TooManyAliases();
    const target = node.resolve(document);
    if (target === undefined) throw new UnknownAnchor();
    return target;
  };
  const valueOf = (node: unknown, line: number): ConfigValue => {
    const target = follow(node);
    return { value: isScalar(target) ? scalarText(target) : '', line };
  };
  const items: ConfigItem[] = [];
  for (const pair of root.items) {
    const keyNode = follow(pair.key);
    if (!isScalar(keyNode)) continue;
    const key = String(keyNode.value);
    const line = lineAt(keyNode);
    const value = follow(pair.value);
    if (isSeq(value)) {
      const values = value.items.map((item) => valueOf(item, lineAt(item as Node | null)));
      items.push({ key, list: true, line, values });
    } else {
      items.push({ key, list: false, line, values: [valueOf(value, line)] });
    }
  }
  return { ok: true, items };
}

class UnknownAnchor extends Error {}

class TooManyAliases extends Error {}

function scalarText(scalar: { readonly value: unknown; readonly type?: string | undefined }): string {
  const text = typeof scalar.value === 'string' ? scalar.value : '';
  return scalar.type === 'PLAIN' && /^(~|null|Null|NULL)?$/.test(text) ? '' : text;
}

/**
 * Indents the lines of a list or map in brackets, from that of `offset` to the one that closes it. Between brackets
 * indentation means nothing, within quotes neither; so no value changes, and lines keep their numbers.
 *
 * @returns undefined when nothing is left to indent
 */
export function indentFlow(text: string, offset: number): string | undefined {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const lines = text.slice(start).split('\n');
  const last = lines.findIndex((line) => /[\]}]/.test(line));
  if (last === -1) return undefined;
  const indented = lines.map((line, index) => (index <= last ? ` ${line.replaceAll('\t', ' ')}` : line));
  return text.slice(0, start) + indented.join('\n');
}
