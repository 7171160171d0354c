import { readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { isTorn } from '../../src/commit/in-place.ts';
import type { FileWriter } from '../../src/disk/file-writer.ts';
import { cutAtRename } from '../crash/interrupted-writer.ts';
import { RealTree } from '../crash/real-tree.ts';
import { commit, newTree, oldTree, prepare, recoverNode, rotate, writtenOver } from '../crash/small-node.ts';

const before = oldTree.get(writtenOver)?.bytes ?? Buffer.alloc(0);
const after = newTree.get(writtenOver)?.bytes ?? Buffer.alloc(0);

function treeFor(t: ExecutionContext): RealTree {
  const tree = new RealTree();
  t.teardown(() => {
    tree.remove();
  });
  return tree;
}

/** What was done to the file, call by call, with the size it had then. */
function watching(tree: RealTree, calls: string[]): FileWriter {
  const descriptors = new Set<number>();
  const note = (descriptor: number, call: string): void => {
    if (descriptors.has(descriptor)) calls.push(call);
  };
  return {
    ...tree.writer,
    openExisting: (path) => {
      const descriptor = tree.writer.openExisting(path);
      descriptors.add(descriptor);
      calls.push(`open ${path}`);
      return descriptor;
    },
    write: (descriptor, bytes) => {
      note(descriptor, `write ${String(bytes.length)}`);
      tree.writer.write(descriptor, bytes);
    },
    truncate: (descriptor, length) => {
      note(descriptor, `truncate ${String(length)}`);
      tree.writer.truncate(descriptor, length);
    },
    sync: (descriptor) => {
      note(descriptor, 'sync');
    },
    close: (descriptor) => {
      tree.writer.close(descriptor);
      descriptors.delete(descriptor);
    },
  };
}

test('commit writes over a file in one write, cuts off what is left of the old one after it, and keeps the inode', (t) => {
  const tree = treeFor(t);
  const { ino } = statSync(join(tree.root, writtenOver));
  const calls: string[] = [];
  rotate(tree.machine(watching(tree, calls)));
  const size = String(after.length);
  t.deepEqual(calls, [`open ${writtenOver}`, `write ${size}`, `truncate ${size}`, 'sync']);
  t.is(tree.verdict(), 'new');
  t.is(statSync(join(tree.root, writtenOver)).ino, ino);
  t.deepEqual(tree.strays(), []);
});

for (const [name, live, verdict, kind] of [
  ['torn', Buffer.concat([after.subarray(0, 200), before.subarray(200)]), 'new', 'completed'],
  ['torn the other way', Buffer.concat([before.subarray(0, 100), after.subarray(100)]), 'new', 'completed'],
] as const) {
  test(`recover writes a file again that was ${name} while it was written over`, (t) => {
    const tree = treeFor(t);
    const changes = prepare(tree.machine());
    t.throws(() => commit(tree.machine(cutAtRename(tree.writer, 3).writer), changes));
    writeFileSync(join(tree.root, writtenOver), live);
    t.is(recoverNode(tree.machine()).kind, kind);
    t.is(tree.verdict(), verdict);
    t.deepEqual(tree.strays(), []);
  });
}

test('recover leaves a file to who wrote it since the crash', (t) => {
  const tree = treeFor(t);
  const changes = prepare(tree.machine());
  t.throws(() => commit(tree.machine(cutAtRename(tree.writer, 3).writer), changes));
  const foreign = Buffer.from(before);
  foreign[300] = (foreign[300] ?? 0) ^ 1;
  writeFileSync(join(tree.root, writtenOver), foreign);
  const outcome = recoverNode(tree.machine());
  t.is(outcome.kind, 'completed');
  if (outcome.kind === 'completed') t.true(outcome.left.includes(writtenOver));
  t.deepEqual(readFileSync(join(tree.root, writtenOver)), foreign);
});

test('commit writes over no file that a symlink leads to, and puts all others back', (t) => {
  const tree = treeFor(t);
  const path = join(tree.root, writtenOver);
  renameSync(path, `${path}.real`);
  symlinkSync('client.crt.real', path);
  const error = t.throws(
    () => {
      rotate(tree.machine());
    },
    { name: 'CertmendError' },
  );
  t.regex(error?.message ?? '', /every file was restored/);
  t.is(tree.verdict(), 'old');
  t.deepEqual(readFileSync(`${path}.real`), before);
});

test('a file is torn when each of its bytes is the old one or the new one, and else somebody else wrote it', (t) => {
  const file = (text: string) => {
    const bytes = Buffer.from(text);
    return { state: 'regular', bytes, sha256: '', mode: 0o644, uid: 0, gid: 0, mtimeMs: 0 } as const;
  };
  const asked = (live: string, old: string, wanted: string) => isTorn(file(live), file(old), Buffer.from(wanted));
  t.true(asked('aaXX', 'aaaa', 'XXXX'));
  t.true(asked('XXa', 'aaa', 'XXXX'), 'longer than it was');
  t.true(asked('XXaa', 'aaaa', 'XX'), 'not cut off yet');
  t.false(asked('aYXX', 'aaaa', 'XXXX'));
  t.false(asked('', 'aaaa', 'XXXX'), 'emptied by another');
  t.false(asked('aaaaa', 'aaaa', 'XXXX'));
});
