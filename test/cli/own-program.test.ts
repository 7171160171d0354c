import test, { type ExecutionContext } from 'ava';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import type { Tree } from '../fixtures/tree.ts';
import { kubeconfigForms } from '../fixtures/yaml-forms.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { program, runBuilt } from './built.ts';

/** A healthy node on which the YAML library is needed. */
function nodeWithYaml(t: ExecutionContext): Tree {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  const admin = tree.host(tree.credentials.find((path) => path.endsWith('/admin.kubeconfig')) ?? '');
  writeFileSync(admin, kubeconfigForms(readFileSync(admin, 'utf8'))['quotes and a comment'] ?? '');
  return tree;
}

/** A copy of the built program that may be damaged. */
function copyOfProgram(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'certmend-program-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  cpSync(dirname(program), directory, { recursive: true });
  return directory;
}

const damages: Readonly<Record<string, (chunk: string) => void>> = {
  'is missing': (chunk) => {
    rmSync(chunk);
  },
  'is cut off': (chunk) => {
    writeFileSync(chunk, readFileSync(chunk).subarray(0, 20_000));
  },
  'has no bytes': (chunk) => {
    writeFileSync(chunk, '');
  },
  'is zeros': (chunk) => {
    writeFileSync(chunk, Buffer.alloc(readFileSync(chunk).length));
  },
  'is another module': (chunk) => {
    writeFileSync(chunk, 'module.exports = {};');
  },
  'is a directory': (chunk) => {
    rmSync(chunk);
    mkdirSync(chunk);
  },
};
for (const [what, damage] of Object.entries(damages)) {
  test(`a part of the program that ${what} is told as that, and is no verdict on the node`, async (t) => {
    const tree = nodeWithYaml(t);
    const copy = copyOfProgram(t);
    damage(join(copy, 'chunks', 'yaml.cjs'));
    const before = fingerprintTree(tree.root);
    const hook = ['prestart', '--unit', tree.unit];
    for (const [words, status] of [
      [['check'], 70],
      [[...hook, '--strict'], 70],
      [hook, 0],
    ] as const) {
      const ended = await runBuilt(['--root', tree.root, ...words], [], join(copy, 'certmend.cjs'));
      t.is(ended.status, status, ended.stderr);
      t.regex(ended.stderr, /^certmend: certmend cannot load its own program/);
      t.notRegex(ended.stderr, /a bug in certmend|\n +at /, 'no stack');
      t.notRegex(ended.stdout + ended.stderr, /not valid YAML/);
    }
    t.deepEqual(changedPaths(before, fingerprintTree(tree.root)), []);
  });
}

test('a shortage of open files is never taken for a fault of the node', async (t) => {
  const tree = nodeWithYaml(t);
  // The second one remembers what it rests on.
  for (let run = 0; run < 2; run += 1)
    await runBuilt(['--root', tree.root, 'prestart', '--unit', tree.unit, '--strict']);
  const before = fingerprintTree(tree.root);
  const shortages: number[] = [];
  for (let limit = 30; limit >= 14; limit -= 1) {
    const around = ['sh', '-c', `ulimit -n ${String(limit)}; exec "$@"`, 'sh'];
    const ended = await runBuilt(['--root', tree.root, 'prestart', '--unit', tree.unit, '--strict'], around);
    // Below some number the runtime itself does not start, and ends by a signal or with a status of its own.
    if (ended.status === 0) t.regex(ended.stdout, /^nothing to do/);
    else if (ended.stderr.includes('EMFILE')) shortages.push(limit);
    t.notRegex(ended.stdout + ended.stderr, /not valid YAML|quarantine|damaged/, String(limit));
    t.deepEqual(changedPaths(before, fingerprintTree(tree.root)), [], String(limit));
  }
  t.true(shortages.length > 0, 'the limit was low enough to be felt');
});

test('every part of the program can be loaded', (t) => {
  const directory = dirname(program);
  const chunks = readdirSync(join(directory, 'chunks')).filter((name) => name.endsWith('.cjs'));
  t.true(chunks.length > 30);
  const load = 'for (const part of process.argv.slice(1)) require(part)';
  const parts = chunks.map((name) => join(directory, 'chunks', name));
  t.notThrows(() => execFileSync(process.execPath, ['-e', load, ...parts], { stdio: 'pipe' }));
});
