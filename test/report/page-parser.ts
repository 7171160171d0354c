import assert from 'node:assert/strict';

/** An element of a page, with its text pieces and children in order. */
export interface PageElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly (PageElement | string)[];
}

const elements = new Set(
  (
    'html head meta title style body header main section footer p h1 h2 h3 b bdi span div dl dt dd ul li table thead tbody ' +
    'tr th td svg line rect text'
  ).split(' '),
);
const attributes = new Set(
  'lang charset http-equiv content name class aria-hidden width height x y x1 x2 y1 y2 text-anchor'.split(' '),
);
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };

/**
 * Reads a page as strictly as XML is read, and only what a page may be made of: no script, no link, no picture, no attribute
 * that names an address or an action. Anything else is an error, so a name that became markup is one.
 */
export function parsePage(page: string): PageElement {
  const begin = '<!DOCTYPE html>\n<!-- certmend report -->\n';
  assert.ok(page.startsWith(begin), 'it begins as a page of certmend');
  const open: { name: string; attributes: Record<string, string>; children: (PageElement | string)[] }[] = [
    { name: '', attributes: {}, children: [] },
  ];
  const token = /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-z][a-z0-9-]*="[^"<]*")*)\s*(\/)?>|([^<]+)/gy;
  token.lastIndex = begin.length;
  while (token.lastIndex < page.length) {
    const at = token.lastIndex;
    const match = token.exec(page);
    assert.ok(match !== null, `neither an element nor text: ${page.slice(at, at + 60)}`);
    const [, slash, name = '', list = '', selfClosed, text] = match;
    const parent = open.at(-1);
    assert.ok(parent !== undefined);
    if (text !== undefined) {
      parent.children.push(parent.name === 'style' ? text : decoded(text));
    } else if (slash === '/') {
      assert.equal(name, parent.name, `closed in its turn, near ${page.slice(at - 60, at)}`);
      open.pop();
    } else {
      assert.ok(elements.has(name), `<${name}> has no place in a page`);
      const element = { name, attributes: attributesIn(list), children: [] };
      parent.children.push(element);
      if (selfClosed === undefined) open.push(element);
    }
  }
  assert.equal(open.length, 1, 'everything is closed');
  const [root, end] = open[0]?.children ?? [];
  assert.ok(typeof root === 'object' && root.name === 'html' && end === '\n');
  return root;
}

/** All text of an element, in order. */
export function textOf({ children }: PageElement): string {
  return children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('');
}

/** The element and all below it. */
export function below(element: PageElement): readonly PageElement[] {
  return [element, ...element.children.flatMap((child) => (typeof child === 'string' ? [] : below(child)))];
}

function attributesIn(list: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name = '', value = ''] of list.matchAll(/\s([a-z][a-z0-9-]*)="([^"]*)"/g)) {
    assert.ok(attributes.has(name), `the attribute ${name} has no place in a page`);
    assert.ok(!(name in found), `${name} twice`);
    found[name] = decoded(value);
  }
  return found;
}

function decoded(text: string): string {
  return text.replace(/&([^;]{0,8};?)/g, (whole, entity: string) => {
    const character = entities[entity.replace(';', '')];
    assert.ok(character !== undefined && entity.endsWith(';'), `${whole} is no entity of a page`);
    return character;
  });
}
