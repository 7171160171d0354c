import test from 'ava';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/* What the code cites is in this repository, and what a document says is held by a test is there. */

const project = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(project, path), 'utf8');
const filesBelow = (directory: string): readonly string[] =>
  readdirSync(join(project, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|sh|service|conf)$/.test(name))
    .map((name) => join(directory, name));

const sources = [
  ...['src', 'test', 'build', 'packaging', 'systemd']
    .flatMap(filesBelow)
    .filter((path) => !path.startsWith('test/docs/')),
  ...['architecture', 'operations', 'security', 'reasons', 'configuration', 'benchmarks'].map(
    (name) => `docs/${name}.md`,
  ),
];
/** Line ends and the stars of a comment do not part a citation. */
const flat = (text: string): string => text.replaceAll(/\n\s*(?:\*|\/\/)?\s*/g, ' ');

const headings = (path: string): readonly string[] =>
  [...read(path).matchAll(/^#{2,3} (.+)$/gm)].map(([, heading = '']) => heading);
const promises = headings('docs/promises.md').flatMap((heading) => /^P\d+/.exec(heading) ?? []);
const products = headings('docs/products.md').flatMap((heading) => /^(\d+(?:\.\d+)?)\.? /.exec(heading)?.[1] ?? []);
const rooms = headings('docs/architecture.md');

function open(pattern: RegExp, known: readonly string[]): readonly string[] {
  return sources.flatMap((path) =>
    [...flat(read(path)).matchAll(pattern)].flatMap(([, cited = '']) => {
      const parts = cited.split(/, | and /).filter((part) => part !== '');
      return parts.filter((part) => !known.includes(part)).map((part) => `${path}: ${part}`);
    }),
  );
}

test('every promise that is cited is in docs/promises.md', (t) => {
  t.true(promises.length >= 13);
  t.deepEqual(open(/\b(P\d{1,2})\b(?!-)/g, promises), []);
});

test('every fact about a product that is cited is in docs/products.md', (t) => {
  t.true(products.length > 30);
  t.deepEqual(open(/\bproducts (\d+(?:\.\d+)?(?:(?:, | and )\d+(?:\.\d+)?)*)/g, products), []);
});

test('every part of the architecture that is cited is in docs/architecture.md', (t) => {
  t.deepEqual(open(/\barchitecture, ([A-Z][a-z ]+[a-z])/g, rooms), []);
});

test('nothing cites a document that is not here', (t) => {
  t.deepEqual(open(/\b((?:facts|design|section) \d+(?:\.\d+)?)\b/g, []), []);
  for (const path of sources) {
    for (const [, cited = ''] of flat(read(path)).matchAll(/\b(docs\/[\w.-]+\.(?:md|json))\b/g))
      t.true(existsSync(join(project, cited)), `${path}: ${cited}`);
  }
});

for (const document of ['promises', 'security', 'architecture']) {
  test(`docs/${document}.md names tests that are there, with the titles that they have`, (t) => {
    const text = read(`docs/${document}.md`);
    const named = [...text.matchAll(/`(test\/[\w/.-]+)`(?:: (?!and)([a-z].+))?$/gm)];
    for (const [, path = '', title] of named) {
      t.true(existsSync(join(project, path)), path);
      if (title !== undefined && document === 'promises') t.true(read(path).includes(title), `${path}: ${title}`);
    }
    for (const [, path = ''] of text.matchAll(/`(test\/[\w/.-]+)`/g)) t.true(existsSync(join(project, path)), path);
  });
}
