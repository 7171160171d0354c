import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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
  writeFileSync(join(directory, 'certmend.cjs'), '// whole');
  writeFileSync(join(directory, 'node'), `#!/bin/sh\n${runtime}\n`, { mode: 0o755 });
  writeFileSync(join(directory, 'certmend'), text, { mode: 0o755 });
  return join(directory, 'certmend');
}

function certmend(path: string, ...words: readonly string[]): SpawnSyncReturns<string> {
  return certmendIn(process.env, path, ...words);
}

function certmendIn(
  env: Readonly<Record<string, string | undefined>>,
  path: string,
  ...words: readonly string[]
): SpawnSyncReturns<string> {
  return spawnSync(path, words, { env, encoding: 'utf8', timeout: 540_000, killSignal: 'SIGKILL' });
}

/** Prints the program that started it, and what it was given. */
const shows = 'read -r name <"/proc/$PPID/comm"; shift 2; echo "$name"; printf "<%s>" "$@"';

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

for (const part of ['node', 'certmend.cjs']) {
  for (const [what, damage] of [
    [
      'no bytes',
      (file: string) => {
        writeFileSync(file, '');
      },
    ],
    [
      'no file',
      (file: string) => {
        rmSync(file);
      },
    ],
  ] as const) {
    test(`certmend.sh tells a damaged installation, and keeps no unit from starting: ${part} has ${what}`, (t) => {
      const path = installed(t, 'echo ran');
      damage(join(dirname(path), part));
      for (const [words, wanted] of [
        [['check'], 70],
        [['prestart', '--unit', 'k3s.service'], 0],
        [['prestart', '--unit', 'k3s.service', '--strict'], 70],
      ] as const) {
        const { status, stdout, stderr } = certmend(path, ...words);
        t.is(status, wanted, stderr);
        t.is(stdout, '');
        t.regex(stderr, /^certmend: certmend cannot load its own program: \S+ is empty or missing/);
      }
    });
  }
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
  const { status, stdout } = certmend(installed(t, 'echo "$3"; exit 77', '/nonexistent/timeout'), 'prestart');
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

/** What a unit, a shell or a person may have set, each a way to other code, another trust or a file of somebody's choice. */
const foreign = {
  NODE_OPTIONS: '--require=/tmp/foreign.cjs',
  NODE_PATH: '/tmp',
  NODE_EXTRA_CA_CERTS: '/tmp/ca.pem',
  NODE_COMPILE_CACHE: '/tmp/cache',
  NODE_V8_COVERAGE: '/tmp/coverage',
  NODE_TLS_REJECT_UNAUTHORIZED: '0',
  OPENSSL_CONF: '/tmp/openssl.cnf',
  OPENSSL_MODULES: '/tmp',
  OPENSSL_ENGINES: '/tmp',
  SSL_CERT_FILE: '/tmp/ca.pem',
  LD_LIBRARY_PATH: '/tmp',
  LD_AUDIT: '',
  GCONV_PATH: '/tmp',
  GLIBC_TUNABLES: 'glibc.malloc.check=3',
  BASH_ENV: '/tmp/foreign.sh',
  ENV: '/tmp/foreign.sh',
  HTTPS_PROXY: 'http://127.0.0.1:1',
  PATH: '/tmp/foreign:/usr/bin:/bin',
};

for (const words of [['prestart', '--unit', 'k3s.service'], ['check'], ['rotate', '--yes']]) {
  test(`certmend.sh gives ${words.join(' ')} an environment of its own, whatever the unit or the shell has set`, (t) => {
    const kept = {
      TERM: 'dumb',
      NO_COLOR: '',
      TMPDIR: '/var/tmp/my dir',
      JOURNAL_STREAM: '8:1',
      NOTIFY_SOCKET: '/run/x',
    };
    const path = installed(t, 'exec /usr/bin/env -0');
    const { stdout } = certmendIn({ ...foreign, ...kept }, path, ...words);
    const lines = stdout.split('\0').filter((line) => line !== '' && !/^(?:PWD|SHLVL|_|OLDPWD)=/.test(line));
    t.deepEqual(
      lines.sort(),
      Object.entries({ ...kept, PATH: '/usr/sbin:/usr/bin:/sbin:/bin' })
        .map(([name, value]) => `${name}=${value}`)
        .sort(),
    );
  });
}

test('certmend.sh looks flock and its kin up on a path of its own', (t) => {
  const path = installed(t, 'command -v flock');
  const directory = dirname(path);
  writeFileSync(join(directory, 'flock'), '#!/bin/sh\n', { mode: 0o755 });
  const { stdout } = certmendIn({ PATH: `${directory}:/usr/bin:/bin` }, path, 'prestart');
  t.regex(stdout, /^\/usr\/bin\/flock$|^\/bin\/flock$/m);
});

test('certmend.sh leaves no core file, and no memory in one that is collected all the same', (t) => {
  const { stdout } = certmend(installed(t, 'ulimit -Hc; cat /proc/self/coredump_filter'), 'prestart');
  t.is(stdout, '0\n00000000\n');
});
