import test from 'ava';
import { certmend8 } from '../../packaging/man/certmend-8.ts';
import { certmendCa8 } from '../../packaging/man/certmend-ca-8.ts';
import { certmendYaml5 } from '../../packaging/man/certmend-yaml-5.ts';
import { commands } from '../../src/cli/commands.ts';
import { settings } from '../../src/config/settings.ts';
import { exitStatus } from '../../src/error.ts';
import { runCli } from '../cli/run-cli.ts';

const release = { version: '1.2.3', epoch: Date.UTC(2026, 10, 24) / 1000 };
const program = readable(certmend8(release));
const configuration = readable(certmendYaml5(release));

/** The page without the escapes of roff. */
function readable(page: string): string {
  return page
    .replaceAll(/\\f[BR]/g, '')
    .replaceAll('\\-', '-')
    .replaceAll('\\&', '')
    .replaceAll('\\e', '\\');
}

/** What stands below a heading, up to the next one of its kind. */
function below(page: string, heading: RegExp): string {
  const [, text = ''] = page.split(new RegExp(`^\\.S[HS] ${heading.source}.*$`, 'm'));
  return text.split(/^\.S[HS] /m)[0] ?? '';
}

/** Options that a text begins an explanation of. */
function explained(text: string): readonly string[] {
  return [...text.matchAll(/^\.TP\n(?:-\w, )?--([a-z-]+)/gm)].flatMap(([, option]) => option ?? []).sort();
}

/** Options that `--help` lists. */
async function listed(...words: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await runCli([...words, '--help']);
  // A line of an example may begin with an option too, for the second time.
  return [...new Set([...stdout.matchAll(/^ +(?:-\w, )?--([a-z-]+)/gm)].flatMap(([, option]) => option ?? []))].sort();
}

test('certmend(8) explains the options that certmend --help lists, no more and no less', async (t) => {
  const options = await listed();
  t.true(options.includes('root') && options.includes('version'));
  t.deepEqual(explained(below(program, /OPTIONS/)), options);
});

test('certmend(8) has the commands that certmend --help lists', async (t) => {
  const { stdout } = await runCli(['--help']);
  const listedCommands = [...stdout.matchAll(/^ +certmend ([a-z]+)/gm)].flatMap(([, name]) => name ?? []);
  t.true(listedCommands.length > 10);
  const explainedCommands = [...program.matchAll(/^\.SS ([a-z]+)/gm)].flatMap(([, name]) => name ?? []);
  t.deepEqual([...new Set(explainedCommands)].toSorted(), listedCommands.toSorted());
});

for (const { name, positionals, examples, details } of commands) {
  test(`certmend(8) explains ${name} as certmend ${name} --help does`, async (t) => {
    const text = below(program, new RegExp(name));
    const everywhere = await listed();
    const own = (await listed(...name.split(' '))).filter((option) => !everywhere.includes(option));
    t.deepEqual(explained(text), own);
    t.true(text.includes(details));
    for (const { name: word } of positionals) t.regex(text, new RegExp(`^\\.TP\\n${word}$`, 'm'));
    for (const [line] of examples) t.true(text.includes(line), line);
  });
}

test('certmend-ca(8) explains every command about authorities as --help does, and its steps are a list', (t) => {
  const page = readable(certmendCa8(release));
  const own = commands.filter(({ name }) => name.startsWith('ca '));
  t.true(own.length >= 3);
  for (const { name, details } of own) t.true(below(page, new RegExp(name)).includes(details), name);
  for (const heading of [/ROTATING IN TIME/, /WHEN EVERYTHING HAS EXPIRED/])
    t.regex(below(page, heading), /^\.IP 1\. 4$[^]*^\.IP 5\. 4$/m);
});

test('certmend(8) names every exit status', (t) => {
  const text = below(program, /EXIT STATUS/);
  for (const [name, status] of Object.entries(exitStatus)) t.regex(text, new RegExp(`\\b${status}\\b`), name);
});

test('certmend.yaml(5) explains every key of the configuration, and none that there is not', (t) => {
  const keys = Object.keys(settings);
  t.true(keys.includes('notify.timeout'));
  const shown = [...below(configuration, /KEYS/).matchAll(/^\.TP\n([A-Za-z.]+)$/gm)].flatMap(([, key]) => key ?? []);
  t.deepEqual(shown.toSorted(), keys.toSorted());
});

test('both pages carry the version and the date of the release', (t) => {
  t.regex(certmend8(release), /^\.TH CERTMEND 8 2026-11-24 "certmend 1\.2\.3"/);
  t.regex(certmendYaml5(release), /^\.TH CERTMEND\.YAML 5 2026-11-24 "certmend 1\.2\.3"/);
});
