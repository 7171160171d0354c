import test from 'ava';
import { memoryReader } from '../layout/memory-reader.ts';
import { builtModule } from '../cli/built-module.ts';

const { readCommandLine } = builtModule<typeof import('../../src/layout/detect/arguments.ts')>(
  'src/layout/detect/arguments.ts',
);
const { logicalLines, splitWords } = builtModule<typeof import('../../src/systemd/words.ts')>('src/systemd/words.ts');
const { readUnit } = builtModule<typeof import('../../src/systemd/unit-file.ts')>('src/systemd/unit-file.ts');

/** systemd.syntax(7) and systemd.service(5), "Command lines". */
const splits: readonly (readonly [text: string, words: readonly string[]])[] = [
  ['a b  c', ['a', 'b', 'c']],
  [`a "b c" 'd e'`, ['a', 'b c', 'd e']],
  [`--x='y z' a"b"c`, ['--x=y z', 'abc']],
  [`"" ''`, ['', '']],
  ['a\\x20b \\s \\t \\\\ \\q', ['a b', ' ', '\t', '\\', '\\q']],
  ['"open', ['open']],
  ['a \\\n# comment between\n; another\n  b \\\n c', ['a', 'b', 'c']],
];

for (const [text, words] of splits) {
  test(`words of ${JSON.stringify(text)} are split as systemd splits them`, (t) => {
    const [line] = logicalLines(text);
    t.deepEqual(line === undefined ? [] : splitWords(line, 0).map((word) => word.text), words);
  });
}

test('unit reads the last ExecStart, only from [Service], without its prefix', (t) => {
  const path = '/etc/systemd/system/k3s.service';
  const reader = memoryReader({
    [path]:
      '[Unit]\nExecStart=/no no\n[Service]\nExecStartPre=/x y\nExecStart=-@/bin/k3s k3s server %n %% $$HOME ; /other\n',
  });
  const unit = readUnit('k3s.service', reader, []);
  t.deepEqual(
    unit.command.map((word) => word.value),
    ['/bin/k3s', 'k3s', 'server', 'k3s.service', '%', '$HOME'],
  );
  t.is(unit.command[0]?.origin, `${path}:5`);
});

test('unit applies drop-ins of all directories and prefixes in file name order', (t) => {
  const reader = memoryReader({
    '/usr/lib/systemd/system/rke2-server.service': '[Service]\nEnvironment=A=unit\n',
    '/usr/lib/systemd/system/rke2-server.service.d/20-b.conf': '[Service]\nEnvironment=A=b\n',
    '/etc/systemd/system/rke2-server.service.d/10-a.conf': '[Service]\nEnvironment=A=a B=a\n',
    '/etc/systemd/system/rke2-.service.d/30-prefix.conf': '[Service]\nEnvironment=C=prefix\n',
    '/etc/systemd/system/service.d/05-all.conf': '[Service]\nEnvironment=B=all\n',
    '/etc/systemd/system/rke2-server.service.d/masked.conf': { link: '/dev/null' },
    '/usr/lib/systemd/system/rke2-server.service.d/masked.conf': '[Service]\nEnvironment=A=masked\n',
    '/etc/systemd/system/rke2-server.service.d/readme.txt': '[Service]\nEnvironment=A=text\n',
  });
  const unit = readUnit('rke2-server.service', reader, []);
  t.deepEqual(Object.fromEntries([...unit.environment].map(([key, { value }]) => [key, value])), {
    A: 'b',
    B: 'a',
    C: 'prefix',
  });
});

test('unit that is masked, missing or hostile has no command', (t) => {
  const masked = memoryReader({ '/etc/systemd/system/k3s.service': { link: '/dev/null' } });
  t.deepEqual(readUnit('k3s.service', masked, []).command, []);
  const missing = readUnit('k3s.service', memoryReader({ '/etc/default/k3s': 'A=1\n' }), ['/etc/default/%N']);
  t.is(missing.path, undefined);
  t.is(missing.environment.get('A')?.value, '1');
  const hostile = memoryReader({ '/etc/systemd/system/k3s.service': `[Service]\nExecStart=${'\\\n'.repeat(10_000)}"` });
  t.notThrows(() => readUnit('k3s.service', hostile, []));
});

const commands: readonly (readonly [words: string, role: string | undefined, flags: readonly string[]])[] = [
  ['/usr/bin/rke2 server', 'server', []],
  [
    'k3s agent -s https://x --with-node-id -i 192.0.2.1',
    'agent',
    ['server=https://x', 'with-node-id=true', 'node-ip=192.0.2.1'],
  ],
  ['k3s --debug server --disable-etcd=false -data-dir /d', 'server', ['disable-etcd=false', 'data-dir=/d']],
  ['k3s server --tls-san a --tls-san=b,c --x=', 'server', ['tls-san=a', 'tls-san=b,c', 'x=']],
  ['k3s server --kube-apiserver-arg --v=2 --data-dir', 'server', ['kube-apiserver-arg=--v=2', 'data-dir=']],
  ['/bin/sh -c something', undefined, []],
  ['server', undefined, []],
];

for (const [words, role, flags] of commands) {
  test(`command line ${words} is read as the products read it`, (t) => {
    const line = readCommandLine(words.split(' ').map((value) => ({ value, origin: 'x' })));
    t.is(line.role?.value, role as 'server' | 'agent' | undefined);
    t.deepEqual(
      line.flags.map((flag) => `${flag.name}=${flag.value.value}`),
      flags,
    );
  });
}
