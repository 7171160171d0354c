import test from 'ava';
import { requireRoot } from '../../src/system/files/require-root.ts';
import { createFileReader } from '../../src/system/files/node-file-reader.ts';

const named = "/mnt/node's disk";

for (const [detail, code, remedy] of [
  ['cannot be read: EACCES', 'StorageDenied', `namei -l '/mnt/node'\\''s disk'`],
  ['cannot be read: EIO', 'StorageFailed', `the mount that hold ${named}`],
] as const) {
  test(`requireRoot says of a directory that ${detail} that it is to be tried again, and names it in the remedy`, (t) => {
    const reader = createFileReader('/');
    const error = t.throws(
      () => {
        requireRoot(named, { ...reader, list: () => undefined, stat: () => ({ state: 'unreadable', detail }) });
      },
      { code },
    );
    t.like(error, { exit: 73 });
    t.true((error as { hint?: string }).hint?.includes(remedy), (error as { hint?: string }).hint);
  });
}
