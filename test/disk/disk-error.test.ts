import test from 'ava';
import { diskError, errnoOf, onDisk } from '../../src/disk/disk-error.ts';
import { CertmendError, exitStatus } from '../../src/error.ts';

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code, syscall: 'write', errno: -1 });
}

for (const [errno, code] of [
  ['ENOSPC', 'StorageFull'],
  ['EDQUOT', 'StorageFull'],
  ['EROFS', 'StorageReadOnly'],
  ['EACCES', 'StorageDenied'],
  ['EPERM', 'StorageDenied'],
  ['EIO', 'StorageFailed'],
  ['ENOTDIR', 'StorageFailed'],
  ['EBUSY', 'StorageFailed'],
] as const) {
  test(`disk error ${errno} is ${code}, exit 73, and names the file and what was done to it`, (t) => {
    const cause = systemError(errno);
    const error = diskError(cause, 'replace', '/var/lib/a.key');
    t.true(error instanceof CertmendError);
    if (error instanceof CertmendError) {
      t.is(error.code, code);
      t.is(error.exit, exitStatus.cannotWrite);
      t.is(error.cause, cause);
      t.true(error.message.startsWith('cannot replace /var/lib/a.key: '));
      t.true(error.message.includes(errno));
      t.true((error.hint ?? '').includes('/var/lib/a.key'));
    }
  });
}

test('disk error leaves every other error as it is', (t) => {
  const told = new CertmendError('LockHeld', 'said already');
  const bug = new TypeError('a bug');
  t.is(diskError(told, 'write', '/a'), told);
  t.is(diskError(bug, 'write', '/a'), bug);
  t.is(diskError('text', 'write', '/a'), 'text');
  t.is(errnoOf(bug), undefined);
});

test('disk error is not told twice when operations are nested', (t) => {
  const error = t.throws(
    () =>
      onDisk('outer', '/outer', () =>
        onDisk('write', '/inner', () => {
          throw systemError('EIO');
        }),
      ),
    { instanceOf: CertmendError },
  );
  t.true(error?.message.startsWith('cannot write /inner'));
});
