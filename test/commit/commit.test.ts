import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Change, Expectation } from '../../src/commit/change.ts';
import { commitChanges, type CommitInput } from '../../src/commit/commit.ts';
import { CertmendError } from '../../src/error.ts';
import type { ReasonCode } from '../../src/reason.ts';
import { RealTree } from '../crash/real-tree.ts';
import { counted } from '../crash/interrupted-writer.ts';
import { commit, dataDir, layout, oldTree, node, prepare, transaction, writtenOver } from '../crash/small-node.ts';

const certificate = `${dataDir}/server/tls/client-admin.crt`;
const key = `${dataDir}/server/tls/client-admin.key`;

function treeFor(t: ExecutionContext): RealTree {
  const tree = new RealTree();
  t.teardown(() => {
    tree.remove();
  });
  return tree;
}

/** The error that the commit must end in; the tree must be what it was before. */
function refuses(t: ExecutionContext, tree: RealTree, run: () => unknown, code: ReasonCode): CertmendError | undefined {
  // Of the program that ships, or of the source: by its name.
  const error = t.throws(run, { name: 'CertmendError' }) as CertmendError | undefined;
  t.is(error?.code, code);
  t.deepEqual(tree.strays(), []);
  return error;
}

function input(tree: RealTree, changes: readonly Change[], twist: Partial<CommitInput> = {}): CommitInput {
  return {
    ...tree.machine(),
    transaction,
    node,
    changes,
    protectedPaths: layout.protectedPaths,
    within: dataDir,
    storage: { free: () => ({ bytes: 1e9, inodes: 1e6 }) },
    relabel: () => undefined,
    saveState: () => undefined,
    ...twist,
  };
}

function expecting(changes: readonly Change[], path: string, expects: Expectation): readonly Change[] {
  return changes.map((change) => (change.path === path ? { ...change, expects } : change));
}

test('commit puts the whole set in place and says what it changed', (t) => {
  const tree = treeFor(t);
  const changes = prepare(tree.machine());
  const { changed, warnings } = commit(tree.machine(), changes);
  t.is(tree.verdict(), 'new');
  t.deepEqual(
    changed,
    changes.map(({ path }) => path),
  );
  t.deepEqual(warnings, []);
  t.deepEqual(tree.strays(), []);
});

test('commit of what is there already writes nothing but the state', (t) => {
  const tree = treeFor(t);
  const changes = prepare(tree.machine());
  commit(tree.machine(), changes);
  const again = counted(tree.writer);
  let saved = 0;
  const outcome = commitChanges(input(tree, changes, { writer: again.writer, saveState: () => (saved += 1) }));
  t.deepEqual(outcome, { changed: [], warnings: [] });
  t.is(again.calls(), 0);
  t.is(saved, 1);
});

test('commit leaves the files alone that are right already, inode and all', (t) => {
  const tree = treeFor(t);
  const changes = prepare(tree.machine());
  const right = changes.find(({ path }) => path === key);
  writeFileSync(join(tree.root, key), readFileSync(join(tree.root, right?.op === 'put' ? (right.source ?? '') : '')));
  const before = statSync(join(tree.root, key));
  const { changed } = commit(tree.machine(), changes);
  t.false(changed.includes(key));
  t.is(tree.verdict(), 'new');
  t.is(statSync(join(tree.root, key)).ino, before.ino);
});

test('commit mends a mode that is wrong while the bytes are right', (t) => {
  const tree = treeFor(t);
  const changes = prepare(tree.machine());
  commit(tree.machine(), changes);
  chmodSync(join(tree.root, key), 0o644);
  const put = changes.filter((change) => change.op === 'put' && change.path === key);
  const expects = put.map((change): Expectation => ({
    state: 'file',
    sha256: change.op === 'put' ? change.sha256 : '',
  }));
  const { changed } = commit(tree.machine(), expecting(put, key, expects[0] ?? { state: 'absent' }));
  t.deepEqual(changed, [key]);
  t.is(tree.verdict(), 'new');
});

test('commit never touches a protected path, not even its times', (t) => {
  const tree = treeFor(t);
  const look = (): unknown =>
    layout.protectedPaths.map((path) => {
      const { ino, mode, mtimeMs, ctimeMs, size } = statSync(join(tree.root, path));
      return { path, ino, mode, mtimeMs, ctimeMs, size };
    });
  const before = look();
  commit(tree.machine(), prepare(tree.machine()));
  t.deepEqual(look(), before);
});

for (const [name, path, protectedPaths] of [
  ['a protected path', `${dataDir}/server/tls/server-ca.key`, layout.protectedPaths],
  ['a path below a protected directory', `${dataDir}/server/db/etcd/name`, [`${dataDir}/server/db/`]],
  ['a protected directory by its own name', `${dataDir}/server/db`, [`${dataDir}/server/db/`]],
  ['a path that is not normalised', `${dataDir}/server/tls/../tls/server-ca.key`, []],
  ['a relative path', 'server/tls/client-admin.key', []],
] as const) {
  test(`commit refuses ${name} before it touches anything`, (t) => {
    const tree = treeFor(t);
    const changes = prepare(tree.machine());
    const [first] = changes;
    const writer = counted(tree.writer);
    const wrong = [...changes, { op: 'remove', path, id: first?.id ?? '', expects: { state: 'absent' } } as const];
    const error = refuses(
      t,
      tree,
      () => commitChanges(input(tree, wrong, { protectedPaths, writer: writer.writer })),
      'ProtectedPath',
    );
    t.is(error?.exit, 77);
    t.is(writer.calls(), 0);
    t.is(tree.verdict(), 'old');
  });
}

test('commit stops when a file is not what the decision was made on', (t) => {
  const tree = treeFor(t);
  const changes = prepare(tree.machine());
  writeFileSync(join(tree.root, certificate), 'someone else was here\n');
  const writer = counted(tree.writer);
  const error = refuses(
    t,
    tree,
    () => commitChanges(input(tree, changes, { writer: writer.writer })),
    'ExternalChange',
  );
  t.is(error?.exit, 75);
  t.is(writer.calls(), 0);
  t.is(readFileSync(join(tree.root, certificate), 'utf8'), 'someone else was here\n');
});

test('commit stops when a file changes while the new ones are being staged', (t) => {
  const tree = treeFor(t);
  const changes = prepare(tree.machine());
  const writer = {
    ...tree.writer,
    link: (existing: string, created: string) => {
      tree.writer.link(existing, created);
      writeFileSync(join(tree.root, certificate), 'someone else was here\n');
    },
  };
  refuses(t, tree, () => commitChanges(input(tree, changes, { writer })), 'ExternalChange');
  t.is(readFileSync(join(tree.root, certificate), 'utf8'), 'someone else was here\n');
  t.false(existsSync(join(tree.root, dataDir, 'server/cred')), 'the directory it had made is gone again');
});

test('commit stops when the generation is no longer what was verified', (t) => {
  const tree = treeFor(t);
  const changes = prepare(tree.machine());
  const source = changes.flatMap((change) => (change.op === 'put' && change.path === key ? [change.source ?? ''] : []));
  writeFileSync(join(tree.root, source[0] ?? ''), 'tampered\n');
  refuses(t, tree, () => commit(tree.machine(), changes), 'GenerationDamaged');
  t.is(tree.verdict(), 'old');
});

for (const [lack, free] of [
  ['space', { bytes: 30_000, inodes: 1e6 }],
  ['inodes', { bytes: 1e9, inodes: 10 }],
] as const) {
  test(`commit does not begin where ${lack} for twice the set is lacking`, (t) => {
    const tree = treeFor(t);
    const changes = prepare(tree.machine());
    const writer = counted(tree.writer);
    refuses(
      t,
      tree,
      () => commitChanges(input(tree, changes, { storage: { free: () => free }, writer: writer.writer })),
      'StorageFull',
    );
    t.is(writer.calls(), 0);
  });
}

test('commit that is undone gives every file its own inode and time back', (t) => {
  const tree = treeFor(t);
  const changes = prepare(tree.machine());
  const paths = [...oldTree].flatMap(([path, file]) => (file === undefined ? [] : [path]));
  const look = (): unknown =>
    paths.map((path) => {
      const { ino, mode, mtimeMs, nlink } = statSync(join(tree.root, path));
      // One that was written over is written once more, and newer for it.
      return { path, ino, mode, mtimeMs: path === writtenOver ? 0 : mtimeMs, nlink };
    });
  const before = look();
  const saveState = (): never => {
    throw new CertmendError('StorageFull', 'cannot write the state');
  };
  const error = refuses(t, tree, () => commitChanges(input(tree, changes, { saveState })), 'StorageFull');
  t.regex(error?.message ?? '', /every file was restored/);
  t.is(tree.verdict(), 'old');
  t.deepEqual(look(), before);
  t.false(existsSync(join(tree.root, dataDir, 'server/cred')));
});

for (const [name, plant, detail] of [
  [
    'a dangling symlink',
    (path: string) => {
      symlinkSync('/nowhere', path);
    },
    'is a dangling symlink',
  ],
  [
    'a FIFO',
    (path: string) => {
      execFileSync('mkfifo', [path]);
    },
    'is a FIFO',
  ],
] as const) {
  test(`commit replaces ${name}, and puts it back when it is undone`, (t) => {
    const tree = treeFor(t);
    rmSync(join(tree.root, certificate));
    plant(join(tree.root, certificate));
    const before = lstatSync(join(tree.root, certificate));
    const changes = expecting(prepare(tree.machine()), certificate, { state: 'other', detail });
    const saveState = (): never => {
      throw new CertmendError('StorageFull', 'cannot write the state');
    };
    refuses(t, tree, () => commitChanges(input(tree, changes, { saveState })), 'StorageFull');
    t.is(lstatSync(join(tree.root, certificate)).ino, before.ino);
    commitChanges(input(tree, changes));
    t.is(tree.verdict(), 'new');
    t.true(lstatSync(join(tree.root, certificate)).isFile());
  });
}

test('commit replaces a symlink itself and leaves what it leads to', (t) => {
  const tree = treeFor(t);
  const elsewhere = `${dataDir}/server/elsewhere.crt`;
  renameSync(join(tree.root, certificate), join(tree.root, elsewhere));
  symlinkSync('../elsewhere.crt', join(tree.root, certificate));
  const before = readFileSync(join(tree.root, elsewhere));
  commit(tree.machine(), prepare(tree.machine()));
  t.is(tree.verdict(), 'new');
  t.true(lstatSync(join(tree.root, certificate)).isFile());
  t.deepEqual(readFileSync(join(tree.root, elsewhere)), before);
});

test('commit refuses a directory in the place of a file', (t) => {
  const tree = treeFor(t);
  rmSync(join(tree.root, certificate));
  mkdirSync(join(tree.root, certificate));
  const changes = expecting(prepare(tree.machine()), certificate, { state: 'other', detail: 'is a directory' });
  const error = refuses(t, tree, () => commit(tree.machine(), changes), 'StorageFailed');
  t.is(error?.exit, 77);
  t.true(statSync(join(tree.root, certificate)).isDirectory());
});

test('commit refuses to write through a directory that leads out of the data dir', (t) => {
  const tree = treeFor(t);
  const outside = '/srv/etcd-tls';
  const inside = dirname(`${dataDir}/server/tls/etcd/client.crt`);
  mkdirSync(join(tree.root, '/srv'), { recursive: true });
  renameSync(join(tree.root, inside), join(tree.root, outside));
  symlinkSync('../../../../../../../srv/etcd-tls', join(tree.root, inside));
  const decided = prepare(tree.machine());
  const changes = decided.map((change): Change =>
    change.path.startsWith(inside)
      ? {
          ...change,
          expects: {
            state: 'other',
            detail: `is reached through ${inside}, a symlink that leads outside ${dataDir}`,
          },
        }
      : change,
  );
  refuses(t, tree, () => commit(tree.machine(), changes), 'ProtectedPath');
  // Put there after the decision, it is first of all somebody else's change.
  refuses(t, tree, () => commit(tree.machine(), decided), 'ExternalChange');
  t.deepEqual(readdirSync(join(tree.root, outside)).length, 2);
});

test('commit tells of a label that could not be set, and stands', (t) => {
  const tree = treeFor(t);
  const changes = prepare(tree.machine());
  const labelled: string[] = [];
  const relabel = (paths: readonly string[]): string => {
    labelled.push(...paths);
    return 'restorecon failed';
  };
  t.deepEqual(commitChanges(input(tree, changes, { relabel })).warnings, ['restorecon failed']);
  t.is(tree.verdict(), 'new');
  t.deepEqual(
    labelled,
    changes.flatMap(({ op, path }) => (op === 'put' && path !== writtenOver ? [path] : [])),
  );
});
