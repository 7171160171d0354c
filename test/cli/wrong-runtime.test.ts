import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { transform } from 'esbuild';
import { readProject } from '../../packaging/project.ts';
import { program } from './built.ts';

const sentence = /^certmend: needs Node\.js 24 or later but was started by \d[^\n]*\n$/;

test('a runtime that says that it is older gets one sentence, before anything else runs', (t) => {
  const pretends = `Object.defineProperty(process.versions, 'node', { value: '20.20.2' }); process.argv.splice(1, 9, 'certmend', 'check'); require(${JSON.stringify(program)})`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', pretends], { encoding: 'utf8' });
  t.deepEqual([status, stdout], [78, '']);
  t.regex(stderr, sentence);
});

test('the program has no syntax that Node.js 18 could not read, or its sentence would not be reached', async (t) => {
  const text = readFileSync(program, 'utf8');
  const [old, latest] = await Promise.all(
    ['node18', 'esnext'].map((target) => transform(text, { target, supported: { 'dynamic-import': true } })),
  );
  // Nothing was left to be translated.
  t.is(old?.code, latest?.code);
});

const other = '/usr/bin/node';
const isOlder =
  existsSync(other) && Number(/^v(\d+)/.exec(execFileSync(other, ['--version'], { encoding: 'utf8' }))?.[1]) < 24;
(isOlder ? test : test.skip)('an older runtime of the machine gets the same sentence', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'certmend-runtime-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  for (const words of [['check'], ['prestart', '--unit', 'rke2-server'], ['--version'], []]) {
    const { status, stdout, stderr } = spawnSync(other, [program, ...words], { encoding: 'utf8', cwd: directory });
    t.deepEqual([status, stdout], [78, '']);
    t.regex(stderr, sentence);
  }
});

test('package.json and the program name the same oldest runtime', (t) => {
  const { engines } = JSON.parse(readProject('package.json')) as { engines: { node: string } };
  t.is(engines.node, '>=24');
  t.regex(readFileSync(join(dirname(program), 'certmend.cjs'), 'utf8'), /\boldest = 24;/);
});
