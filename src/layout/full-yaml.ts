import type { Document, Node } from 'yaml';
import type { ConfigItem, ConfigItems, ConfigValue } from './config-file.ts';
import { loadYaml } from './yaml-on-demand.ts';

/** More aliases than this in a configuration file is an attack or an accident; each costs a walk over the document. */
const maxAliases = 64;

/**
 * Reads any YAML mapping whose values are scalars or lists of scalars; deeper values are kept as empty text, since no
 * setting that matters here has one. Scalars stay as they are written (`0644` is not 420). Never throws, and never
 * quotes the file in a problem: it may hold a token.
 */
export function readFullYaml(text: string): ConfigItems {
  const { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument } = loadYaml();
  const lines = new LineCounter();
  const lineAt = (node: Node | null): number => (node?.range ? lines.linePos(node.range[0]).line : 1);
  try {
    const document: Document.Parsed = parseDocument(text, {
      schema: 'failsafe',
      uniqueKeys: false,
      prettyErrors: false,
      lineCounter: lines,
      // Also makes further documents no error: the product reads the first and ignores the rest.
      logLevel: 'silent',
    });
    const [error] = document.errors;
    if (error !== undefined) {
      const detail = error.code.toLowerCase().replaceAll('_', ' ');
      return { ok: false, problem: `is not valid YAML (${detail})`, line: lines.linePos(error.pos[0]).line };
    }
    const root: unknown = document.contents;
    if (root === null || (isScalar(root) && root.source === '')) return { ok: true, items: [] };
    if (!isMap(root)) return { ok: false, problem: 'is not a mapping of keys to values', line: 1 };

    let aliases = 0;
    const follow = (node: unknown): unknown => {
      if (!isAlias(node)) return node;
      aliases += 1;
      if (aliases > maxAliases) throw new RangeError('too many aliases');
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
  } catch (error) {
    // Deep nesting exhausts the stack; too many aliases end here as well.
    const deep = error instanceof RangeError;
    const unknown = error instanceof UnknownAnchor;
    const detail = deep ? 'is nested too deeply or has too many aliases' : 'is not valid YAML';
    return { ok: false, problem: unknown ? 'has an alias without an anchor' : detail, line: 1 };
  }
}

class UnknownAnchor extends Error {}

function scalarText(scalar: { readonly value: unknown; readonly type?: string | undefined }): string {
  const text = typeof scalar.value === 'string' ? scalar.value : '';
  return scalar.type === 'PLAIN' && /^(~|null|Null|NULL)?$/.test(text) ? '' : text;
}
