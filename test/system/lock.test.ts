import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { CertmendError } from '../../src/error.ts';
import { acquireLock } from '../../src/system/files/lock.ts';

function rootFor(t: ExecutionContext): string {
  const root = mkdtempSync(join(tmpdir(), 'certmend-lock-'));
  t.teardown(() => {
    rmSync(root, { recursive: true, force: true });
  });
  return root;
}

/** Starts a process that wants the lock; `said` is its next line. */
function contender(
  t: ExecutionContext,
  root: string,
  waitMs = 0,
  env = process.env,
): { child: ChildProcessWithoutNullStreams; said: () => Promise<string> } {
  const program = fileURLToPath(new URL('hold-lock.ts', import.meta.url));
  const child = spawn(process.execPath, ['--no-warnings', program, root, String(waitMs)], { env });
  t.teardown(() => {
    child.kill('SIGKILL');
  });
  const lines = child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false }) as AsyncIterator<
    string,
    undefined
  >;
  return { child, said: async () => ((await lines.next()).value ?? 'ended').trim() };
}

function held(t: ExecutionContext, root: string): CertmendError | undefined {
  const error = t.throws(() => acquireLock(root, { waitMs: 0 }), { instanceOf: CertmendError });
  t.is(error?.code, 'LockHeld');
  return error;
}

test('lock is one process at a time, and says who has it', async (t) => {
  const root = rootFor(t);
  const first = contender(t, root);
  t.is(await first.said(), 'held');
  const second = contender(t, root);
  t.is(await second.said(), 'LockHeld');
  const error = held(t, root);
  t.is(error?.exit, 75);
  t.true(error?.message.includes(`(process ${first.child.pid ?? 0})`));
});

test('lock of a killed holder is free at once, with nothing to clean up', async (t) => {
  const root = rootFor(t);
  const first = contender(t, root);
  t.is(await first.said(), 'held');
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  acquireLock(root, { waitMs: 0 }).release();
  const second = contender(t, root);
  t.is(await second.said(), 'held');
});

test('lock is waited for as long as it is asked to', async (t) => {
  const root = rootFor(t);
  const first = contender(t, root);
  t.is(await first.said(), 'held');
  const patient = contender(t, root, 30_000);
  first.child.stdin.end();
  t.is(await first.said(), 'released');
  t.is(await patient.said(), 'held');
  const impatient = contender(t, root, 50);
  t.is(await impatient.said(), 'LockHeld');
});

test('lock can be taken again after it was released in the same process', (t) => {
  const root = rootFor(t);
  const lock = acquireLock(root, { waitMs: 0 });
  held(t, root);
  lock.release();
  acquireLock(root, { waitMs: 0 }).release();
});

test('lock is not kept by a child that its holder started', async (t) => {
  const root = rootFor(t);
  const lock = acquireLock(root, { waitMs: 0 });
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  t.teardown(() => {
    child.kill('SIGKILL');
  });
  await once(child, 'spawn');
  lock.release();
  t.notThrows(() => {
    acquireLock(root, { waitMs: 0 }).release();
  });
});

test('lock lives in a private directory, made also on a root without /run', (t) => {
  const root = rootFor(t);
  acquireLock(root, { waitMs: 0 }).release();
  t.is(statSync(join(root, 'run/certmend')).mode & 0o777, 0o700);
  t.is(statSync(join(root, 'run/certmend/lock')).mode & 0o777, 0o600);
});

test('lock file that says nothing useful names nobody', async (t) => {
  const root = rootFor(t);
  const first = contender(t, root);
  t.is(await first.said(), 'held');
  writeFileSync(join(root, 'run/certmend/lock'), 'garbage');
  t.false(held(t, root)?.message.includes('process'));
});

test('lock says that flock is missing', async (t) => {
  const child = contender(t, rootFor(t), 0, { ...process.env, PATH: '/nonexistent' });
  t.is(await child.said(), 'StorageFailed');
});

test('lock that cannot be opened is an error of the disk', (t) => {
  const root = rootFor(t);
  mkdirSync(join(root, 'run'));
  writeFileSync(join(root, 'run/certmend'), 'a file in the way');
  const error = t.throws(() => acquireLock(root, { waitMs: 0 }), { instanceOf: CertmendError });
  t.is(error?.code, 'StorageFailed');
  chmodSync(join(root, 'run'), 0o755);
});
