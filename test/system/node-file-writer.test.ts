import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { FileWriter } from '../../src/disk/file-writer.ts';
import { createFileReader } from '../../src/system/files/node-file-reader.ts';
import { createFileWriter } from '../../src/system/files/node-file-writer.ts';
import { createStorage } from '../../src/system/files/storage.ts';

interface Place {
  readonly root: string;
  readonly outside: string;
  readonly writer: FileWriter;
}

function place(t: ExecutionContext): Place {
  const top = realpathSync(mkdtempSync(join(tmpdir(), 'certmend-writer-')));
  t.teardown(() => {
    rmSync(top, { recursive: true, force: true });
  });
  const root = join(top, 'root');
  const outside = join(top, 'outside');
  mkdirSync(root);
  mkdirSync(outside);
  return { root, outside, writer: createFileWriter(root) };
}

function put(writer: FileWriter, path: string, text: string): void {
  const descriptor = writer.create(path, 0o600);
  writer.write(descriptor, Buffer.from(text));
  writer.close(descriptor);
}

test('file writer creates, writes, links, renames and removes below its root', (t) => {
  const { root, writer } = place(t);
  writer.makeDirectory('/a', 0o700);
  const descriptor = writer.create('/a/file', 0o600);
  writer.write(descriptor, Buffer.from('one '));
  writer.write(descriptor, Buffer.from('two'));
  const { uid, gid } = statSync(root);
  writer.setOwner(descriptor, uid, gid);
  writer.setMode(descriptor, 0o644);
  writer.sync(descriptor);
  writer.close(descriptor);
  writer.link('/a/file', '/a/second');
  writer.rename('/a/file', '/a/first');
  writer.syncDirectory('/a');
  t.deepEqual(readdirSync(join(root, 'a')), ['first', 'second']);
  t.is(readFileSync(join(root, 'a/first'), 'utf8'), 'one two');
  t.is(statSync(join(root, 'a/first')).mode & 0o7777, 0o644);
  t.is(statSync(join(root, 'a/first')).nlink, 2);
  writer.unlink('/a/first');
  writer.unlink('/a/second');
  writer.removeDirectory('/a');
  t.deepEqual(readdirSync(root), []);
});

test('file writer never opens what is there already', (t) => {
  const { root, writer } = place(t);
  writeFileSync(join(root, 'file'), 'x');
  symlinkSync('nowhere', join(root, 'link'));
  t.throws(() => writer.create('/file', 0o600), { code: 'EEXIST' });
  t.throws(() => writer.create('/link', 0o600), { code: 'EEXIST' });
});

for (const path of ['relative', '/a/../../b', '/a//b', '/a/', '', '/a/./b']) {
  test(`file writer takes no path like '${path}'`, (t) => {
    const { writer } = place(t);
    t.throws(() => writer.create(path, 0o600), { instanceOf: TypeError });
    t.throws(
      () => {
        writer.rename('/x', path);
      },
      { instanceOf: TypeError },
    );
  });
}

test('file writer under a root follows no symlink out of it', (t) => {
  const { root, outside, writer } = place(t);
  writeFileSync(join(outside, 'file'), 'keep me');
  symlinkSync(outside, join(root, 'absolute'));
  symlinkSync('../outside', join(root, 'relative'));
  for (const link of ['/absolute', '/relative']) {
    t.throws(() => writer.create(`${link}/new`, 0o600), { code: 'ELOOP' });
    t.throws(
      () => {
        writer.unlink(`${link}/file`);
      },
      { code: 'ELOOP' },
    );
    t.throws(
      () => {
        writer.makeDirectory(`${link}/directory`, 0o700);
      },
      { code: 'ELOOP' },
    );
  }
  t.deepEqual(readdirSync(outside), ['file']);
});

test('file writer under a root follows a symlink that stays inside', (t) => {
  const { root, writer } = place(t);
  mkdirSync(join(root, 'data'));
  symlinkSync('data', join(root, 'link'));
  put(writer, '/link/file', 'x');
  t.is(readFileSync(join(root, 'data/file'), 'utf8'), 'x');
});

const linked: Readonly<Record<string, (root: string) => void>> = {
  'an absolute link': (root) => {
    mkdirSync(join(root, 'mnt/rancher'), { recursive: true });
    mkdirSync(join(root, 'var/lib'), { recursive: true });
    symlinkSync('/mnt/rancher', join(root, 'var/lib/rancher'));
  },
  'a relative link': (root) => {
    mkdirSync(join(root, 'mnt/rancher'), { recursive: true });
    mkdirSync(join(root, 'var/lib'), { recursive: true });
    symlinkSync('../../mnt/rancher', join(root, 'var/lib/rancher'));
  },
  'a chain of links, through a directory above that is one': (root) => {
    mkdirSync(join(root, 'mnt/rancher'), { recursive: true });
    mkdirSync(join(root, 'data/lib'), { recursive: true });
    symlinkSync('/data', join(root, 'var'));
    symlinkSync('/disk', join(root, 'data/lib/rancher'));
    symlinkSync('mnt/rancher', join(root, 'disk'));
  },
  'a link that climbs above the root': (root) => {
    mkdirSync(join(root, 'mnt/rancher'), { recursive: true });
    mkdirSync(join(root, 'var/lib'), { recursive: true });
    symlinkSync('../../../../../../../../../../../../mnt/rancher', join(root, 'var/lib/rancher'));
  },
};

for (const [name, arrange] of Object.entries(linked)) {
  test(`file writer writes where the file reader reads: ${name}`, (t) => {
    const { root, writer } = place(t);
    arrange(root);
    writer.makeDirectory('/var/lib/rancher/tls', 0o700);
    put(writer, '/var/lib/rancher/tls/.new', 'x');
    writer.rename('/var/lib/rancher/tls/.new', '/var/lib/rancher/tls/file');
    writer.link('/var/lib/rancher/tls/file', '/var/lib/rancher/tls/second');
    writer.syncDirectory('/var/lib/rancher');
    writer.syncDirectory('/var/lib/rancher/tls');
    t.is(readFileSync(join(root, 'mnt/rancher/tls/file'), 'utf8'), 'x');
    const read = createFileReader(root).read('/var/lib/rancher/tls/second');
    t.is(read.state === 'regular' ? read.bytes.toString() : read.state, 'x');
    t.true(createStorage(root).free('/var/lib/rancher/not/there/yet').bytes > 0);
    writer.unlink('/var/lib/rancher/tls/second');
    writer.unlink('/var/lib/rancher/tls/file');
    writer.removeDirectory('/var/lib/rancher/tls');
    t.deepEqual(readdirSync(join(root, 'mnt/rancher')), []);
  });
}

test('file writer creates nothing behind a link that leads nowhere or in a circle', (t) => {
  const { root, writer } = place(t);
  symlinkSync('/nowhere', join(root, 'gone'));
  symlinkSync('round', join(root, 'round'));
  t.throws(() => writer.create('/gone/file', 0o600), { code: 'ELOOP' });
  t.throws(() => writer.create('/round/file', 0o600), { code: 'ELOOP' });
});

test('file writer reports the error of the system call', (t) => {
  const { writer } = place(t);
  t.throws(
    () => {
      writer.makeDirectory('/a/b', 0o700);
    },
    { code: 'ENOENT' },
  );
  t.throws(
    () => {
      writer.syncDirectory('/missing');
    },
    { code: 'ENOENT' },
  );
});
