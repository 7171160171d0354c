import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import test from 'ava';
import type { FileWriter } from '../../src/disk/file-writer.ts';
import { CertmendError } from '../../src/error.ts';
import { loadState } from '../../src/state/load-state.ts';
import { refuseNewer, saveState, setAsideState } from '../../src/state/save-state.ts';
import { emptyState } from '../../src/state/transitions.ts';
import { fullState, node as stateNode, noon } from './full-state.ts';
import { stateDirectory } from './state-directory.ts';

test('saveState writes what loadState reads, 0600 in 0700, and leaves nothing beside it', (t) => {
  const node = stateDirectory(t, { bare: true });
  saveState(node.writer, fullState);
  t.deepEqual(loadState(node.reader), { kind: 'loaded', state: fullState });
  t.is(statSync(node.file).mode & 0o7777, 0o600);
  t.is(statSync(node.directory).mode & 0o7777, 0o700);
  saveState(node.writer, emptyState(stateNode, noon));
  t.deepEqual(node.names(), ['dynamic-cert.json']);
});

test('saveState replaces a file of any mode by a private one', (t) => {
  const node = stateDirectory(t);
  node.put('old');
  chmodSync(node.file, 0o644);
  saveState(node.writer, fullState);
  t.is(statSync(node.file).mode & 0o7777, 0o600);
});

test('saveState gets past what a killed writer left behind', (t) => {
  const node = stateDirectory(t);
  writeFileSync(`${node.directory}/.dynamic-cert.json.certmend-new`, '{"sch');
  saveState(node.writer, fullState);
  t.is(loadState(node.reader).kind, 'loaded');
  t.deepEqual(node.names(), ['dynamic-cert.json']);
});

test('saveState leaves the old file whole at whichever call the disk fails, and says why', (t) => {
  const codes = {
    ENOSPC: 'StorageFull',
    EROFS: 'StorageReadOnly',
    EACCES: 'StorageDenied',
    EIO: 'StorageFailed',
  } as const;
  const before = emptyState(stateNode, noon);
  for (const [errno, code] of Object.entries(codes)) {
    for (let failAt = 1; ; failAt += 1) {
      const node = stateDirectory(t);
      saveState(node.writer, before);
      const { writer, calls } = failing(node.writer, failAt, errno);
      const error = thrown(() => {
        saveState(writer, fullState);
      });
      if (error === undefined) break;
      t.true(error instanceof CertmendError, `${errno} at call ${String(failAt)}`);
      t.is((error as CertmendError).code, code);
      t.is((error as CertmendError).exit, 73);
      const loaded = loadState(node.reader);
      // Only the last call, the directory's fsync, comes after the new file is in place.
      const last = calls().at(-1) === 'syncDirectory';
      t.deepEqual(loaded, { kind: 'loaded', state: last ? fullState : before });
      t.deepEqual(node.names(), ['dynamic-cert.json']);
    }
  }
});

test('saveState refuses what it could not read back', (t) => {
  const node = stateDirectory(t);
  saveState(node.writer, fullState);
  const huge = Object.fromEntries(
    Array.from({ length: 4000 }, (_, index) => [
      `entry-${String(index)}`,
      fullState.certificates['serving-kube-apiserver'],
    ]),
  );
  const error = thrown(() => {
    saveState(node.writer, { ...fullState, certificates: huge as typeof fullState.certificates });
  });
  t.is((error as CertmendError).code, 'StorageFailed');
  t.deepEqual(loadState(node.reader), { kind: 'loaded', state: fullState });
});

test('refuseNewer stops with exit status 77 before a newer file is written over', (t) => {
  const node = stateDirectory(t);
  node.put(JSON.stringify({ ...fullState, schema: 7 }));
  const error = thrown(() => {
    refuseNewer(loadState(node.reader));
  });
  t.is((error as CertmendError).code, 'StateNewer');
  t.is((error as CertmendError).exit, 77);
  t.notThrows(() => {
    refuseNewer({ kind: 'absent' });
  });
});

test('setAsideState keeps the damaged bytes under the first free name', (t) => {
  const node = stateDirectory(t);
  node.put('first');
  t.is(setAsideState(node.reader, node.writer), '/var/lib/certmend/dynamic-cert.json.damaged-1');
  node.put('second');
  t.is(setAsideState(node.reader, node.writer), '/var/lib/certmend/dynamic-cert.json.damaged-2');
  t.deepEqual(node.names(), ['dynamic-cert.json.damaged-1', 'dynamic-cert.json.damaged-2']);
});

test('setAsideState never keeps more than five files', (t) => {
  const node = stateDirectory(t);
  for (let round = 0; round < 8; round += 1) {
    node.put(`round ${String(round)}`);
    setAsideState(node.reader, node.writer);
  }
  t.is(node.names().length, 5);
});

test('setAsideState moves a directory that stands in the place of the file', (t) => {
  const node = stateDirectory(t);
  mkdirSync(node.file);
  setAsideState(node.reader, node.writer);
  t.is(loadState(node.reader).kind, 'absent');
});

/** A writer whose `failAt`-th call that changes something fails with `errno`, once. */
function failing(writer: FileWriter, failAt: number, errno: string) {
  const calls: string[] = [];
  const wrapped = Object.fromEntries(
    Object.entries(writer).map(([name, method]) => [
      name,
      (...parameters: never[]): unknown => {
        calls.push(name);
        if (calls.length === failAt) {
          // A close that fails has closed all the same.
          if (name === 'close') (method as (...all: never[]) => unknown)(...parameters);
          throw Object.assign(new Error(errno), { code: errno, syscall: name });
        }
        return (method as (...all: never[]) => unknown)(...parameters);
      },
    ]),
  ) as unknown as FileWriter;
  return { writer: wrapped, calls: () => calls.slice(0, failAt) };
}

function thrown(run: () => void): unknown {
  try {
    run();
    return undefined;
  } catch (error) {
    return error;
  }
}
