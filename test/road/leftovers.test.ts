import test, { type ExecutionContext } from 'ava';
import { appendFileSync, chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { CheckReport, PrestartReport } from '../../src/report/document.ts';
import { runBuilt } from '../cli/built.ts';
import { emptyListener } from '../fixtures/damage-node.ts';
import { expired } from '../fixtures/damage-pair.ts';
import { opensslValidity } from '../fixtures/openssl.ts';
import { day, type Tree } from '../fixtures/tree.ts';
import { temporaryTree } from './temporary-tree.ts';

/* What lies about on real nodes: copies, an editor's marks, keys in the wrong file, a variable of the product. */

async function checked(tree: Tree): Promise<CheckReport> {
  const { stdout, stderr } = await runBuilt(['--root', tree.root, '-o', 'json', 'check']);
  if (stdout === '') throw new Error(stderr);
  return JSON.parse(stdout) as CheckReport;
}

function configure(tree: Tree, text: string): void {
  mkdirSync(tree.host('/etc/certmend'), { recursive: true });
  writeFileSync(tree.host('/etc/certmend/config.yaml'), text);
}

/** Expired copies in the places where people and the product leave them; their node paths. */
function leaveCopies(tree: Tree): readonly string[] {
  const tls = `${tree.dataDir}/server/tls`;
  const { certificatePath } = tree.leaf('client-admin');
  const whole = readFileSync(tree.host(certificatePath));
  expired(tree, 'client-admin');
  mkdirSync(tree.host(`${tls}/temporary-certs`), { recursive: true });
  const copies = [`${tls}/client-admin.crt.bak`, `${tls}/temporary-certs/apiserver.crt`, `${tls}/etcd/.hidden.crt`];
  for (const copy of copies) copyFileSync(tree.host(certificatePath), tree.host(copy));
  writeFileSync(tree.host(certificatePath), whole);
  return copies;
}

const globs: Readonly<Record<string, string>> = {
  'one pattern for a kind of name, one for a directory, one absolute':
    '["server/tls/*.bak", "server/tls/temporary-certs/", "/var/lib/rancher/rke2/server/tls/etcd/.h*.crt"]',
  'one for everything': '["server/**"]',
};
for (const [name, list] of Object.entries(globs)) {
  test(`leftovers that are acknowledged are no finding: ${name}`, async (t) => {
    const tree = temporaryTree(t, { leaf: 'fresh' });
    const copies = leaveCopies(tree);
    const before = await checked(tree);
    t.is(before.health.level, 'warning');
    t.deepEqual(before.health.reasons.map(({ id }) => id).toSorted(), copies.toSorted());
    configure(tree, `check:\n  acknowledged: ${list}\n`);
    const { health, certificates } = await checked(tree);
    t.deepEqual(health, { level: 'ok', reasons: [] });
    t.true(copies.every((path) => certificates.some((row) => row.path === path && row.status === 'EXPIRED')));
  });
}

test('leftovers are acknowledged by their own path only, and never what the node uses', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  const copies = leaveCopies(tree);
  configure(
    tree,
    'check:\n  acknowledged: ["server/*.bak", "tls/*", "server/tls/?.bak", "server/tls/client-admin.crt"]\n',
  );
  expired(tree, 'client-admin');
  const { health } = await checked(tree);
  t.deepEqual(health.reasons.map(({ id }) => id).toSorted(), ['client-admin', ...copies].toSorted());
});

const marks: Readonly<Record<string, Buffer>> = { 'a byte order mark': Buffer.from([0xef, 0xbb, 0xbf]) };
for (const [name, mark] of Object.entries(marks)) {
  for (const part of ['certificatePath', 'keyPath'] as const) {
    test(`${name} before the PEM of a ${part} is named, and the pair healed`, async (t) => {
      const tree = temporaryTree(t, { leaf: 'fresh' });
      const path = tree.leaf('serving-kube-apiserver')[part];
      writeFileSync(tree.host(path), Buffer.concat([mark, readFileSync(tree.host(path))]));
      const { health } = await checked(tree);
      t.deepEqual(
        health.reasons.map(({ code }) => code),
        [part === 'keyPath' ? 'KeyUnreadable' : 'LeafUnreadable'],
      );
      t.regex(health.reasons[0]?.message ?? '', /byte order mark/);
      const { status } = await runBuilt(['--root', tree.root, 'prestart', '--unit', 'rke2-server', '--strict']);
      t.is(status, 0);
      t.is((await checked(tree)).health.level, 'ok');
    });
  }
}

const keyHolders: Readonly<Record<string, (tree: Tree) => string>> = {
  'a leaf': (tree) => tree.leaf('client-admin').certificatePath,
  'an authority': (tree) => tree.authority('server-ca').certificatePath,
  'a file that no table knows': (tree) => `${tree.dataDir}/server/tls/both.pem`,
};
for (const [name, pathOf] of Object.entries(keyHolders)) {
  test(`a private key in the certificate file of ${name} is a finding while others can read it`, async (t) => {
    const tree = temporaryTree(t, { leaf: 'fresh' });
    const path = pathOf(tree);
    const { certificatePath, keyPath } = tree.leaf('client-admin');
    if (name.startsWith('a file')) copyFileSync(tree.host(certificatePath), tree.host(path));
    appendFileSync(tree.host(path), readFileSync(tree.host(keyPath)));
    chmodSync(tree.host(path), 0o644);
    const weak = async (): Promise<readonly string[]> =>
      (await checked(tree)).health.reasons
        .filter(({ code }) => code === 'WeakPermissions')
        .map(({ message }) => message.split(' ')[0] ?? '');
    t.deepEqual(await weak(), [path]);
    chmodSync(tree.host(path), 0o600);
    t.deepEqual(await weak(), []);
  });
}

async function lifeOf(t: ExecutionContext, days: string): Promise<{ readonly days: number; readonly doctor: string }> {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  mkdirSync(tree.host('/etc/default'), { recursive: true });
  appendFileSync(tree.host('/etc/default/rke2-server'), `CATTLE_NEW_SIGNED_CERT_EXPIRATION_DAYS=${days}\n`);
  expired(tree, 'client-admin');
  const { stdout } = await runBuilt([
    ...['--root', tree.root, '-o', 'json', 'prestart', '--unit', 'rke2-server', '--strict'],
  ]);
  t.is((JSON.parse(stdout) as PrestartReport).decision, 'rotated');
  const { notBefore, notAfter } = opensslValidity(tree.host(tree.leaf('client-admin').certificatePath));
  const doctor = await runBuilt(['--root', tree.root, 'doctor']);
  return { days: Math.round((notAfter - notBefore) / day), doctor: doctor.stdout };
}

test('the life that the product gives its own leaves by its environment is that of the ones certmend issues', async (t) => {
  const { days, doctor } = await lifeOf(t, '700');
  t.is(days, 700);
  t.regex(doctor, /ok +validity .*700 days/);
});

test('a life that would be due at once is not taken over, and doctor says why', async (t) => {
  const { days, doctor } = await lifeOf(t, '90');
  t.is(days, 365);
  t.regex(doctor, /validity .*EXPIRATION_DAYS=90/s);
});

test('a headline is not healthy above certificates that the product took away, until it has started', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  const gone = tree.leaves.filter(({ reissuedAtStart }) => !reissuedAtStart);
  for (const { certificatePath, keyPath } of gone) {
    rmSync(tree.host(certificatePath));
    rmSync(tree.host(keyPath));
  }
  const { health } = await checked(tree);
  t.is(health.level, 'warning');
  t.is(health.reasons.filter(({ code }) => code === 'LeafMissing').length, gone.length);
  const { status } = await runBuilt(['--root', tree.root, 'prestart', '--unit', 'rke2-server', '--strict']);
  t.is(status, 0, 'the product makes them');
});

test('an empty listener document is told as empty', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  emptyListener(tree);
  const { health } = await checked(tree);
  t.regex(health.reasons.map(({ message }) => message).join(), /dynamic-cert\.json is not a TLS secret: is empty/);
});
