import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readProject } from '../../packaging/project.ts';

/**
 * /usr/bin/certmend with a runtime and a timeout of the test's own.
 * @param runtime a script that gets the program's path and the words
 */
function installed(t: ExecutionContext, runtime: string, timeout = '/usr/bin/timeout', seconds = '75'): string {
  const directory = mkdtempSync(join(tmpdir(), 'certmend-sh-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  const text = readProject('packaging', 'certmend.sh')
    .replaceAll('/usr/lib/certmend', directory)
    .replace('/usr/bin/timeout', timeout)
    .replace('-k 5 75', `-k 1 ${seconds}`);
  writeFileSync(join(directory, 'node'), `#!/bin/sh\n${runtime}\n`, { mode: 0o755 });
  writeFileSync(join(directory, 'certmend'), text, { mode: 0o755 });
  return join(directory, 'certmend');
}

function certmend(path: string, ...words: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(path, words, { encoding: 'utf8', timeout: 540_000, killSignal: 'SIGKILL' });
}

/** Prints the program that started it, and what it was given. */
const shows = 'read -r name <"/proc/$PPID/comm"; shift; echo "$name"; printf "<%s>" "$@"';

const bounded: readonly (readonly string[])[] = [
  ['prestart', '--unit', 'rke2-server.service'],
  ['--config', '/etc/my file.yaml', 'prestart', '--unit', 'k3s.service', '--strict'],
  ['--root=/mnt', '-v', '-o', 'json', 'prestart', '--unit', ''],
];
for (const words of bounded) {
  test(`certmend.sh bounds ${words.join(' ')} and hands on the words as they are`, (t) => {
    const { stdout } = certmend(installed(t, shows), ...words);
    t.is(stdout, `timeout\n${words.map((word) => `<${word}>`).join('')}`);
  });
}

const free: readonly (readonly string[])[] = [
  ['daemon'],
  ['--root', 'prestart', 'check'],
  ['why', 'prestart'],
  ['rehearse', '--at', '+400d'],
  [],
];
for (const words of free) {
  test(`certmend.sh does not bound "${words.join(' ')}"`, (t) => {
    const { stdout } = certmend(installed(t, shows), ...words);
    t.notRegex(stdout, /^timeout\n/);
    t.true(stdout.endsWith(words.map((word) => `<${word}>`).join('') || '<>'));
  });
}

test('certmend.sh runs the boot hook also where there is no timeout', (t) => {
  const { status, stdout } = certmend(installed(t, 'echo "$2"; exit 77', '/nonexistent/timeout'), 'prestart');
  t.is(stdout, 'prestart\n');
  t.is(status, 77);
});

for (const status of [0, 73, 75, 77, 78]) {
  test(`certmend.sh hands on the exit status ${status} of the boot hook`, (t) => {
    t.is(certmend(installed(t, `exit ${status}`), 'prestart', '--strict').status, status);
  });
}

test('certmend.sh ends as the boot hook ended when a signal killed it', (t) => {
  t.is(certmend(installed(t, 'kill -TERM $$'), 'prestart').signal, 'SIGTERM');
  t.not(certmend(installed(t, 'kill -KILL $$'), 'prestart').status, 0);
});

test('certmend.sh hands on to the boot hook the signal that it gets', async (t) => {
  const path = installed(t, 'trap "echo told >\\"$0.told\\"; exit 3" TERM; echo up; while :; do sleep 0.1; done');
  const child = spawn(path, ['prestart'], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  const [status] = (await once(child, 'exit')) as [number | null];
  t.is(status, 3);
  t.is(readFileSync(path.replace(/certmend$/, 'node.told'), 'utf8'), 'told\n');
});

test('certmend.sh ends a boot hook that hangs and is deaf to SIGTERM', (t) => {
  const path = installed(t, 'trap "" TERM; while :; do sleep 0.1; done', '/usr/bin/timeout', '0.5');
  const { status, signal } = certmend(path, 'prestart');
  t.true(status === 137 || signal === 'SIGKILL', `${String(status)} ${String(signal)}`);
});
