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
import { createFileWriter } from '../../src/system/node-file-writer.ts';

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
