import test, { type ExecutionContext } from 'ava';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Ended, runBuilt, startBuilt } from '../cli/built.ts';
import { type Fingerprint, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { backUp, type Vault, vaultFor } from './made-backup.ts';

/*
 * P2 and P1 of a restore that is killed: nobody but the command goes on with it, and that gives all of it.
 */

const own = ['/var/lib/certmend', '/run'];
const journal = 'var/lib/certmend/journal.json';
const kill = pathToFileURL(join(import.meta.dirname, '..', 'scenarios', 'kill-at-call.ts')).href;

/** Runs the restore; it is killed before its n-th call that changes something below the root. */
async function restore(
  root: string,
  archive: string,
  { keyFile }: Vault,
  at?: number,
): Promise<Ended & { calls: number }> {
  const log = `${root}.calls`;
  rmSync(log, { force: true });
  const environment = [
    'env',
    `CERTMEND_KILL_ROOT=${root}`,
    `CERTMEND_KILL_LOG=${log}`,
    ...(at === undefined ? [] : [`CERTMEND_KILL_AT=${String(at)}`]),
  ];
  const words = ['--root', root, 'backup', 'restore', archive, '--identity', keyFile, '--confirm', 'node-1'];
  const runtime = ['--no-warnings', '--import', kill];
  const ended = await startBuilt(words, environment, runtime).ended;
  const calls = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').length : 0;
  return { ...ended, calls };
}

function scratch(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'certmend-interrupted-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

test('backup restore that is killed at any call is finished by the same command alone, and leaves nothing', async (t) => {
  const wanted = temporaryTree(t);
  const vault = await vaultFor(t);
  const archive = await backUp(wanted.root, vault);
  // The same node with other authorities, which are older, so that all of it is replaced.
  const start = Math.floor(Date.now() / 86_400_000) * 86_400_000 - 30 * 86_400_000;
  const there = temporaryTree(t, { authority: { notBefore: start, notAfter: start + 3650 * 86_400_000 } });
  const directory = scratch(t);
  const fresh = async (name: string): Promise<string> => {
    const root = join(directory, name);
    mkdirSync(root);
    await cp(there.root, root, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    return root;
  };
  const whole = await fresh('whole');
  const old = printsOf(whole);
  const run = await restore(whole, archive, vault);
  t.is(run.status, 0, run.stderr);
  const done = printsOf(whole);
  t.notDeepEqual(done, old);
  t.true(run.calls > 500, String(run.calls));
  const log = readFileSync(`${whole}.calls`, 'utf8').split('\n');
  const commitPoint = log.findIndex((line) => line.startsWith('renameSync') && line.includes('.journal.json.')) + 1;
  t.true(commitPoint > 100, 'there is a commit point');
  const chosen = new Set([
    ...Array.from({ length: 8 }, (_, index) => Math.floor((run.calls * (index + 1)) / 9)),
    commitPoint,
    commitPoint + 1,
    commitPoint + 2,
    commitPoint + 40,
    commitPoint + 80,
  ]);
  for (const at of chosen) {
    const root = await fresh(String(at));
    const killed = await restore(root, archive, vault, at);
    t.is(killed.status, undefined, `call ${String(at)} of ${String(run.calls)}`);
    const isOpen = existsSync(join(root, journal));
    const left = printsOf(root);
    if (isOpen) {
      // The boot hook lets the service start, says what to do, and changes nothing.
      const hook = await runBuilt(['--root', root, 'prestart', '--unit', 'rke2-server']);
      t.is(hook.status, 0);
      t.regex(hook.stderr, /restore of a backup was interrupted.*\n.*certmend backup restore .* --confirm 'node-1'/);
      const other = await runBuilt(['--root', root, 'standby', 'prepare']);
      t.is(other.status, 77, other.stderr);
      t.deepEqual(printsOf(root), left, `call ${String(at)}: only the command goes on`);
      t.true(existsSync(join(root, journal)));
    } else if (at < commitPoint) {
      const hook = await runBuilt(['--root', root, 'prestart', '--unit', 'rke2-server']);
      t.is(hook.status, 0);
      t.deepEqual(printsOf(root), old, `call ${String(at)}: nothing was begun, and nothing is left`);
      t.false(existsSync(join(root, 'var/lib/certmend/restore')), `call ${String(at)}: copies of keys are left`);
    }
    const again = await restore(root, archive, vault);
    t.is(again.status, 0, again.stderr);
    t.deepEqual(printsOf(root), done, `call ${String(at)}`);
    t.false(existsSync(join(root, journal)));
    t.false(existsSync(join(root, 'var/lib/certmend/restore')));
    rmSync(root, { recursive: true, force: true });
  }
  t.is(statSync(archive).mode & 0o777, 0o600);
});

/** Of all but certmend's own; a link is copied with another time. */
function printsOf(root: string): Map<string, Fingerprint> {
  const prints = fingerprintTree(root, own);
  return new Map([...prints].map(([path, print]) => [path, print.kind === 'file' ? print : { ...print, mtime: '' }]));
}
