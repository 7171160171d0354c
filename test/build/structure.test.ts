import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import test from 'ava';

/* What the house looks like from its imports: ESLint holds the order of the rooms, and nothing else looks for a circle. */

const root = join(import.meta.dirname, '..', '..', 'src');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /(?<!\.d)\.ts$/.test(name));

const imports = new Map(
  files.map((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    const named = [...text.matchAll(/(?:from |import\()'(\.[^']+)'/g)].map(([, name = '']) => name);
    return [file, named.map((name) => posix.join(dirname(file), name))];
  }),
);

/** The way from a file back to itself; undefined when there is none. */
function circle(from: string): readonly string[] | undefined {
  const seen = new Set<string>();
  const ways: (readonly string[])[] = [[from]];
  for (let way = ways.pop(); way !== undefined; way = ways.pop()) {
    for (const next of imports.get(way.at(-1) ?? '') ?? []) {
      if (next === from) return [...way, next];
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return undefined;
}

test('no file of src leads back to itself by what it imports', (t) => {
  t.true(imports.size > 200);
  t.deepEqual(
    files.flatMap((file) => circle(file)?.join(' -> ') ?? []),
    [],
  );
});

test('no folder of src has more files than one can hold in the head', (t) => {
  const folders = Map.groupBy(files, (file) => dirname(file));
  t.deepEqual(
    [...folders].filter(([, { length }]) => length > 18).map(([folder]) => folder),
    [],
  );
});
