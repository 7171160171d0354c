import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { maxFileBytes, type FileReader } from '../../src/disk/file-reader.ts';
import { createFileReader } from '../../src/system/files/node-file-reader.ts';

interface Scratch {
  readonly root: string;
  readonly reader: FileReader;
  readonly file: (path: string, content?: string) => void;
  readonly link: (path: string, target: string) => void;
}

const scratch = test.macro((t, work: (t: ExecutionContext, scratch: Scratch) => void | Promise<void>) => {
  const root = mkdtempSync(join(tmpdir(), 'certmend-reader-'));
  t.teardown(() => {
    rmSync(root, { recursive: true, force: true });
  });
  const place = (path: string): string => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    return join(root, path);
  };
  return work(t, {
    root,
    reader: createFileReader(root),
    file: (path, content = 'content') => {
      writeFileSync(place(path), content);
    },
    link: (path, target) => {
      symlinkSync(target, place(path));
    },
  });
});

test('read gives bytes, hash, mode, owner and time', scratch, (t, { root, reader, file }) => {
  file('/tls/a.crt', 'abc');
  chmodSync(join(root, 'tls/a.crt'), 0o640);
  utimesSync(join(root, 'tls/a.crt'), 1_767_225_600, 1_767_225_600.5);
  t.like(reader.read('/tls/a.crt'), {
    state: 'regular',
    bytes: Buffer.from('abc'),
    sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    mode: 0o640,
    uid: process.getuid?.(),
    gid: process.getgid?.(),
    mtimeMs: 1_767_225_600_500,
  });
});

test('read takes the special bits of the mode along', scratch, (t, { root, reader, file }) => {
  file('/a');
  chmodSync(join(root, 'a'), 0o4755);
  t.like(reader.read('/a'), { mode: 0o4755 });
});

test('read gives an empty file as empty bytes', scratch, (t, { reader, file }) => {
  file('/a', '');
  t.like(reader.read('/a'), { state: 'regular', bytes: Buffer.alloc(0) });
});

test('read calls a file absent when it or a directory on the way is not there', scratch, (t, { reader, file }) => {
  file('/tls/a.crt');
  for (const path of ['/tls/b.crt', '/nowhere/a.crt', '/tls/a.crt/b', '/'])
    t.not(reader.read(path).state, 'regular', path);
  t.is(reader.read('/tls/b.crt').state, 'absent');
  t.is(reader.read('/nowhere/a.crt').state, 'absent');
  t.is(reader.read('/tls/a.crt/b').state, 'absent');
});

test('read says what is in place of a file', scratch, async (t, { root, reader, file, link }) => {
  mkdirSync(join(root, 'directory'));
  execFileSync('mkfifo', [join(root, 'fifo')]);
  link('/dangling', 'nowhere');
  link('/self', 'self');
  link('/ping', 'pong');
  link('/pong', 'ping');
  link('/to-directory', 'directory');
  link('/to-fifo', 'fifo');
  file('/huge', '');
  truncateSync(join(root, 'huge'), 50_000_000);
  const server = createServer();
  t.teardown(() => server.close());
  await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve));
  const problemOf = (path: string): unknown => {
    const state = reader.read(path);
    return state.state === 'unreadable' ? [state.problem, state.detail] : state.state;
  };
  t.deepEqual(problemOf('/directory'), ['directory', 'is a directory']);
  t.deepEqual(problemOf('/fifo'), ['special-file', 'is a FIFO']);
  t.deepEqual(problemOf('/socket'), ['special-file', 'is a socket']);
  t.deepEqual(problemOf('/dangling'), ['dangling-symlink', 'is a dangling symlink']);
  t.deepEqual(problemOf('/self'), ['symlink-loop', 'is a symlink that leads back to itself']);
  t.deepEqual(problemOf('/ping'), ['symlink-loop', 'is a symlink that leads back to itself']);
  t.deepEqual(problemOf('/to-directory'), ['directory', 'is a directory']);
  t.deepEqual(problemOf('/to-fifo'), ['special-file', 'is a FIFO']);
  t.deepEqual(problemOf('/huge'), ['too-large', `is 50000000 bytes, more than ${maxFileBytes}`]);
});

test('read does not open a device', (t) => {
  t.like(createFileReader('').read('/dev/null'), {
    state: 'unreadable',
    problem: 'special-file',
    detail: 'is a device',
  });
});

test('read takes a file of exactly the limit and no byte more', scratch, (t, { root, reader, file }) => {
  file('/a', 'x'.repeat(maxFileBytes));
  const state = reader.read('/a');
  t.is(state.state === 'regular' && state.bytes.length, maxFileBytes);
  appendFileSync(join(root, 'a'), 'x');
  t.like(reader.read('/a'), { problem: 'too-large' });
});

test('read reads a file that claims to have no size to its end, and no further than the limit', (t) => {
  const reader = createFileReader('/proc');
  t.like(reader.read('/sys/kernel/ostype'), { state: 'regular', bytes: Buffer.from('Linux\n') });
  t.true(['regular', 'unreadable'].includes(reader.read('/kallsyms').state));
  const large = reader.read('/kallsyms');
  if (large.state === 'regular') t.true(large.bytes.length <= maxFileBytes);
});

test('read says when it is not allowed to read', scratch, (t, { root, reader, file }) => {
  file('/a');
  chmodSync(join(root, 'a'), 0o000);
  if (process.getuid?.() === 0) t.is(reader.read('/a').state, 'regular', 'root may read everything');
  else t.deepEqual(reader.read('/a'), { state: 'unreadable', problem: 'denied', detail: 'cannot be read: EACCES' });
});

test('read says when a user without rights is not allowed to read', scratch, (t, { root, file }) => {
  if (process.getuid?.() !== 0) {
    t.pass('only root can become that user');
    return;
  }
  file('/closed/a');
  file('/open/a');
  chmodSync(root, 0o755);
  chmodSync(join(root, 'closed'), 0o700);
  chmodSync(join(root, 'open/a'), 0o600);
  const source = new URL('../../src/system/files/node-file-reader.ts', import.meta.url).href;
  // Loaded before the rights are given up: the checkout need not be open to others.
  const script = `const { createFileReader } = await import(${JSON.stringify(source)});
    process.setgroups([]); process.setgid(65534); process.setuid(65534);
    const reader = createFileReader(${JSON.stringify(root)});
    console.log(JSON.stringify([reader.read('/closed/a'), reader.read('/open/a'), reader.stat('/closed/a'), reader.list('/closed') ?? null]));`;
  const printed = execFileSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  const denied = { state: 'unreadable', problem: 'denied', detail: 'cannot be read: EACCES' };
  t.deepEqual(JSON.parse(printed), [denied, denied, { state: 'unreadable', detail: 'cannot be read: EACCES' }, null]);
});

test('read follows links below the root as a chrooted process would', scratch, (t, { root, reader, file, link }) => {
  file('/etc/pki/a.crt', 'inside');
  link('/tls/absolute.crt', '/etc/pki/a.crt');
  link('/tls/relative.crt', '../etc/pki/a.crt');
  link('/tls/above.crt', '../../../../../../etc/pki/a.crt');
  link('/tls/chain.crt', 'relative.crt');
  link('/linked', 'tls');
  link('/var/lib/rancher', '/tls');
  for (const path of [
    '/tls/absolute.crt',
    '/tls/relative.crt',
    '/tls/above.crt',
    '/tls/chain.crt',
    '/linked/chain.crt',
    '/var/lib/rancher/absolute.crt',
    '/linked/../etc/pki/a.crt',
    '//tls/./absolute.crt',
  ])
    t.like(reader.read(path), { state: 'regular', bytes: Buffer.from('inside') }, path);
  // The real oracle, for a link that a plain open would take out of the root.
  t.throws(() => execFileSync('cat', [join(root, 'tls/absolute.crt')], { stdio: 'pipe' }));
});

test(
  'read takes .. after a link from where the link leads, as the kernel does',
  scratch,
  (t, { root, reader, file, link }) => {
    file('/a/b/c/file', 'near');
    file('/a/file', 'below b');
    link('/link', '/a/b');
    t.like(reader.read('/link/../file'), { bytes: Buffer.from('below b') });
    symlinkSync('a/b', join(root, 'relative'));
    t.is(execFileSync('cat', [`${root}/relative/../file`], { encoding: 'utf8' }), 'below b');
  },
);

test('read follows forty links and not one more', scratch, (t, { root, reader, file, link }) => {
  file('/0');
  for (let number = 1; number <= 41; number += 1) link(`/${number}`, `${number - 1}`);
  t.is(reader.read('/40').state, 'regular');
  t.is(execFileSync('cat', [join(root, '40')], { encoding: 'utf8' }), 'content');
  t.like(reader.read('/41'), { problem: 'symlink-loop' });
  t.throws(() => execFileSync('cat', [join(root, '41')], { stdio: 'pipe' }));
});

test('read counts the links of the directories too, whatever it remembers', scratch, (t, { reader, file, link }) => {
  file('/real/file');
  link('/d1', 'real');
  for (let number = 2; number <= 30; number += 1) link(`/d${number}`, `d${number - 1}`);
  link('/f1', '/d30/file');
  for (let number = 2; number <= 20; number += 1) link(`/f${number}`, `f${number - 1}`);
  t.is(reader.read('/d30/file').state, 'regular');
  t.is(reader.read('/f10').state, 'regular');
  t.like(reader.read('/f11'), { problem: 'symlink-loop' });
});

test('read refuses what a link takes out of the given directory', scratch, (t, { reader, file, link }) => {
  file('/root/secret');
  file('/data-other/a');
  file('/data/tls/a');
  link('/data/tls/out', '/root/secret');
  link('/data/tls/sibling', '../../data-other/a');
  link('/data/tls/in', '../tls/a');
  link('/data/away', '/root');
  for (const path of ['/data/tls/out', '/data/tls/sibling', '/data/away/secret']) {
    t.like(reader.read(path, '/data'), { state: 'unreadable', problem: 'symlink-escapes' }, path);
    t.is(reader.read(path).state, 'regular', path);
  }
  t.is(reader.read('/data/tls/in', '/data').state, 'regular');
});

test('read lets the given directory itself be a link', scratch, (t, { reader, file, link }) => {
  file('/mnt/disk/rke2/tls/a');
  link('/var/lib/rancher/rke2', '/mnt/disk/rke2');
  link('/mnt/disk/rke2/tls/b', '/var/lib/rancher/rke2/tls/a');
  t.is(reader.read('/var/lib/rancher/rke2/tls/a', '/var/lib/rancher/rke2').state, 'regular');
  t.is(reader.read('/var/lib/rancher/rke2/tls/b', '/var/lib/rancher/rke2').state, 'regular');
});

test('read sees what changed in a file since it was read', scratch, (t, { reader, file, root }) => {
  file('/tls/a', 'old');
  t.like(reader.read('/tls/a'), { bytes: Buffer.from('old') });
  file('/tls/a', 'newer');
  t.like(reader.read('/tls/a'), { bytes: Buffer.from('newer') });
  rmSync(join(root, 'tls/a'));
  t.is(reader.read('/tls/a').state, 'absent');
});

test('read never throws, whatever the path', scratch, (t, { reader }) => {
  const paths = [
    '',
    'relative',
    '.',
    '/nul\0byte',
    `/${'x'.repeat(300)}`,
    '/a'.repeat(3000),
    `/${'../'.repeat(1000)}`,
    '/\ud800',
  ];
  for (const path of paths) {
    t.notThrows(() => [
      reader.read(path),
      reader.read(path, '/'),
      reader.stat(path),
      reader.list(path),
      reader.readLink(path),
    ]);
    t.not(reader.read(path).state, 'regular');
  }
});

test(
  'stat does not follow a link in the last component, only before it',
  scratch,
  (t, { root, reader, file, link }) => {
    file('/tls/a', 'abc');
    link('/tls/link', 'a');
    link('/linked', 'tls');
    execFileSync('mkfifo', [join(root, 'fifo')]);
    t.like(reader.stat('/tls/a'), { state: 'present', type: 'file', size: 3 });
    t.like(reader.stat('/linked/a'), { state: 'present', type: 'file' });
    t.like(reader.stat('/tls/link'), { state: 'present', type: 'symlink' });
    t.like(reader.stat('/tls'), { state: 'present', type: 'directory' });
    t.like(reader.stat('/fifo'), { state: 'present', type: 'other' });
    t.deepEqual(reader.stat('/tls/none'), { state: 'absent' });
    t.is(reader.readLink('/tls/link'), 'a');
    t.is(reader.readLink('/tls/a'), undefined);
    t.is(reader.readLink('/tls/none'), undefined);
  },
);

test(
  'list gives sorted names, also through a link, and undefined for what is no directory',
  scratch,
  (t, { root, reader, file, link }) => {
    for (const name of ['c', 'a', 'B', '.hidden']) file(`/tls/${name}`);
    link('/linked', '/tls');
    linkSync(join(root, 'tls/a'), join(root, 'tls/d'));
    t.deepEqual(reader.list('/tls'), ['.hidden', 'B', 'a', 'c', 'd']);
    t.deepEqual(reader.list('/linked'), ['.hidden', 'B', 'a', 'c', 'd']);
    t.is(reader.list('/tls/a'), undefined);
    t.is(reader.list('/nowhere'), undefined);
  },
);

test('createFileReader takes / and nothing for the running node', (t) => {
  for (const root of ['', '/']) t.is(createFileReader(root).stat('/proc').state, 'present');
});
