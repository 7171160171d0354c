import test from 'ava';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

/* The boot hook and the daemon cannot change the datastore, not even if one of them wanted to: no import leads there (P2). */

const root = join(import.meta.dirname, '..', '..', 'src');

/** What a file imports, early or late; types are not there at run time. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(root, file), 'utf8').replaceAll(/^(?:import|export) type [^;]*;/gm, '');
  return [...text.matchAll(/(?:from |import |import\()'(\.[^']+)'/g)].map(([, name = '']) =>
    posix.join(dirname(file), name),
  );
}

function reachableFrom(entry: string): ReadonlySet<string> {
  const seen = new Set([entry]);
  for (const file of seen) for (const next of importsOf(file)) seen.add(next);
  return seen;
}

const dangerous = ['recover/recover.ts', 'recover/put-in-place.ts', 'recover/undo.ts', 'cli/commands/ca/recover.ts'];

for (const entry of [
  'cli/commands/prestart.ts',
  'cli/commands/daemon.ts',
  'cli/commands/renew.ts',
  'cli/commands/rotate.ts',
]) {
  test(`${entry} leads to nothing that changes the datastore`, (t) => {
    const reached = reachableFrom(entry);
    t.true(reached.size > 50);
    t.deepEqual(
      [...reached].filter((file) => dangerous.includes(file)),
      [],
    );
  });
}

test('nothing but the command of that name leads to what changes the datastore', (t) => {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const importers = files.filter((file) => importsOf(file).some((name) => name.startsWith('recover/')));
  t.deepEqual(
    importers.filter((file) => !file.startsWith('recover/')),
    ['cli/commands/ca/recover.ts'],
  );
  t.true(reachableFrom('cli/commands/ca/recover.ts').has('recover/put-in-place.ts'));
});
