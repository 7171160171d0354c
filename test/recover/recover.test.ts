import test, { type ExecutionContext } from 'ava';
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { X509Certificate } from 'node:crypto';
import { runCli, runJson } from '../cli/run-cli.ts';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { day, type ChainKind, type Tree } from '../fixtures/tree.ts';
import { deleteRequest, lifeOf, putRequest, writeMember, type MemberOptions } from '../etcd/member-files.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import {
  bootstrapKey,
  bootstrapValue,
  kineRows,
  makeSqlite,
  opened,
  passwordOf,
  sealed,
  sqlitePath,
  type FieldName,
} from './datastore.ts';

/* `certmend ca recover` of the built program, on nodes whose authorities have ended. */

interface Report {
  readonly decision: string;
  readonly datastore: { readonly kind: string; readonly key: string } | null;
  readonly authorities: readonly {
    readonly id: string;
    readonly certificates: readonly { readonly fingerprintNew: string }[];
  }[];
  readonly writes: readonly { readonly path: string; readonly offset: number | null; readonly length: number }[];
  readonly original: string | null;
  readonly tokenCaHash: string | null;
  readonly notes: readonly string[];
  readonly next: readonly string[];
}

interface Node {
  readonly tree: Tree;
  readonly value: Buffer;
  readonly key: string;
  /** Host path of the file of the datastore. */
  readonly database: string;
}

function expiredTree(t: ExecutionContext, product: 'k3s' | 'rke2', chain: ChainKind = 'single'): Tree {
  const now = Math.floor(Date.now() / day) * day;
  return temporaryTree(t, {
    product,
    chain,
    now,
    nodeName: 'node-1',
    leaf: 'expired',
    authority: { notBefore: now - 3660 * day, notAfter: now - 10 * day },
  });
}

function withSqlite(t: ExecutionContext): Node {
  const tree = expiredTree(t, 'k3s');
  const value = bootstrapValue(tree);
  return { tree, value, key: bootstrapKey(passwordOf(tree)), database: makeSqlite(tree, value) };
}

function withEtcd(
  t: ExecutionContext,
  options: Partial<MemberOptions> = {},
  change: { value?: Buffer; chain?: ChainKind } = {},
): Node {
  const tree = expiredTree(t, 'rke2', change.chain);
  const value = change.value ?? bootstrapValue(tree);
  const key = bootstrapKey(passwordOf(tree));
  const database = writeMember(tree.host(`${tree.dataDir}/server/db/etcd`), { pairs: lifeOf(key, value), ...options });
  return { tree, value, key, database };
}

const kinds = { sqlite: withSqlite, etcd: (t: ExecutionContext) => withEtcd(t) } as const;

function recover({ tree }: Node, ...words: readonly string[]): ReturnType<typeof runCli> {
  return runCli(['--root', tree.root, '--believe-clock', 'ca', 'recover', ...words]);
}

/** All of a node but what certmend keeps for itself. */
function fingerprints({ tree }: Node): ReturnType<typeof fingerprintTree> {
  return fingerprintTree(tree.root, ['/var/lib/certmend', '/run']);
}

/** The value that the product would read, and by which it would restore its files. */
function storedValue({ database, key, value }: Node): Buffer {
  if (database.endsWith('state.db')) return Buffer.from(kineRows(database, key).at(-1)?.value ?? '');
  // Of equal length, in the place where the old one was: the last that begins as one does.
  const bytes = readFileSync(database);
  const at = bytes.lastIndexOf(`\x2a`.concat(String.fromCharCode((value.length & 0x7f) | 0x80)), undefined, 'latin1');
  return bytes.subarray(at + 3, at + 3 + value.length);
}

function assertRenewed(t: ExecutionContext, node: Node): void {
  const { tree, value } = node;
  const before = opened(value, passwordOf(tree));
  const after = opened(storedValue(node), passwordOf(tree));
  t.deepEqual(Object.keys(after), Object.keys(before));
  for (const field of Object.keys(before) as FieldName[]) {
    if (!field.endsWith('CA')) {
      t.deepEqual(after[field], before[field], field);
      continue;
    }
    const [old, renewed] = [before, after].map((set) => new X509Certificate(Buffer.from(set[field].Content, 'base64')));
    t.true(renewed !== undefined && old !== undefined);
    t.true(Date.parse(renewed?.validTo ?? '') > tree.now + 3600 * day, field);
    t.deepEqual(
      renewed?.publicKey.export({ type: 'spki', format: 'der' }),
      old?.publicKey.export({ type: 'spki', format: 'der' }),
    );
    t.is(renewed?.subject, old?.subject);
    t.true(Date.parse(after[field].Timestamp) >= tree.now);
  }
}

for (const [kind, make] of Object.entries(kinds)) {
  test(`ca recover renews five authorities in ${kind}, keeps the original, and changes no other file of the node`, async (t) => {
    const node = make(t);
    const before = fingerprints(node);
    const original = readFileSync(node.database);
    const { status, document } = await runJson<Report>([
      '--root',
      node.tree.root,
      'ca',
      'recover',
      '--confirm',
      'node-1',
    ]);
    t.is(status, 0);
    t.is(document.decision, 'recovered');
    t.is(document.authorities.length, 5);
    assertRenewed(t, node);
    const kept = node.tree.host(document.original ?? '');
    t.deepEqual(readFileSync(kept), original);
    t.is(statSync(dirname(kept)).mode & 0o777, 0o700);
    const changed = changedPaths(before, fingerprints(node));
    t.deepEqual(
      changed.filter(
        (path) =>
          !path.includes('certmend-recovery') &&
          !path.endsWith('/server/db') &&
          !path.endsWith('/etcd') &&
          !path.endsWith('/snap'),
      ),
      [node.database.slice(node.tree.root.length)],
    );
    if (kind === 'etcd') {
      const [write] = document.writes;
      const [from, to] = [write?.offset ?? 0, (write?.offset ?? 0) + (write?.length ?? 0)];
      const now = readFileSync(node.database);
      t.deepEqual([now.subarray(0, from), now.subarray(to)], [original.subarray(0, from), original.subarray(to)]);
    } else {
      const [first, second, third] = kineRows(node.database, node.key);
      t.is(third?.prev_revision, second?.id);
      t.is(third?.create_revision, first?.id);
      t.deepEqual([third?.created, third?.deleted], [0, 0]);
      t.deepEqual(third?.old_value, second?.value);
    }
    const again = await runJson<Report>([
      '--root',
      node.tree.root,
      '--believe-clock',
      'ca',
      'recover',
      '--confirm',
      'node-1',
    ]);
    t.is(again.document.decision, 'nothing-to-do');
  });

  test(`ca recover --undo brings the ${kind} database back, byte for byte, and leaves nothing`, async (t) => {
    const node = make(t);
    const before = fingerprints(node);
    t.is((await recover(node, '--confirm', 'node-1')).status, 0);
    t.not(changedPaths(before, fingerprints(node)).length, 0);
    t.is((await recover(node, '--undo')).status, 64);
    t.is((await recover(node, '--undo', '--confirm', 'node-1')).status, 0);
    t.deepEqual(
      changedPaths(before, fingerprints(node)).filter((path) => !/\/(db|etcd|snap)$/.test(path)),
      [],
    );
    t.is((await recover(node, '--undo', '--confirm', 'node-1')).status, 77);
    t.is((await recover(node, '--confirm', 'node-1')).status, 0);
  });

  test(`ca recover --dry-run and a missing word change nothing of a node with ${kind}, and say what they would`, async (t) => {
    const node = make(t);
    const before = fingerprints(node);
    for (const [words, wanted] of [
      [['--dry-run'], 0],
      [[], 64],
      [['--confirm', 'node-2'], 64],
    ] as const) {
      const { status, stdout } = await recover(node, ...words);
      t.is(status, wanted);
      t.regex(stdout, /would recover/);
      t.regex(stdout, kind === 'etcd' ? /bytes \d+ to \d+/ : /one new row of the table kine/);
      t.deepEqual(
        changedPaths(before, fingerprints(node)).filter((path) => !/\/(db|etcd)$/.test(path)),
        [],
      );
    }
  });

  test(`ca recover --undo refuses when the ${kind} database was used since`, async (t) => {
    const node = make(t);
    t.is((await recover(node, '--confirm', 'node-1')).status, 0);
    appendFileSync(node.database, 'x');
    const used = readFileSync(node.database);
    const { status, stderr } = await recover(node, '--undo', '--confirm', 'node-1');
    t.is(status, 77);
    t.regex(stderr, /has been used since/);
    t.deepEqual(readFileSync(node.database), used);
  });

  test(`ca recover with ${kind} prints, logs and keeps no key, token or value`, async (t) => {
    const node = make(t);
    const said = [await recover(node, '--dry-run'), await recover(node), await recover(node, '--confirm', 'node-1')];
    const own = readdirSync(node.tree.host('/var/lib/certmend'), { recursive: true, encoding: 'utf8' })
      .map((name) => join(node.tree.host('/var/lib/certmend'), name))
      .filter((path) => statSync(path).isFile())
      .map((path) => readFileSync(path, 'latin1'));
    const text = [...said.flatMap(({ stdout, stderr }) => [stdout, stderr]), ...own].join('\n');
    const secrets = [
      passwordOf(node.tree),
      'PRIVATE KEY',
      node.value.toString().slice(0, 40),
      storedValue(node).toString().slice(0, 40),
    ];
    t.deepEqual(
      secrets.filter((secret) => text.includes(secret)),
      [],
    );
  });
}

test('ca recover takes in what SQLite has beside its file, and loses nothing of it', async (t) => {
  const node = withSqlite(t);
  const { database, tree } = node;
  // As a K3s that was killed leaves it: rows in the log alone.
  const writer = new DatabaseSync(database);
  writer.exec(
    `INSERT INTO kine(name, created, deleted, create_revision, prev_revision, lease, value) VALUES('/registry/late', 1, 0, 0, 0, 0, 'late')`,
  );
  const [main, log] = [readFileSync(database), readFileSync(`${database}-wal`)];
  writer.close();
  t.true(log.length > 0);
  writeFileSync(database, main);
  writeFileSync(`${database}-wal`, log);
  rmSync(`${database}-shm`, { force: true });
  const before = fingerprints(node);
  t.is((await recover(node, '--dry-run')).status, 0);
  t.deepEqual(
    changedPaths(before, fingerprints(node)).filter((path) => !path.endsWith('/db')),
    [],
  );
  t.is((await recover(node, '--confirm', 'node-1')).status, 0);
  t.is(kineRows(database, '/registry/late').length, 1);
  assertRenewed(t, node);
  t.false(existsSync(`${database}-wal`));
  t.is(
    (await runCli(['--root', tree.root, '--believe-clock', 'ca', 'recover', '--undo', '--confirm', 'node-1'])).status,
    0,
  );
  t.is(kineRows(database, '/registry/late').length, 1);
});

interface Refusal {
  readonly make: (t: ExecutionContext) => Node;
  readonly says: RegExp;
  readonly hint?: RegExp;
}

const log = (data: Buffer, index = 101): Partial<MemberOptions> => ({
  log: [
    { index: 100, data: putRequest('/registry/x') },
    { index, data },
  ],
});

const refusals: Readonly<Record<string, Refusal>> = {
  'an etcd of several members': {
    make: (t) => withEtcd(t, { members: 3 }),
    says: /has 3 members/,
    hint: /on all servers/,
  },
  'a log with a newer value': {
    make: (t) => withEtcd(t, log(putRequest(bootstrapKey('x')))),
    says: /holds a change \(entry 101/,
  },
  'a log that deletes it': { make: (t) => withEtcd(t, log(deleteRequest('/', '0'))), says: /holds a change/ },
  'a member without a log': {
    make: (t) => {
      const node = withEtcd(t);
      rmSync(join(dirname(dirname(node.database)), 'wal'), { recursive: true });
      return node;
    },
    says: /holds no log/,
  },
  'a snapshot that is newer than the database': {
    make: (t) => {
      const node = withEtcd(t);
      writeFileSync(join(dirname(node.database), '0000000000000002-00000000000000ff.snap'), '');
      return node;
    },
    says: /is newer than the database/,
  },
  'a damaged etcd database': {
    make: (t) => {
      const node = withEtcd(t);
      writeFileSync(node.database, readFileSync(node.database).fill(0, 0, 8192));
      return node;
    },
    says: /has no valid meta page/,
  },
  'a value that this token does not open': {
    make: (t) => {
      const node = withEtcd(t);
      writeFileSync(node.tree.host(`${node.tree.dataDir}/server/token`), 'another\n');
      return node;
    },
    says: /no token on this node belongs to/,
    hint: /server\/token/,
  },
  'a value that was damaged': {
    make: (t) => {
      const tree = expiredTree(t, 'rke2');
      return withEtcd(t, {}, { value: Buffer.from(bootstrapValue(tree).toString().replace(/.{8}$/, 'AAAAAAA=')) });
    },
    says: /does not open with the token/,
  },
  'a datastore without a bootstrap set': {
    make: (t) => withEtcd(t, { pairs: lifeOf('/registry/x', Buffer.from('y')) }),
    says: /holds no bootstrap set/,
  },
  'a datastore with two bootstrap sets': {
    make: (t) => {
      const tree = expiredTree(t, 'k3s');
      const value = bootstrapValue(tree);
      const database = makeSqlite(tree, value);
      const more = new DatabaseSync(database);
      more
        .prepare(
          `INSERT INTO kine(name, created, deleted, create_revision, prev_revision, lease, value) VALUES(?, 1, 0, 0, 0, 0, ?)`,
        )
        .run(bootstrapKey('other'), sealed('{}', 'other'));
      more.close();
      return { tree, value, database, key: bootstrapKey(passwordOf(tree)) };
    },
    says: /holds 2 bootstrap sets/,
  },
  'a set of an old release': {
    make: (t) => {
      const tree = expiredTree(t, 'k3s');
      const value = sealed('{"ServerCA":"AAAA"}\n', passwordOf(tree));
      return { tree, value, database: makeSqlite(tree, value), key: bootstrapKey(passwordOf(tree)) };
    },
    says: /form of an old release/,
  },
  'an authority whose key the datastore does not have': {
    make: (t) => {
      const tree = expiredTree(t, 'k3s');
      const set = opened(bootstrapValue(tree), passwordOf(tree));
      const value = sealed(
        JSON.stringify({ ...set, ClientCAKey: { ...set.ClientCAKey, Content: '' } }),
        passwordOf(tree),
      );
      return { tree, value, database: makeSqlite(tree, value), key: bootstrapKey(passwordOf(tree)) };
    },
    says: /client-ca has ended and the datastore has no readable key of it/,
    hint: /rebuilt/,
  },
  'an authority with the key of another': {
    make: (t) => {
      const tree = expiredTree(t, 'k3s');
      const set = opened(bootstrapValue(tree), passwordOf(tree));
      const value = sealed(JSON.stringify({ ...set, ClientCAKey: set.ServerCAKey }), passwordOf(tree));
      return { tree, value, database: makeSqlite(tree, value), key: bootstrapKey(passwordOf(tree)) };
    },
    says: /has not the key of its first certificate/,
  },
  'an authority whose root is elsewhere': {
    make: (t) => withEtcd(t, {}, { chain: 'no-root' }),
    says: /the key of that is not in the authority's key file/,
  },
  'renewed authorities that do not fit': {
    make: (t) => {
      const tree = expiredTree(t, 'rke2');
      const set = opened(bootstrapValue(tree), passwordOf(tree));
      const short = Object.fromEntries(
        Object.entries(set).map(([field, file]) => [
          field,
          {
            ...file,
            Timestamp: '2020-01-01T00:00Z',
            Content: field === 'ServerCA' ? file.Content.slice(0, 0).concat(unpadded(file.Content)) : file.Content,
          },
        ]),
      );
      return withEtcd(t, {}, { value: sealed(JSON.stringify(short), passwordOf(tree)) });
    },
    says: /do not fit into the place/,
  },
  'a damaged SQLite file': {
    make: (t) => {
      const node = withSqlite(t);
      writeFileSync(node.database, readFileSync(node.database).fill(0xff, 0, 200));
      return node;
    },
    says: /SQLite refuses/,
  },
};

/** The authority's PEM without its last line end: one byte less, so that nothing as long as before fits. */
function unpadded(content: string): string {
  return Buffer.from(Buffer.from(content, 'base64').toString().trimEnd()).toString('base64');
}

for (const [name, { make, says, hint = /./ }] of Object.entries(refusals)) {
  test(`ca recover refuses ${name}, says the next best way, and changes nothing`, async (t) => {
    const node = make(t);
    const before = fingerprints(node);
    const { status, stderr } = await recover(node, '--confirm', 'node-1');
    t.is(status, 77, stderr);
    t.regex(stderr, says);
    t.regex(stderr, /what to do: /);
    t.regex(stderr, hint);
    t.deepEqual(
      changedPaths(before, fingerprints(node)).filter((path) => !/\/(db|etcd)$/.test(path)),
      [],
    );
  });
}

test('ca recover refuses an etcd whose file another process has locked', async (t) => {
  const node = withEtcd(t);
  const holder = spawn('flock', [node.database, 'sh', '-c', 'echo locked; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  t.teardown(() => holder.kill('SIGKILL'));
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  const { status, stderr } = await recover(node, '--confirm', 'node-1');
  t.is(status, 77);
  t.regex(stderr, /is in use/);
});

test('ca recover refuses a SQLite database that a running product has open, even if that does nothing', async (t) => {
  const node = withSqlite(t);
  const code = `const { DatabaseSync } = require('node:sqlite'); const d = new DatabaseSync(process.argv[1]); d.prepare('SELECT COUNT(*) FROM kine').get(); console.log('open'); setInterval(() => {}, 1000)`;
  const holder = spawn(process.execPath, ['-e', code, node.database], { stdio: ['ignore', 'pipe', 'ignore'] });
  t.teardown(() => holder.kill('SIGKILL'));
  await new Promise((resolve) => holder.stdout.once('data', resolve));
  const { status, stderr } = await recover(node, '--confirm', 'node-1');
  t.is(status, 77);
  t.regex(stderr, /is in use by the process \d+/);
});

test('ca recover has nothing to do where no authority has ended', async (t) => {
  const tree = temporaryTree(t, { product: 'k3s', nodeName: 'node-1' });
  const value = bootstrapValue(tree);
  makeSqlite(tree, value);
  const { document } = await runJson<Report>([
    '--root',
    tree.root,
    '--believe-clock',
    'ca',
    'recover',
    '--confirm',
    'node-1',
  ]);
  t.is(document.decision, 'nothing-to-do');
});

test('ca recover is newer than a file that a clock which ran ahead has left, and names one that the product would stop at', async (t) => {
  const node = withSqlite(t);
  const { tree } = node;
  const ahead = new Date(Date.now() + 100 * day);
  utimesSync(tree.host(tree.authority('server-ca').certificatePath), ahead, ahead);
  const passwd = tree.host(`${tree.dataDir}/server/cred/passwd`);
  appendFileSync(passwd, 'x\n');
  const { document } = await runJson<Report>([
    '--root',
    tree.root,
    '--believe-clock',
    'ca',
    'recover',
    '--confirm',
    'node-1',
  ]);
  const after = opened(storedValue(node), passwordOf(tree));
  t.true(Date.parse(after.ServerCA.Timestamp) >= ahead.getTime() - 1000);
  t.true(document.notes.some((note) => note.includes(`${tree.dataDir}/server/cred/passwd is newer`)));
  t.true(document.next[0]?.includes('server/cred/passwd'));
});

for (const [scheme, wanted] of Object.entries({
  mysql: /^SELECT name, 0, 0/m,
  postgres: /convert_to\('/,
  https: /^[0-9a-f]{16}:/,
})) {
  test(`ca recover writes what is to be run in a database of the operator's (${scheme}), 0600, and changes nothing else`, async (t) => {
    const tree = expiredTree(t, 'k3s');
    mkdirSync(tree.host('/etc/rancher/k3s'), { recursive: true });
    appendFileSync(
      tree.host('/etc/rancher/k3s/config.yaml'),
      `\ndatastore-endpoint: "${scheme}://user:hidden@db/kine"\n`,
    );
    const { status, stdout, stderr } = await runCli(['--root', tree.root, '--believe-clock', 'ca', 'recover']);
    t.is(status, 0, stderr);
    const file = tree.host('/var/lib/certmend/recover.sql');
    t.is(statSync(file).mode & 0o777, 0o600);
    const text = readFileSync(file, 'utf8');
    t.regex(text, wanted);
    const [value = ''] = /[0-9a-f]{16}:[A-Za-z0-9+/=]+/.exec(text) ?? [];
    const set = opened(Buffer.from(value), passwordOf(tree));
    t.true(
      Date.parse(new X509Certificate(Buffer.from(set.ServerCA.Content, 'base64')).validTo) > tree.now + 3600 * day,
    );
    t.false(stdout.includes(value) || stdout.includes('hidden'));
    if (scheme !== 'mysql') return;
    // The same table in SQLite understands the statement.
    const node = makeSqlite(tree, bootstrapValue(tree));
    const database = new DatabaseSync(node);
    database.exec(text);
    database.close();
    const rows = kineRows(node, bootstrapKey(passwordOf(tree)));
    t.is(Buffer.from(rows.at(-1)?.value ?? '').toString(), value);
    t.is(rows.at(-1)?.prev_revision, rows.at(-2)?.id);
    t.true(sqlitePath.length > 0);
  });
}

test('ca recover is refused on an agent', async (t) => {
  const tree = temporaryTree(t, { product: 'k3s', role: 'agent', nodeName: 'node-1' });
  t.is((await runCli(['--root', tree.root, '--believe-clock', 'ca', 'recover', '--confirm', 'node-1'])).status, 77);
});
