import test from 'ava';
import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commands } from '../../src/cli/commands.ts';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { makeTree } from '../fixtures/tree.ts';
import { runBuilt } from './built.ts';
import { runCli } from './run-cli.ts';

/* The command line as a person or a script mistypes it: a message, a hint, exit 64, and never a stack trace. */

const nowhere = mkdtempSync(join(tmpdir(), 'certmend-cli-'));
test.after.always(() => {
  rmSync(nowhere, { recursive: true, force: true });
});

const refused: readonly (readonly [words: readonly string[], says: RegExp])[] = [
  [[], /a command is missing/],
  [['chekc'], /Did you mean check\?/],
  [['nonsense'], /Unknown (argument|command): nonsense/],
  [['check', '--nonsense'], /Unknown argument: nonsense/],
  [['check', 'server-ca'], /Unknown (argument|command): server-ca/],
  [['check', '-o', 'xml'], /Choices: "table", "json", "yaml"/],
  [['check', '-o'], /^certmend: -o needs a value\n/],
  [['check', '--at', 'tomorrow'], /--at tomorrow is not a time/],
  [['check', '--at', '+1e9d'], /--at \+1e9d is not a time/],
  [['check', '--at', ''], /--at needs a value/],
  [['check', '--root', ''], /--root needs a value/],
  [['why'], /^certmend: why needs ENTRY: entry id as shown by certmend check, for example serving-kube-apiserver\n/],
  [['why', 'a', 'b'], /Unknown (argument|command): b/],
  [['prestart'], /Missing required argument: unit/],
  [['prestart', '--unit', ''], /--unit needs a value/],
  [['rollback', '0'], /0 is not a generation number/],
  [['rollback', '-1'], /./],
  [['rollback', '1e1'], /1e1 is not a generation number/],
  [['rollback', '9'.repeat(400)], /is not a generation number/],
  [['standby', 'destroy'], /Choices: "show", "prepare", "verify"/],
  [['rotate', '--reuse-keys'], /Unknown argument/],
  [['ca'], /^certmend: ca needs a command: status/],
  [['ca', 'stat'], /Did you mean status\?/],
  [['ca', 'destroy'], /Unknown (argument|command): destroy/],
  [['ca', 'status', 'server-ca'], /Unknown (argument|command): server-ca/],
  [['ca', 'status', '--', 'server-ca'], /no arguments are allowed after --: server-ca/],
  [['check', '\u001b[31mred'], /./],
  [['--', '-x'], /./],
  [['check', '--__proto__', 'x'], /Unknown argument/],
  [['check', '--constructor.prototype.x', 'y'], /Unknown argument/],
];
for (const [words, says] of refused) {
  const line = words.join(' ').slice(0, 40);
  test(`certmend refuses "${line}" with a message, a hint and exit 64`, async (t) => {
    const { status, stdout, stderr } = await runCli(['--root', nowhere, ...words]);
    t.is(status, 64, stderr);
    t.is(stdout, '');
    t.regex(stderr, says);
    t.regex(stderr, /^certmend: .+\n {2}what to do: .+\n$/s);
    t.notRegex(stderr, /^\s+at /m);
    t.false(stderr.includes('\u001b'), 'what was typed does not steer the terminal');
  });
}

test('certmend refuses an entry that the node does not have, and names the nearest, and leaves no trace', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'certmend-cli-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  makeTree({ directory });
  const before = fingerprintTree(directory);
  for (const words of [
    ['why', 'servr-ca'],
    ['rotate', 'servr-ca', '--yes'],
  ]) {
    const { status, stderr } = await runCli(['--root', directory, ...words]);
    t.is(status, 64);
    t.regex(stderr, /has no entry servr-ca\n {2}what to do: did you mean server-ca\?/);
  }
  const { status, stderr } = await runCli(['--root', directory, 'rehearse', '--at', 'never']);
  t.is(status, 64);
  t.regex(stderr, /--at never is not a time/);
  t.deepEqual(changedPaths(before, fingerprintTree(directory)), []);
});

test('certmend answers any words without a stack trace and with a status of its own', async (t) => {
  // The daemon alone does not come to an end by itself.
  const names = commands.flatMap(({ name }) => name.split(' ')).filter((name) => name !== 'daemon');
  const word = fc.oneof(
    fc.constantFrom(...names),
    fc.constantFrom(
      '--at',
      '+1d',
      '--unit',
      'x',
      '-o',
      'json',
      '--strict',
      '-v',
      '--yes',
      '--path',
      '--',
      '-',
      '=',
      '',
    ),
    fc.constantFrom('--root', '--config', '/dev/null', '/nonexistent', '__proto__', '--no-root', '-oo', '--o.a=1'),
    fc.string({ maxLength: 8, unit: 'binary' }),
  );
  const known = new Set([0, 1, 2, 3, 64, 73, 75, 77, 78]);
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 6 }), async (words) => {
      // The root that counts is the last: no word of the property's reaches the machine's own files.
      const { status, stderr } = await runCli([...words.filter((one) => one !== '--'), '--root', nowhere]);
      t.true(known.has(status), `${JSON.stringify(words)} ${String(status)} ${stderr}`);
      t.notRegex(stderr, /^\s+at |TypeError|RangeError/m, JSON.stringify(words));
    }),
    { numRuns: 400 },
  );
});

test('certmend --help names every command, and each explains itself', async (t) => {
  const { status, stdout } = await runCli(['--help']);
  t.is(status, 0);
  for (const { name, describe, details } of commands) {
    const [first = name, ...second] = name.split(' ');
    const list = second.length === 0 ? stdout : (await runCli([first, '--help'])).stdout;
    t.regex(stdout, new RegExp(`^ +certmend ${first}\\b`, 'm'));
    t.regex(list, new RegExp(`^ +certmend ${name}\\b`, 'm'));
    const own = await runCli([...name.split(' '), '--help']);
    t.is(own.status, 0);
    t.true(flat(own.stdout).includes(flat(describe)), name);
    t.true(flat(own.stdout).includes(flat(details)), name);
  }
});

function flat(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}

test('certmend --version prints the version alone', async (t) => {
  const { status, stdout } = await runCli(['--version']);
  t.is(status, 0);
  t.regex(stdout, /^\d+\.\d+\.\d+\S*\n$/);
});

test('certmend completion prints a script that bash takes, and the shell gets the commands to offer', async (t) => {
  const { status, stdout } = await runCli(['completion']);
  t.is(status, 0);
  t.regex(stdout, /--get-yargs-completions/);
  const script = join(nowhere, 'completion.bash');
  writeFileSync(script, stdout);
  const { status: taken, stderr } = spawnSync('bash', ['-n', script], { encoding: 'utf8' });
  t.is(taken, 0, stderr);

  const offered = await runBuilt(['--get-yargs-completions', 'certmend', '']);
  t.is(offered.status, 0, offered.stderr);
  const words = offered.stdout.split('\n').map((line) => line.split(':')[0]);
  for (const { name } of commands) t.true(words.includes(name.split(' ')[0]), name);
  const options = await runBuilt(['--get-yargs-completions', 'certmend', 'prestart', '--']);
  t.regex(options.stdout, /^--unit/m);
  t.regex(options.stdout, /^--strict/m);
});
