import test from 'ava';
import fc from 'fast-check';
import { readBootArguments, type BootCommand } from '../../src/cli/boot-arguments.ts';
import type { Io } from '../../src/cli/io.ts';
import { parse } from '../../src/cli/yargs.ts';
import { CertmendError } from '../../src/error.ts';

/* The boot hook's own reader of its command line and the parser of every other one are held together here. */

const silent: Io = {
  stdout: { write: () => undefined, isTerminal: false, columns: undefined },
  stderr: { write: () => undefined, isTerminal: false, columns: undefined },
  env: {},
  confirm: undefined,
  damagedParts: () => [],
};

/** What the parser makes of a command line, when that is a boot hook's. */
async function parsed(argv: readonly string[]): Promise<BootCommand | undefined> {
  try {
    const invocation = await parse(argv, silent);
    const name = invocation?.command.name;
    return invocation !== undefined && (name === 'prestart' || name === 'daemon')
      ? ({ name, args: invocation.args } as BootCommand)
      : undefined;
  } catch (error) {
    if (error instanceof CertmendError) return undefined;
    throw error;
  }
}

const short: readonly (readonly string[])[] = [
  ['prestart', '--unit', 'rke2-server'],
  ['prestart', '--unit=rke2-server.service', '--strict'],
  ['--root', '/mnt', '--config', '/c.yaml', '-o', 'json', 'prestart', '--unit', 'k3s'],
  ['--root=/mnt', '--output=yaml', 'prestart', '--strict', '--unit', 'k3s'],
  ['prestart', '--unit', 'a', '--unit', 'b'],
  ['prestart', '--unit', 'a', '--strict', '--strict'],
  ['daemon'],
  ['--root', '/mnt', 'daemon', '--config=/c.yaml'],
];
for (const argv of short) {
  test(`readBootArguments reads ${argv.join(' ')} as the parser does`, async (t) => {
    const read = readBootArguments(argv);
    t.not(read, undefined);
    t.deepEqual(read, await parsed(argv));
  });
}

const long: readonly (readonly string[])[] = [
  [],
  ['prestart'],
  ['prestart', '--unit'],
  ['prestart', '--unit='],
  ['prestart', '--unit', ''],
  ['prestart', '--unit', '--strict'],
  ['prestart', '--unit', 'a', '-o', 'xml'],
  ['prestart', '--unit', 'a', 'prestart'],
  ['prestart', '--unit', 'a', '--help'],
  ['prestart', '--unit', 'a', '-v'],
  ['prestart', '--unit', 'a', '--strict=false'],
  ['prestart', '--unit', 'a', '--no-strict'],
  ['prestart', '--unit', 'a', '--'],
  ['daemon', '--unit', 'a'],
  ['daemon', '--strict'],
  ['check', '--unit', 'a'],
  ['constructor', 'x', 'prestart', '--unit', 'a'],
  ['prestart', '--unit', 'a', '--toString', 'b'],
];
for (const argv of long) {
  test(`readBootArguments leaves "${argv.join(' ')}" to the parser`, (t) => {
    t.is(readBootArguments(argv), undefined);
  });
}

const value = fc.oneof(
  fc.constantFrom(
    'rke2-server',
    '/',
    '.',
    'a=b',
    '=',
    "'a'",
    '"a"',
    '"',
    'true',
    '0x10',
    '1e3',
    '-1',
    'prestart',
    'a b',
  ),
  fc.constantFrom('__proto__', 'constructor', 'json', 'yaml', 'table', 'ü', '\n', '${x}', '[1]', '{"a":1}', '@', '*'),
  fc.string({ maxLength: 6 }),
);
const name = fc.constantFrom('--root', '--config', '--output', '-o', '--unit');
const piece = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(name, value).map(([option, given]) => [option, given]) },
  { weight: 4, arbitrary: fc.tuple(name, value).map(([option, given]) => [`${option}=${given}`]) },
  { weight: 2, arbitrary: fc.constant(['--strict']) },
  { weight: 1, arbitrary: fc.constantFrom(['-v'], ['--'], ['--help'], ['-ojson'], ['--strict=true'], ['__proto__']) },
  { weight: 1, arbitrary: value.map((given) => [given]) },
);
const commandLine = fc
  .tuple(fc.array(piece, { maxLength: 3 }), value, fc.array(piece, { maxLength: 3 }))
  .map(([before, unit, after]) => [...before.flat(), 'prestart', '--unit', unit, ...after.flat()]);

test('readBootArguments never reads a command line in another way than the parser', async (t) => {
  let read = 0;
  await fc.assert(
    fc.asyncProperty(commandLine, async (argv) => {
      const boot = readBootArguments(argv);
      if (boot === undefined) return;
      read += 1;
      t.deepEqual(boot, await parsed(argv), JSON.stringify(argv));
    }),
    { numRuns: 2000 },
  );
  t.true(read > 300, String(read));
});
