import test from 'ava';
import { rmSync, writeFileSync } from 'node:fs';
import { array, boolean, enum as oneOf, iso, literal, number, strictObject, string } from 'zod';
import { confirmNode } from '../../src/cli/confirm-node.ts';
import type { Io } from '../../src/cli/io.ts';
import { CertmendError } from '../../src/error.ts';
import { authorityExtensions } from '../fixtures/authorities.ts';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { newKey, signCertificates } from '../fixtures/sign.ts';
import { day, type Tree } from '../fixtures/tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { runBuilt, type Ended } from './built.ts';

/* `certmend ca rotate` of the built program, on trees that openssl made: what it says, and that it writes nothing there. */

const time = iso.datetime({ offset: false });
const published = strictObject({
  apiVersion: literal('certmend/v1'),
  kind: literal('AuthorityRotationPlan'),
  at: time,
  root: string(),
  layout: string(),
  nodeName: string(),
  unit: string(),
  decision: oneOf(['rotate', 'refused']),
  obstacles: array(string()),
  authorities: array(
    strictObject({
      id: string(),
      path: string(),
      way: oneOf(['intermediate', 'new-root', 'given']),
      root: string().nullable(),
      crossSignedBy: string().nullable(),
      crossSignedUntil: time.nullable(),
      notAfter: strictObject({ before: time, after: time }),
      certificates: number().int(),
    }),
  ),
  handshakes: number().int(),
  token: strictObject({ changes: boolean(), caHash: string().nullable() }),
  restart: array(oneOf(['this-server', 'other-servers', 'agents', 'pods'])),
  copies: string(),
});

function caRotate(tree: Tree, ...words: readonly string[]): Promise<Ended> {
  return runBuilt(['--root', tree.root, 'ca', 'rotate', ...words]);
}

test('ca rotate --dry-run says what would be made, proves it in memory, and writes nothing', async (t) => {
  for (const [chain, way, changes, restart] of [
    ['single', 'new-root', true, ['this-server', 'other-servers', 'agents', 'pods']],
    ['four', 'intermediate', false, ['this-server', 'other-servers']],
  ] as const) {
    const tree = temporaryTree(t, { chain });
    const before = fingerprintTree(tree.root);
    const { status, stdout, stderr } = await caRotate(tree, '--dry-run', '-o', 'json');
    t.is(stderr, '');
    const plan = published.parse(JSON.parse(stdout));
    // A tree is no running node: what is in the way is said, and the rest all the same.
    t.is(status, 77);
    t.deepEqual(plan.obstacles.length, 1);
    t.deepEqual(
      plan.authorities.map(({ id }) => id),
      tree.authorities.map(({ id }) => id),
    );
    t.true(plan.authorities.every((one) => one.way === way && one.certificates >= 4));
    t.is(plan.handshakes, 15);
    t.is(plan.token.changes, changes);
    t.deepEqual(plan.restart, [...restart]);
    const text = await caRotate(tree, '--dry-run');
    t.regex(text.stdout, /would be refused · rke2-server on node-1/);
    t.regex(text.stdout, changes ? /token +changes:/ : /token +stays/);
    t.false((stdout + text.stdout).includes('PRIVATE KEY'));
    t.deepEqual(changedPaths(before, fingerprintTree(tree.root)), []);
  }
});

test('ca rotate refuses an agent, an expired authority, and a key that is elsewhere, each with its reason', async (t) => {
  const now = Math.floor(Date.now() / day) * day;
  const ended = { notBefore: now - 3000 * day, notAfter: now - day };
  for (const [tree, words, expected] of [
    [temporaryTree(t, { role: 'agent' }), [], /an agent has no keys/],
    [
      temporaryTree(t, { authority: ended }),
      ['--believe-clock'],
      /server-ca expired at .*a rotation needs one that is valid/,
    ],
    [
      temporaryTree(t, { chain: 'path-length' }),
      [],
      /the key of rke2-server-ca-root, the root above server-ca, is not on this node/,
    ],
  ] as const) {
    const { status, stderr } = await caRotate(tree, '--dry-run', ...words);
    t.is(status, 77, stderr);
    t.regex(stderr, expected);
    t.regex(stderr, /nothing was changed/);
  }
});

test('ca rotate refuses what does not go together, and files that are none, with exit status 64', async (t) => {
  const tree = temporaryTree(t);
  const [key, other] = [newKey('ec'), newKey('ec')];
  const now = Math.floor(Date.now() / day) * day;
  const validity = { notBefore: now - day, notAfter: now + 700 * day };
  const [root = ''] = signCertificates(
    [{ subject: '/CN=R', key, extensions: authorityExtensions }],
    { key },
    validity,
    1n,
  );
  const below = { subject: '/CN=I', key: other, extensions: authorityExtensions };
  const [intermediate = ''] = signCertificates([below], { certificate: root, key }, validity, 2n);
  const file = (name: string, text: string): string => {
    const path = `${tree.root}/${name}`;
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  };
  const paths = {
    root: file('root', root),
    key: file('key', key),
    upper: file('upper', intermediate + root),
    other: file('other', other),
  };
  const wrong: readonly (readonly [words: readonly string[], expected: RegExp])[] = [
    [['--continue', '--abort'], /do not go together/],
    [['--continue', 'server-ca'], /do not go together/],
    [['nobody', '--dry-run'], /nobody is no authority of this node/],
    [['--root-cert', paths.root], /belong together/],
    [
      ['--root-cert', paths.root, '--root-key', paths.key, '--new-root'],
      /--new-root makes a root, and another was given/,
    ],
    [['--root-cert', paths.upper, '--root-key', paths.other], /begins with I, which is no root/],
    [['--intermediate-cert', paths.root, '--intermediate-key', paths.key], /begins with R, which is a root/],
    [['--root-cert', `${tree.root}/none`, '--root-key', paths.key], /none is not there/],
    [['--root-cert', paths.root, '--root-key', paths.root], /holds no private key/],
    [['--root-cert', paths.key, '--root-key', paths.key], /holds no certificate/],
  ];
  for (const [words, expected] of wrong) {
    const { status, stderr, stdout } = await caRotate(tree, ...words);
    t.is(status, 64, `${words.join(' ')}: ${stderr}`);
    t.regex(stderr, expected);
    t.is(stdout, '');
  }
  const mismatch = await caRotate(tree, '--dry-run', '--root-cert', paths.root, '--root-key', paths.other);
  t.is(mismatch.status, 77);
  t.regex(mismatch.stderr, /the key that was given do not match/);
  const good = await caRotate(
    tree,
    '--dry-run',
    '-o',
    'json',
    '--intermediate-cert',
    paths.upper,
    '--intermediate-key',
    paths.other,
  );
  const plan = published.parse(JSON.parse(good.stdout));
  t.true(plan.authorities.every(({ way, root: name }) => way === 'given' && name === 'R'));
  rmSync(paths.upper);
});

test('ca rotate has nothing to go on with or to take back where none was begun', async (t) => {
  const tree = temporaryTree(t);
  for (const word of ['--continue', '--abort']) {
    const { status, stderr } = await caRotate(tree, word);
    t.is(status, 77);
    t.regex(stderr, /no rotation of the authorities is under way here/);
  }
});

test('confirmNode takes the name of the node and nothing else, typed or given', async (t) => {
  const io = (answer?: string): Io => ({
    stdout: { write: () => undefined, isTerminal: false, columns: undefined },
    stderr: { write: () => undefined, isTerminal: false, columns: undefined },
    env: {},
    confirm: undefined,
    ask: answer === undefined ? undefined : () => Promise.resolve(answer),
    damagedParts: () => [],
  });
  const what = { nodeName: 'node-1', what: 'replace 5 authorities of the cluster' };
  await confirmNode({ confirm: 'node-1' }, io(), what);
  await confirmNode({ confirm: undefined }, io('node-1'), what);
  for (const [confirm, answer] of [
    [undefined, undefined],
    ['node-2', 'node-1'],
    [undefined, 'y'],
    [undefined, ''],
  ] as const) {
    const error = await t.throwsAsync(confirmNode({ confirm }, io(answer), what), { instanceOf: CertmendError });
    t.is(error.exit, 64);
    t.regex(error.message, /^nothing was changed/);
    t.is(error.hint, 'without a terminal: --confirm node-1');
  }
});
