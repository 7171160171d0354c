export interface ConfigValue {
  readonly value: string;
  /** 1-based. */
  readonly line: number;
}

/** One `key: value` of a product's config.yaml, in file order; a key may come twice, the product lets the last win. */
export interface ConfigItem {
  readonly key: string;
  readonly list: boolean;
  readonly values: readonly ConfigValue[];
  readonly line: number;
}

export type ConfigItems =
  | { readonly ok: true; readonly items: readonly ConfigItem[] }
  | { readonly ok: false; readonly problem: string; readonly line: number };

/**
 * Reads the YAML that nearly every node's config.yaml is made of: `key: scalar`, `key: [a, b]`, `key:` with `- item`
 * lines, comments. It is here for one reason: the healthy boot path should not load a YAML library (20 ms of a 45 ms
 * start). It is therefore timid: at anything it is not sure of it gives up, and the library decides. A property test
 * holds it to the library's reading.
 * @returns the items, or undefined when the text is outside of this subset (which does not mean that it is wrong)
 */
export function readSimpleYaml(text: string): readonly ConfigItem[] | undefined {
  // Printable ASCII and line feeds only: no tabs, no carriage returns, no byte order mark, no line separators.
  if (!/^[\n\x20-\x7e]*$/.test(text)) return undefined;
  const items: { key: string; list: boolean; values: ConfigValue[]; line: number }[] = [];
  let sequenceIndent: number | undefined;
  let open = false;
  let closed = false;
  let line = 0;
  for (const raw of text.split('\n')) {
    line += 1;
    if (/^ *(#.*)?$/.test(raw)) continue;
    if (closed) return undefined;
    if (raw === '---' && items.length === 0) continue;
    if (raw === '{}' && items.length === 0) {
      // What a generated drop-in without settings looks like.
      closed = true;
      continue;
    }
    const current = items.at(-1);
    const element = /^( *)- +(\S.*)$/.exec(raw);
    if (element !== null) {
      const indent = element[1]?.length ?? 0;
      if (current === undefined || !open || indent !== (sequenceIndent ?? indent)) return undefined;
      sequenceIndent = indent;
      const value = scalar(element[2] ?? '', false);
      if (value === undefined) return undefined;
      if (!current.list) current.values.length = 0;
      current.list = true;
      current.values.push({ value, line });
      continue;
    }
    const pair = /^([A-Za-z][A-Za-z0-9_.-]*\+?):(?: +(.*))?$/.exec(raw);
    if (pair === null) return undefined;
    const key = pair[1] ?? '';
    const rest = withoutComment(pair[2] ?? '');
    sequenceIndent = undefined;
    open = rest === '';
    const elements = /^\[(.*)\]$/.exec(rest);
    if (elements !== null) {
      const values = flowElements(elements[1] ?? '');
      if (values === undefined) return undefined;
      items.push({ key, list: true, line, values: values.map((value) => ({ value, line })) });
      continue;
    }
    const value = scalar(rest, false);
    if (value === undefined) return undefined;
    items.push({ key, list: false, line, values: [{ value, line }] });
  }
  return items;
}

function withoutComment(text: string): string {
  // A `#` after a space inside quotes is not a comment; such a line fails the scalar test below and is given up.
  const hash = text.startsWith('#') ? 0 : text.indexOf(' #');
  return (hash === -1 ? text : text.slice(0, hash)).trimEnd();
}

function flowElements(text: string): readonly string[] | undefined {
  if (text.trim() === '') return [];
  const values: string[] = [];
  for (const part of text.split(',')) {
    const value = scalar(part.trim(), true);
    if (value === undefined || part.trim() === '') return undefined;
    values.push(value);
  }
  return values;
}

/** Undefined when it is not a scalar of the subset. Null is the empty string, as the product makes it one. */
function scalar(text: string, inFlow: boolean): string | undefined {
  const bare = withoutComment(text);
  if (bare === '' || bare === '~' || /^(null|Null|NULL)$/.test(bare)) return '';
  const quoted = /^'([^'\\#]*)'$/.exec(bare) ?? /^"([^"\\#]*)"$/.exec(bare);
  if (quoted !== null) return inFlow && /[,[\]{}]/.test(bare) ? undefined : quoted[1];
  const plain = inFlow ? /^[A-Za-z0-9/][A-Za-z0-9/._:@=+-]*$/ : /^[A-Za-z0-9/][A-Za-z0-9/._:@=+,-]*$/;
  return plain.test(bare) && !bare.endsWith(':') ? bare : undefined;
}
