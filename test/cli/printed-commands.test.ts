import test from 'ava';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands } from '../../src/cli/commands.ts';

/* A line that is printed works as it stands: typed, pasted into a script, without a terminal, for a path with a blank. */

const src = join(import.meta.dirname, '..', '..', 'src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
/** What a comment says is read by nobody at 3 a.m. */
const printed = files.flatMap((name) =>
  readFileSync(join(src, name), 'utf8')
    .replaceAll(/\/\*[^]*?\*\//g, '')
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('//'))
    .map((line) => ({ name, line })),
);

function lines(pattern: RegExp): readonly { readonly name: string; readonly match: RegExpMatchArray }[] {
  return printed.flatMap(({ name, line }) => [...line.matchAll(pattern)].map((match) => ({ name, match })));
}

test('every printed command of certmend is one that it has', (t) => {
  const known = new Set(commands.map(({ name }) => name));
  const found = lines(/(?:\brun:? |\bsee:? |\bin: |&& |; then )certmend (?!again\b|as\b)([a-z]+)(?: ([a-z]+))?/g);
  t.true(found.length > 5);
  for (const { name, match } of found) {
    const [, first = '', second = ''] = match;
    t.true(known.has(first) || known.has(`${first} ${second}`), `${name}: ${match[0]}`);
  }
});

test('every printed command that asks on a terminal says --yes, so that a script has no need of one', (t) => {
  const found = lines(/certmend (?:rotate|rollback)\b([^`'")]*)/g).filter(
    ({ name }) => !/^(heal|cli)\/(rotate|rollback|rows\/act)\.ts$/.test(name),
  );
  t.true(found.length >= 4);
  for (const { name, match } of found) t.regex(match[1] ?? '', /--yes/, `${name}: ${match[0]}`);
  const examples = commands.flatMap((command) => (command.examples ?? []).map(([example]) => example));
  for (const example of examples.filter((text) => /^certmend (rotate|rollback)/.test(text))) t.regex(example, /--yes/);
});

test('every path in a printed command is one word of the shell', (t) => {
  const found = lines(/\b(?:mv(?: -T)?|cp -p \S+|chmod \S+|chown \S+|rm|namei -l) (\$\{[^}]*\})/g);
  t.true(found.length > 5);
  for (const { name, match } of found) {
    // Certmend's own paths and the names of units are constants without a blank.
    t.regex(match[1] ?? '', /\$\{(shellWord\(|ownPaths\.|off|path\}?$|right)/, `${name}: ${match[0]}`);
  }
});

test('no printed line leaves a service stopped when a step of it fails', (t) => {
  for (const { name, match } of lines(/systemctl stop [^;`]*(;?)[^`]*/g))
    t.regex(match[0], /;\s*systemctl start/, `${name}: ${match[0]}`);
});
