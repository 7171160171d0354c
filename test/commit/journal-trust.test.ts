import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Change } from '../../src/commit/change.ts';
import { writeJournal } from '../../src/commit/journal.ts';
import type { Journal } from '../../src/commit/journal-format.ts';
import { openDoor } from '../../src/commit/open-door.ts';
import { recover, type RecoverInput, type RecoveryOutcome } from '../../src/commit/recover.ts';
import { opensslAuthority } from '../issue/make-authority.ts';
import { cutAtRename } from '../crash/interrupted-writer.ts';
import { RealTree } from '../crash/real-tree.ts';
import { commit, dataDir, layout, node, prepare, sha256, transaction } from '../crash/small-node.ts';

/*
 * A journal is a list of orders to root that lies on the disk. Each of these is one that this node's own commit would
 * never have written: it is set aside, and nothing that it asks for is done.
 */

const tls = `${dataDir}/server/tls`;
const path = '/var/lib/certmend/journal.json';
const evil = Buffer.from('* * * * * root true\n');

function treeFor(t: ExecutionContext): RealTree {
  const tree = new RealTree();
  t.teardown(() => {
    tree.remove();
  });
  return tree;
}

function plant(tree: RealTree, at: string, bytes: Uint8Array): void {
  mkdirSync(dirname(join(tree.root, at)), { recursive: true, mode: 0o700 });
  writeFileSync(join(tree.root, at), bytes, { mode: 0o600 });
}

function put(tree: RealTree, change: Partial<Change & { op: 'put' }>): Change {
  const source = '/var/lib/certmend/generations/2/files/evil';
  plant(tree, source, evil);
  const { uid, gid } = statSync(tree.root);
  const expects = { state: 'absent' } as const;
  return {
    op: 'put',
    path: '/etc/cron.d/x',
    id: 'x',
    source,
    sha256: sha256(evil),
    mode: 0o644,
    uid,
    gid,
    expects,
    ...change,
  };
}

/** Everything in the tree that is not certmend's own, with its bytes. */
function nodeFiles(tree: RealTree): Record<string, string> {
  const names = readdirSync(tree.root, { recursive: true, encoding: 'utf8' }).filter(
    (name) =>
      !name.startsWith('var/lib/certmend') && !name.startsWith('run') && statSync(join(tree.root, name)).isFile(),
  );
  return Object.fromEntries(names.sort().map((name) => [name, readFileSync(join(tree.root, name), 'latin1')]));
}

function recoverWith(tree: RealTree, input: Partial<RecoverInput> = {}): RecoveryOutcome {
  return recover({ ...tree.machine(), layout, node, relabel: () => undefined, ...input });
}

function setsAside(
  name: string,
  forge: (tree: RealTree) => Partial<Journal> & { readonly changes?: readonly Change[] },
  problem: RegExp,
  input: Partial<RecoverInput> = {},
): void {
  test(`recover does nothing of a journal that ${name}`, (t) => {
    const tree = treeFor(t);
    mkdirSync(join(tree.root, 'etc/cron.d'), { recursive: true });
    const { reader, writer } = tree.machine();
    const forged = forge(tree);
    const before = nodeFiles(tree);
    writeJournal(reader, writer, { node, transaction, within: dataDir, changes: [], ...forged });
    const outcome = recoverWith(tree, input);
    t.is(outcome.kind, 'set-aside');
    if (outcome.kind === 'set-aside') {
      t.regex(outcome.problem, problem);
      t.true(existsSync(join(tree.root, outcome.journal)));
    }
    t.false(existsSync(join(tree.root, path)));
    t.deepEqual(nodeFiles(tree), before);
    t.is(recoverWith(tree).kind, 'nothing');
  });
}

setsAside('puts a file that is none of the layout', (tree) => ({ changes: [put(tree, {})], within: null }), /cron\.d/);
setsAside(
  'removes a file that is none of the layout',
  (tree) => {
    plant(tree, '/etc/passwd', evil);
    const expects = { state: 'file', sha256: sha256(evil) } as const;
    return { changes: [{ op: 'remove', path: '/etc/passwd', id: 'x', expects }] };
  },
  /etc\/passwd/,
);
setsAside(
  'puts a protected file',
  (tree) => {
    rmSync(join(tree.root, tls, 'server-ca.crt'));
    return { changes: [put(tree, { path: `${tls}/server-ca.crt` })] };
  },
  /server-ca\.crt/,
);
setsAside(
  'takes a leaf from a file that is not of its generation',
  (tree) => {
    plant(tree, '/etc/shadow', evil);
    return { changes: [put(tree, { path: `${tls}/client-admin.crt`, source: '/etc/shadow', mode: 0o644 })] };
  },
  /shadow/,
);
setsAside(
  'takes a leaf from outside by way of its generation',
  (tree) => ({
    changes: [put(tree, { path: `${tls}/client-admin.crt`, source: '/var/lib/certmend/generations/2/../../x' })],
  }),
  /not in its generation/,
);
setsAside(
  'takes a leaf from the copies of the agent part, which it is not of',
  (tree) => {
    const source = '/var/lib/certmend/agent-part/new/client-admin.crt';
    plant(tree, source, evil);
    return {
      transaction: { ...transaction, generation: 0 },
      changes: [put(tree, { path: `${tls}/client-admin.crt`, source })],
    };
  },
  /not in its generation/,
);
setsAside(
  'opens a key',
  (tree) => ({ changes: [put(tree, { path: `${tls}/client-admin.key`, mode: 0o644 })] }),
  /client-admin\.key mode 0644/,
);
setsAside(
  'makes a certificate of one that everybody may write',
  (tree) => ({ changes: [put(tree, { path: `${tls}/client-admin.crt`, mode: 0o666 })] }),
  /client-admin\.crt mode 0666/,
);
for (const [what, file] of [
  ['a file that is none of the layout', '/etc/shadow'],
  ['a leaf', `${tls}/client-admin.key`],
  ['the token', `${dataDir}/server/token`],
] as const) {
  setsAside(
    `takes ${what} away as one of the bootstrap set, also with the flag that asks for such`,
    (tree) => {
      if (!existsSync(join(tree.root, file))) plant(tree, file, evil);
      const expects = { state: 'file', sha256: sha256(readFileSync(join(tree.root, file))) } as const;
      return { changes: [{ op: 'remove', path: file, id: 'x', bootstrap: true, expects }] };
    },
    /not a file of the bootstrap set/,
    { door: openDoor('prestart --repair-bootstrap') },
  );
}
setsAside('is that of another machine', () => ({ node: { machineId: 'other', nodeName: 'n' } }), /another node/);
setsAside('is about another data dir', () => ({ within: '/srv/other' }), /\/srv\/other/);

for (const [name, spoil] of [
  [
    'others may write',
    (host: string) => {
      chmodSync(host, 0o622);
    },
  ],
  [
    'lies in a directory that others may write',
    (host: string) => {
      chmodSync(dirname(host), 0o777);
    },
  ],
  [
    'has one byte changed',
    (host: string) => {
      writeFileSync(host, readFileSync(host, 'utf8').replace('"LeafExpired"', '"LeafMissing"'));
    },
  ],
] as const) {
  test(`recover does nothing of a journal that ${name}`, (t) => {
    const tree = treeFor(t);
    const changes = prepare(tree.machine());
    t.throws(() => commit(tree.machine(cutAtRename(tree.writer, 2).writer), changes));
    spoil(join(tree.root, path));
    t.is(recoverWith(tree).kind, 'set-aside');
    t.is(tree.verdict(), 'old');
  });
}

const bootstrapRemoval = (tree: RealTree): readonly Change[] => {
  const ca = readFileSync(join(tree.root, tls, 'server-ca.crt'));
  const expects = { state: 'file', sha256: sha256(ca) } as const;
  return [{ op: 'remove', path: `${tls}/server-ca.crt`, id: 'server-ca', bootstrap: true, expects }];
};

test('recover takes away a file of the bootstrap set only with the flag that asked for it', (t) => {
  const without = treeFor(t);
  const { reader, writer } = without.machine();
  writeJournal(reader, writer, { node, transaction, within: dataDir, changes: bootstrapRemoval(without) });
  const outcome = recoverWith(without);
  t.is(outcome.kind, 'completed');
  t.deepEqual(outcome.kind === 'completed' ? outcome.heldBack : [], [`${tls}/server-ca.crt`]);
  t.true(existsSync(join(without.root, tls, 'server-ca.crt')));

  const withFlag = treeFor(t);
  const machine = withFlag.machine();
  writeJournal(machine.reader, machine.writer, {
    node,
    transaction,
    within: dataDir,
    changes: bootstrapRemoval(withFlag),
  });
  t.is(recoverWith(withFlag, { door: openDoor('prestart --repair-bootstrap') }).kind, 'completed');
  t.false(existsSync(join(withFlag.root, tls, 'server-ca.crt')));
});

test('recover takes away no sound file of the bootstrap set, with the flag neither', (t) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  for (const [name, sound] of [
    ['server-ca.crt', opensslAuthority().pem],
    ['server-ca.key', privateKey.export({ type: 'sec1', format: 'pem' })],
  ] as const) {
    const tree = treeFor(t);
    const bytes = Buffer.from(sound);
    const file = `${tls}/${name}`;
    plant(tree, file, bytes);
    const { reader, writer } = tree.machine();
    const expects = { state: 'file', sha256: sha256(bytes) } as const;
    const changes = [{ op: 'remove', path: file, id: 'server-ca', bootstrap: true, expects }] as const;
    writeJournal(reader, writer, { node, transaction, within: dataDir, changes });
    const outcome = recoverWith(tree, { door: openDoor('prestart --repair-bootstrap') });
    t.regex(outcome.kind === 'set-aside' ? outcome.problem : outcome.kind, /not damaged/);
    t.deepEqual(readFileSync(join(tree.root, file)), bytes);
  }
});

test('recover completes a journal whose damaged file of the bootstrap set a person has put right since, and leaves that', (t) => {
  const tree = treeFor(t);
  const { reader, writer } = tree.machine();
  const changes = bootstrapRemoval(tree);
  writeJournal(reader, writer, { node, transaction, within: dataDir, changes });
  const file = `${tls}/server-ca.crt`;
  const sound = Buffer.from(opensslAuthority().pem);
  plant(tree, file, sound);
  const outcome = recoverWith(tree, { door: openDoor('prestart --repair-bootstrap') });
  t.is(outcome.kind, 'completed');
  t.deepEqual(outcome.kind === 'completed' ? outcome.left : [], [file]);
  t.deepEqual(readFileSync(join(tree.root, file)), sound);
  t.false(existsSync(join(tree.root, path)));
});

test('recover keeps a journal while the file of the bootstrap set that it takes away cannot be read', (t) => {
  const tree = treeFor(t);
  const { reader, writer } = tree.machine();
  writeJournal(reader, writer, { node, transaction, within: dataDir, changes: bootstrapRemoval(tree) });
  const file = `${tls}/server-ca.crt`;
  const unread = { state: 'unreadable', problem: 'io', detail: 'cannot be read: EIO' } as const;
  const failing = {
    ...reader,
    read: (at: string, within?: string) => (at === file ? unread : reader.read(at, within)),
  };
  t.throws(() => recoverWith(tree, { reader: failing, door: openDoor('prestart --repair-bootstrap') }), {
    code: 'StorageFailed',
  });
  t.true(existsSync(join(tree.root, path)));
  t.true(existsSync(join(tree.root, file)));
});

test('recover does nothing of a journal that reaches a protected file by another name: the directory of a leaf is a link', (t) => {
  const tree = treeFor(t);
  const shielded = `${dataDir}/server/elsewhere/client.crt`;
  rmSync(join(tree.root, tls, 'etcd'), { recursive: true });
  symlinkSync('../elsewhere', join(tree.root, tls, 'etcd'));
  plant(tree, shielded, Buffer.from('authority\n'));
  const expects = { state: 'file', sha256: sha256(Buffer.from('authority\n')) } as const;
  const { reader, writer } = tree.machine();
  const changes = [put(tree, { path: `${tls}/etcd/client.crt`, expects })];
  writeJournal(reader, writer, { node, transaction, within: dataDir, changes });
  const outcome = recoverWith(tree, { layout: { ...layout, protectedPaths: [shielded] } });
  t.regex(outcome.kind === 'set-aside' ? outcome.problem : '', /protected/);
  t.is(readFileSync(join(tree.root, shielded), 'utf8'), 'authority\n');
});
