import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { recover } from '../../src/commit/recover.ts';
import { CertmendError } from '../../src/error.ts';
import { cutAt, cutAtRename } from '../crash/interrupted-writer.ts';
import { RealTree } from '../crash/real-tree.ts';
import {
  commit,
  dataDir,
  layout,
  newTree,
  node,
  prepare,
  recoverNode,
  rotate,
  transactionId,
} from '../crash/small-node.ts';

const tls = `${dataDir}/server/tls`;
const journal = '/var/lib/certmend/journal.json';

/** A tree whose rotation was cut after `renames` of its files had gone live. */
function cutAfter(t: ExecutionContext, renames: number): RealTree {
  const tree = new RealTree();
  t.teardown(() => {
    tree.remove();
  });
  const changes = prepare(tree.machine());
  // The first rename of a commit is the journal's.
  const { writer } = cutAtRename(tree.writer, renames + 2);
  t.throws(() => commit(tree.machine(writer), changes));
  t.true(existsSync(join(tree.root, journal)));
  return tree;
}

function write(tree: RealTree, path: string, text: string): void {
  writeFileSync(join(tree.root, path), text);
}

function read(tree: RealTree, path: string): string {
  return readFileSync(join(tree.root, path), 'utf8');
}

test('recover completes a commit that was cut in the middle', (t) => {
  const tree = cutAfter(t, 3);
  const outcome = recoverNode(tree.machine());
  t.is(outcome.kind, 'completed');
  if (outcome.kind === 'completed') {
    t.is(outcome.transaction.id, transactionId);
    t.deepEqual(outcome.left, []);
  }
  t.is(tree.verdict(), 'new');
  t.deepEqual(tree.strays(), []);
  t.is(recoverNode(tree.machine()).kind, 'nothing');
});

test('recover completes a commit from what was staged when the generation is gone', (t) => {
  const tree = cutAfter(t, 3);
  rmSync(join(tree.root, '/var/lib/certmend/generations'), { recursive: true });
  t.is(recoverNode(tree.machine()).kind, 'completed');
  t.is(tree.verdict(), 'new');
});

test('recover completes a commit from the generation when what was staged is gone or wrong', (t) => {
  const tree = cutAfter(t, 3);
  const suffix = `.certmend-${transactionId}`;
  unlinkSync(join(tree.root, tls, `.client-controller.crt${suffix}`));
  writeFileSync(join(tree.root, tls, `etcd/.client.crt${suffix}`), 'not what was staged');
  chmodSync(join(tree.root, tls, `etcd/.client.key${suffix}`), 0o644);
  t.is(recoverNode(tree.machine()).kind, 'completed');
  t.is(tree.verdict(), 'new');
  t.deepEqual(tree.strays(), []);
});

test('recover goes back when neither the generation nor what was staged is there', (t) => {
  const tree = cutAfter(t, 3);
  rmSync(join(tree.root, '/var/lib/certmend/generations'), { recursive: true });
  for (const name of readdirSync(join(tree.root, tls)).filter((name) => name.endsWith(transactionId)))
    unlinkSync(join(tree.root, tls, name));
  t.is(recoverNode(tree.machine()).kind, 'undone');
  t.is(tree.verdict(), 'old');
  t.deepEqual(tree.strays(), []);
  t.is(recoverNode(tree.machine()).kind, 'nothing');
});

test('recover sets the journal aside when there is no way forward and none back', (t) => {
  const tree = cutAfter(t, 3);
  rmSync(join(tree.root, '/var/lib/certmend/generations'), { recursive: true });
  for (const name of readdirSync(join(tree.root, tls)).filter((name) => name.includes(transactionId)))
    unlinkSync(join(tree.root, tls, name));
  const outcome = recoverNode(tree.machine());
  t.is(outcome.kind, 'set-aside');
  t.is(outcome.kind === 'set-aside' ? outcome.journal : '', `${journal}.damaged-1`);
  t.true(existsSync(join(tree.root, `${journal}.damaged-1`)));
  t.is(recoverNode(tree.machine()).kind, 'nothing');
});

test('recover leaves a file that someone else wrote since, and completes the others', (t) => {
  const tree = cutAfter(t, 2);
  write(tree, `${tls}/client-controller.crt`, 'made by the product\n');
  const outcome = recoverNode(tree.machine());
  t.is(outcome.kind, 'completed');
  if (outcome.kind === 'completed') {
    t.true(outcome.left.includes(`${tls}/client-controller.crt`));
    t.false(outcome.changed.includes(`${tls}/client-controller.crt`));
  }
  t.is(read(tree, `${tls}/client-controller.crt`), 'made by the product\n');
  for (const path of [`${tls}/client-admin.crt`, `${tls}/etcd/client.key`])
    t.is(read(tree, path), newTree.get(path)?.bytes.toString() ?? 'no such file', path);
  t.deepEqual(tree.strays(), []);
});

test('recover puts no new key beside a certificate that someone else wrote since', (t) => {
  const tree = cutAfter(t, 0);
  const before = read(tree, `${tls}/client-admin.key`);
  write(tree, `${tls}/client-admin.crt`, 'made by the product for the old key\n');
  const outcome = recoverNode(tree.machine());
  t.true(outcome.kind === 'completed' && outcome.left.includes(`${tls}/client-admin.key`));
  t.is(read(tree, `${tls}/client-admin.key`), before);
});

const damages: readonly (readonly [string, string])[] = [
  ['empty', ''],
  ['cut short', '{"schema":1,"transaction":{"id":"00'],
  ['of another shape', '{"schema":1,"changes":[]}'],
  ['binary', '\u0000\u0001\u0002'],
];
for (const [name, bytes] of damages) {
  test(`recover keeps a journal that is ${name} for people to look at`, (t) => {
    const tree = new RealTree();
    t.teardown(() => {
      tree.remove();
    });
    mkdirSync(join(tree.root, '/var/lib/certmend'), { recursive: true });
    write(tree, `${journal}.damaged-1`, 'an older one');
    write(tree, journal, bytes);
    const outcome = recoverNode(tree.machine());
    t.is(outcome.kind, 'set-aside');
    t.is(read(tree, `${journal}.damaged-1`), 'an older one');
    t.is(read(tree, `${journal}.damaged-2`), bytes);
    t.is(tree.verdict(), 'old');
    t.is(recoverNode(tree.machine()).kind, 'nothing');
  });
}

test('recover refuses the journal of a newer certmend and touches nothing', (t) => {
  const tree = cutAfter(t, 2);
  const text = read(tree, journal).replace(/"schema":\d/, '"schema":5');
  write(tree, journal, text);
  t.throws(() => recoverNode(tree.machine()), { name: 'CertmendError', code: 'StateNewer' });
  t.is(read(tree, journal), text);
});

test('recover without a journal removes staged files and keepsakes, and nothing that only looks like them', (t) => {
  const tree = new RealTree();
  t.teardown(() => {
    tree.remove();
  });
  const id = 'fedcba9876543210';
  const gone = [`.client-admin.key.certmend-${id}`, `.a.certmend-${id}.old`, `.a.certmend-${id}.again`];
  const kept = ['.client-admin.key.certmend-short', `client-admin.key.certmend-${id}`, `.b.certmend-${id}.bak`];
  for (const name of [...gone, ...kept]) write(tree, `${tls}/${name}`, 'x');
  mkdirSync(join(tree.root, tls, `.directory.certmend-${id}`));
  const outcome = recoverNode(tree.machine());
  t.deepEqual(
    outcome.kind === 'cleaned' ? [...outcome.removed].sort() : [],
    gone.map((name) => `${tls}/${name}`).sort(),
  );
  const left = readdirSync(join(tree.root, tls));
  t.true([...kept, `.directory.certmend-${id}`].every((name) => left.includes(name)));
});

test('recover on a node that certmend never saw makes nothing', (t) => {
  const tree = new RealTree();
  t.teardown(() => {
    tree.remove();
  });
  t.is(recoverNode(tree.machine()).kind, 'nothing');
  t.false(existsSync(join(tree.root, '/var/lib/certmend')));
});

test('recover saves the state before it clears the journal', (t) => {
  const tree = cutAfter(t, 4);
  t.throws(
    () =>
      recover({
        ...tree.machine(),
        layout,
        node,
        relabel: () => undefined,
        saveState: () => {
          throw new CertmendError('StorageFull', 'cannot write the state');
        },
      }),
    { name: 'CertmendError' },
  );
  t.true(existsSync(join(tree.root, journal)));
  t.is(recoverNode(tree.machine()).kind, 'completed');
  t.is(tree.verdict(), 'new');
});

test('recover removes a generation that was half made', (t) => {
  const tree = new RealTree();
  t.teardown(() => {
    tree.remove();
  });
  const { writer } = cutAt(tree.writer, 40);
  t.throws(() => {
    rotate(tree.machine(writer));
  });
  const outcome = recoverNode(tree.machine());
  t.deepEqual(outcome.kind === 'cleaned' ? outcome.removed : [], ['.2.certmend-making']);
  t.deepEqual(tree.strays(), []);
});
