import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { makeDirectories, writeDurably, writeNewFile } from '../../src/disk/durable-write.ts';
import type { FileWriter } from '../../src/disk/file-writer.ts';
import { CertmendError } from '../../src/error.ts';
import { createFileWriter } from '../../src/system/files/node-file-writer.ts';
import { failAt } from '../crash/interrupted-writer.ts';
import { MemoryDisk } from '../crash/memory-disk.ts';

function place(t: ExecutionContext): { readonly root: string; readonly writer: FileWriter } {
  const root = mkdtempSync(join(tmpdir(), 'certmend-disk-'));
  t.teardown(() => {
    rmSync(root, { recursive: true, force: true });
  });
  return { root, writer: createFileWriter(root) };
}

const bytes = Buffer.from('new contents\n');
const options = { mode: 0o640, temporaryName: '.file.new' };

test('durable write replaces a file and leaves nothing beside it', (t) => {
  const { root, writer } = place(t);
  writeFileSync(join(root, 'file'), 'old');
  writeDurably(writer, '/file', bytes, options);
  t.deepEqual(readFileSync(join(root, 'file')), bytes);
  t.is(statSync(join(root, 'file')).mode & 0o7777, 0o640);
  t.deepEqual(readdirSync(root), ['file']);
});

test('durable write has the mode it is asked for, whatever the umask', (t) => {
  const { root, writer } = place(t);
  writeNewFile(writer, '/open', bytes, { mode: 0o666 });
  t.is(statSync(join(root, 'open')).mode & 0o7777, 0o666);
});

test('durable write sets the owner only when it is given', (t) => {
  const disk = new MemoryDisk();
  const owners: string[] = [];
  const writer: FileWriter = {
    ...disk.writer,
    setOwner: (_, uid, gid) => {
      owners.push(`${uid}:${gid}`);
    },
  };
  writeNewFile(writer, '/a', bytes, { mode: 0o600 });
  writeNewFile(writer, '/b', bytes, { mode: 0o600, uid: 7, gid: 8 });
  t.deepEqual(owners, ['7:8']);
});

test('durable write makes a key at no moment readable by others', (t) => {
  const disk = new MemoryDisk();
  const modes: number[] = [];
  const writer: FileWriter = {
    ...disk.writer,
    create: (path, mode) => {
      modes.push(mode);
      return disk.writer.create(path, mode);
    },
  };
  writeNewFile(writer, '/a', bytes, { mode: 0o644 });
  t.deepEqual(modes, [0o600]);
});

test('durable write makes its calls in the order that a power cut asks for', (t) => {
  const calls: string[] = [];
  const disk = new MemoryDisk();
  const writer = Object.fromEntries(
    Object.entries(disk.writer).map(([name, call]: [string, (...values: never[]) => unknown]) => [
      name,
      (...values: never[]) => {
        calls.push(name);
        return call(...values);
      },
    ]),
  ) as unknown as FileWriter;
  writeDurably(writer, '/file', bytes, { ...options, uid: 0, gid: 0 });
  t.deepEqual(calls, ['create', 'write', 'setOwner', 'setMode', 'sync', 'close', 'rename', 'syncDirectory']);
});

for (const [name, k] of [
  ['create', 1],
  ['write', 2],
  ['fchmod', 3],
  ['fsync', 4],
  ['close', 5],
  ['rename', 6],
] as const) {
  test(`durable write that fails at ${name} leaves the old file alone and nothing beside it`, (t) => {
    const { root, writer } = place(t);
    writeFileSync(join(root, 'file'), 'old');
    const failing = failAt(writer, k, 'ENOSPC');
    const error = t.throws(
      () => {
        writeDurably(failing.writer, '/file', bytes, options);
      },
      { instanceOf: CertmendError },
    );
    t.is(error?.code, 'StorageFull');
    t.deepEqual(readdirSync(root), ['file']);
    t.is(readFileSync(join(root, 'file'), 'utf8'), 'old');
  });
}

test('durable write does not take a name that is taken', (t) => {
  const { root, writer } = place(t);
  writeFileSync(join(root, '.file.new'), 'of someone else');
  const error = t.throws(
    () => {
      writeDurably(writer, '/file', bytes, options);
    },
    { instanceOf: CertmendError },
  );
  t.is(error?.code, 'StorageFailed');
  t.is(readFileSync(join(root, '.file.new'), 'utf8'), 'of someone else');
});

test('make directories makes what is missing, outermost first, and says what it made', (t) => {
  const { root, writer } = place(t);
  const exists = (path: string): boolean => statSync(join(root, path), { throwIfNoEntry: false }) !== undefined;
  t.deepEqual(makeDirectories(writer, '/a/b/c', 0o700, exists), ['/a', '/a/b', '/a/b/c']);
  t.deepEqual(makeDirectories(writer, '/a/b/c', 0o700, exists), []);
  t.is(statSync(join(root, 'a/b/c')).mode & 0o777, 0o700);
});
