import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeTree } from '../fixtures/tree.ts';
import { program, run } from './certmend.ts';
import { programs, type Scenario } from './scenario.ts';
import { inScratch } from './scratch.ts';

const needs = [programs.age, programs.openssl, programs.flock];

/** Backups and the `age` of a distribution: each reads what the other wrote. */
export const backup: readonly Scenario[] = [
  {
    name: 'backup writes what age decrypts, and restores what age encrypted',
    needs,
    isHeavy: false,
    run: async () => await inScratch(bothWays),
  },
];

async function bothWays(scratch: string): Promise<string> {
  const { root } = makeTree({ directory: join(scratch, 'node') });
  const [to, keyFile, empty] = ['to', 'key.txt', 'empty'].map((name) => join(scratch, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(to, { mode: 0o700 });
  mkdirSync(empty);
  execFileSync('age-keygen', ['-o', keyFile], { stdio: 'ignore' });
  const recipient = execFileSync('age-keygen', ['-y', keyFile], { encoding: 'utf8' }).trim();
  const made = await run(process.execPath, [
    program,
    '--root',
    root,
    'backup',
    'create',
    '--recipient',
    recipient,
    '--to',
    to,
  ]);
  assert.equal(made.status, 0, made.stderr);
  const archive = join(to, readdirSync(to)[0] ?? '');

  const plain = execFileSync('age', ['-d', '-i', keyFile, archive]);
  const names = execFileSync('tar', ['-tf', '-'], { input: plain, encoding: 'utf8' }).trim().split('\n');
  assert.ok(names.includes('var/lib/rancher/rke2/server/tls/server-ca.key'));

  const again = join(scratch, 'again.age');
  execFileSync('age', ['-r', recipient, '-o', again], { input: plain });
  const restored = await run(process.execPath, [
    program,

    '--root',
    empty,
    'backup',
    'restore',
    again,
    '--identity',
    keyFile,
    '--confirm',
    'node-1',
  ]);
  assert.equal(restored.status, 0, restored.stderr);
  const key = 'var/lib/rancher/rke2/server/tls/server-ca.key';
  assert.deepEqual(readFileSync(join(empty, key)), readFileSync(join(root, key)));
  return `${names.length} files, both ways`;
}
