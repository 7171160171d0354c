import test from 'ava';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runBuilt } from '../cli/built.ts';
import { fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { backUp, vaultFor } from './made-backup.ts';

/* `certmend backup` of the built program, on trees that openssl made. */

const bootstrap = (product: string): string => `/var/lib/rancher/${product}/server`;
const left = ['/var/lib/certmend', '/run'];

for (const product of ['rke2', 'k3s'] as const) {
  test(`backup restore into an empty directory gives a tree that check calls healthy, its bootstrap set byte for byte: ${product}`, async (t) => {
    const tree = temporaryTree(t, { product, nodeName: 'edge-7' });
    const vault = await vaultFor(t);
    const archive = await backUp(tree.root, vault);
    t.regex(archive, /\/edge-7-\d{8}T\d{6}Z\.certmend\.age$/);
    t.is(statSync(archive).mode & 0o777, 0o600);
    const empty = join(vault.directory, 'empty');
    mkdirSync(empty);
    const words = ['--root', empty, 'backup', 'restore', archive, '--identity', vault.keyFile];

    const asked = await runBuilt(words);
    t.is(asked.status, 64, asked.stderr);
    t.regex(asked.stdout, /would restore edge-7/);
    t.deepEqual(readdirSync(empty), [], 'a listing writes nothing');
    t.is((await runBuilt([...words, '--confirm', 'edge-8'])).status, 64);
    t.deepEqual(readdirSync(empty), []);

    const done = await runBuilt([...words, '--confirm', 'edge-7']);
    t.is(done.status, 0, done.stderr);
    const checked = await runBuilt(['--root', empty, 'check']);
    t.is(checked.status, 0, checked.stdout);
    const before = fingerprintTree(tree.root);
    const after = fingerprintTree(empty, left);
    for (const [path, print] of after) {
      if (print.kind === 'directory') t.is(print.mode, before.get(path)?.mode ?? -1, path);
      // A link to a file is restored as that file.
      else if (before.get(path)?.kind === 'file') t.deepEqual(print, before.get(path), path);
    }
    for (const [path, print] of before) {
      if (print.kind === 'file' && /\/(tls|cred)\//.test(path) && path.startsWith(bootstrap(product)))
        t.deepEqual(after.get(path), print, path);
    }
    t.deepEqual(after.get(`${bootstrap(product)}/token`), before.get(`${bootstrap(product)}/token`));

    const again = await runBuilt([...words, '--confirm', 'edge-7']);
    t.is(again.status, 0);
    t.regex(again.stdout, /nothing to restore/);
    t.false(readdirSync(join(empty, 'var/lib/certmend')).includes('restore'), 'no copies of keys are left');
  });
}

test('backup verify says what it can say: all with the key, the header without, nothing with another key', async (t) => {
  const tree = temporaryTree(t);
  const vault = await vaultFor(t);
  const archive = await backUp(tree.root, vault);
  const blind = await runBuilt(['backup', 'verify', archive]);
  t.is(blind.status, 3);
  t.regex(blind.stdout, /only the header was checked/);
  const seen = await runBuilt(['backup', 'verify', archive, '--identity', vault.keyFile, '-o', 'json']);
  t.is(seen.status, 0, seen.stderr);
  const { contents } = JSON.parse(seen.stdout) as { contents: { files: { path: string }[]; pairs: number } };
  t.true(contents.pairs > 15);
  const paths = contents.files.map(({ path }) => path);
  t.true(paths.includes('/var/lib/rancher/rke2/server/tls/server-ca.key'));
  t.true(paths.includes('/etc/rancher/rke2/config.yaml'));
  t.false(
    paths.some((path) => path.includes('/server/db/')),
    'the datastore is no part of it',
  );
  const other = await vaultFor(t);
  const refused = await runBuilt(['backup', 'verify', archive, '--identity', other.keyFile]);
  t.is(refused.status, 77);
  t.regex(refused.stderr, /encrypted to other recipients/);
  t.notRegex(seen.stdout + blind.stdout + refused.stderr, /PRIVATE KEY|AGE-SECRET/);
});

test('backup verify finds that a key does not fit, and create says so when the backup is made', async (t) => {
  const tree = temporaryTree(t);
  const vault = await vaultFor(t);
  const tls = join(tree.root, 'var/lib/rancher/rke2/server/tls');
  writeFileSync(join(tls, 'server-ca.key'), readFileSync(join(tls, 'client-ca.key')));
  const made = await runBuilt([
    '--root',
    tree.root,
    'backup',
    'create',
    '--recipient',
    vault.recipient,
    '--to',
    vault.to,
  ]);
  t.is(made.status, 1, made.stderr);
  t.regex(made.stdout, /server-ca/);
  const [name = ''] = readdirSync(vault.to);
  const { status, stdout } = await runBuilt(['backup', 'verify', join(vault.to, name), '--identity', vault.keyFile]);
  t.is(status, 2);
  t.regex(stdout, /AuthorityKeyMismatch/);
});

test('backup create refuses a place and recipients that will not do, and leaves nothing', async (t) => {
  const tree = temporaryTree(t);
  const vault = await vaultFor(t);
  const { recipient, directory, to } = vault;
  const create = (...words: readonly string[]) => runBuilt(['--root', tree.root, 'backup', 'create', ...words]);
  symlinkSync(to, join(directory, 'link'));
  mkdirSync(join(directory, 'open'));
  chmodSync(join(directory, 'open'), 0o777);
  writeFileSync(join(directory, 'file'), '');
  const cases: readonly (readonly [words: readonly string[], status: number, message: RegExp])[] = [
    [['--recipient', recipient, '--to', join(directory, 'link')], 77, /is a symlink/],
    [['--recipient', recipient, '--to', join(directory, 'open')], 77, /can be written by others/],
    [['--recipient', recipient, '--to', join(directory, 'file')], 77, /is not a directory/],
    [['--recipient', recipient, '--to', join(directory, 'gone')], 77, /does not exist/],
    [['--recipient', recipient], 64, /nothing says where/],
    [['--to', to], 64, /nothing says who/],
    [
      ['--recipient', `${recipient.slice(0, -1)}q`, '--recipient', recipient, '--to', to],
      64,
      /recipient 1 cannot be used/,
    ],
    [['--recipient', 'AGE-SECRET-KEY-1QQQ', '--to', to], 64, /it is a private key/],
    [['--recipient', 'ssh-ed25519 AAAA', '--to', to], 64, /only X25519 keys/],
  ];
  for (const [words, status, message] of cases) {
    const ended = await create(...words);
    t.is(ended.status, status, `${words.join(' ')}\n${ended.stderr}`);
    t.regex(ended.stderr, message);
    t.false(ended.stderr.includes('SECRET-KEY-1QQQ'));
  }
  t.deepEqual(readdirSync(to), []);
  const full = await runBuilt(
    ['--root', tree.root, 'backup', 'create', '--recipient', recipient, '--to', to],
    ['sh', '-c', 'ulimit -f 64; trap "" XFSZ; exec "$@"', 'sh'],
  );
  t.is(full.status, 73, full.stderr);
  t.deepEqual(readdirSync(to), [], 'nothing half-written is left');
});

test('backup create keeps as many as it is told, of this node and of its own naming alone', async (t) => {
  const tree = temporaryTree(t, { nodeName: 'a' });
  const vault = await vaultFor(t);
  const { to, recipient } = vault;
  const archive = await backUp(tree.root, vault);
  const whole = readFileSync(archive);
  const plant = (name: string, bytes: Uint8Array = whole): void => {
    writeFileSync(join(to, name), bytes);
  };
  plant('a-20260101T000000Z.certmend.age');
  plant('a-20260102T000000Z.certmend.age');
  plant('a-20260103T000000Z.certmend.age', new Uint8Array());
  plant('b-20260101T000000Z.certmend.age');
  plant('a-20260104T000000Z.age');
  plant('a-20990101T000000Z.certmend.age');
  mkdirSync(join(tree.root, 'etc/certmend'), { recursive: true });
  writeFileSync(join(tree.root, 'etc/certmend/config.yaml'), `backup: {recipients: [${recipient}], keep: 2}\n`);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const { status, stderr } = await runBuilt(['--root', tree.root, 'backup', 'create', '--to', to]);
  t.is(status, 0, stderr);
  const names = readdirSync(to);
  t.is(names.length, 6);
  t.false(names.includes('a-20260101T000000Z.certmend.age'));
  t.false(names.includes('a-20260102T000000Z.certmend.age'));
  const listed = await runBuilt(['--root', tree.root, 'backup', 'list', '--to', to]);
  t.is(listed.status, 1, 'one of them is none');
  t.regex(listed.stdout, /is not an age file/);
});

test('backup restore refuses another node, another directory and older authorities, unless told', async (t) => {
  const tree = temporaryTree(t, { nodeName: 'a' });
  const vault = await vaultFor(t);
  const archive = await backUp(tree.root, vault);
  const restore = (root: string, ...words: readonly string[]) =>
    runBuilt(['--root', root, 'backup', 'restore', archive, '--identity', vault.keyFile, '--confirm', 'a', ...words]);
  const other = temporaryTree(t, { nodeName: 'b' });
  const refused = await restore(other.root);
  t.is(refused.status, 77);
  t.regex(refused.stderr, /the backup is of a, and this node is b.*\n.*--other-node/);
  const soon = Math.floor(Date.now() / 1000) * 1000 - 1000;
  const newer = temporaryTree(t, {
    nodeName: 'a',
    authority: { notBefore: soon, notAfter: soon + 3650 * 86_400_000 },
    leaf: { notBefore: soon, notAfter: soon + 365 * 86_400_000 },
  });
  const before = fingerprintTree(newer.root, left);
  const kept = await restore(newer.root);
  t.is(kept.status, 77, kept.stderr);
  t.regex(kept.stderr, /is newer than the one in the backup/);
  t.deepEqual(fingerprintTree(newer.root, left), before);
  t.is((await restore(newer.root, '--older-authority')).status, 0);
  t.deepEqual(
    readFileSync(join(newer.root, bootstrap('rke2'), 'tls/server-ca.key')),
    readFileSync(join(tree.root, bootstrap('rke2'), 'tls/server-ca.key')),
  );
});
