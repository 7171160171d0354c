import { execFile, execFileSync } from 'node:child_process';
import { globSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify, stripVTControlCharacters } from 'node:util';
import test from 'ava';
import { opensslKeyFits, opensslVerify } from '../fixtures/openssl.ts';
import { day, makeTree } from '../fixtures/tree.ts';
import { makeExpiredNode } from './make-node.ts';

const scratch = mkdtempSync(join(tmpdir(), 'certmend-demo-test-'));
test.after.always(() => {
  rmSync(scratch, { recursive: true, force: true });
});

test('the demo node has the files and modes of a node made with openssl', (t) => {
  const now = Date.UTC(2026, 10, 23);
  const root = join(scratch, 'node');
  makeExpiredNode(root, now);
  const tree = makeTree({ directory: join(scratch, 'tree'), now, leaf: 'expired' });
  t.deepEqual(listing(root), listing(tree.root));
  for (const { id, issuer, purposes, certificatePath, keyPath } of tree.leaves) {
    const leafFile = join(root, certificatePath);
    t.true(opensslKeyFits(leafFile, join(root, keyPath)), id);
    for (const purpose of purposes) {
      const question = { ca: join(root, tree.authority(issuer).certificatePath), leafFile, purpose };
      t.true(opensslVerify({ ...question, at: now - 36 * day }).ok, id);
      t.false(opensslVerify({ ...question, at: now }).ok, id);
    }
  }
});

test('the demo shows what it says, without openssl, in a pipe of 80 columns', async (t) => {
  const [bin, temporary] = [join(scratch, 'bin'), join(scratch, 'tmp')];
  mkdirSync(bin);
  mkdirSync(temporary);
  for (const program of ['flock', 'cp']) {
    const path = execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
    symlinkSync(path, join(bin, program));
  }
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'demo.ts')], {
    env: { PATH: bin, TMPDIR: temporary },
  });
  t.is(stderr, '');
  t.is(stdout, stripVTControlCharacters(stdout));
  t.deepEqual(
    stdout.split('\n').filter((line) => line.length > 80),
    [],
  );
  // A table has its columns beside each other: the program knew how wide the page is.
  t.regex(stdout, /^ENTRY +EXPIRES +RESIDUAL TIME +STATUS/m);
  t.deepEqual(globSync('*', { cwd: temporary }), []);
});

/** Every path with its type and mode. */
function listing(root: string): string[] {
  return globSync('**/*', { cwd: root })
    .map((path) => `${path} ${lstatSync(join(root, path)).mode.toString(8)}`)
    .toSorted();
}
