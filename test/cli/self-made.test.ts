import test from 'ava';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { authorityExtensions } from '../fixtures/authorities.ts';
import { newKey, signCertificates } from '../fixtures/sign.ts';
import { day, type Tree } from '../fixtures/tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { runBuilt } from './built.ts';

/*
 * K3s names its data directory by a hash, so its version is not known from files. Before May 2025 the scheduler and the
 * controller manager make their serving certificates themselves when they are given a cert-dir.
 */

const components = ['kube-scheduler/kube-scheduler', 'kube-controller-manager/kube-controller-manager'] as const;

/** What Kubernetes makes: an authority of one use, `<host>-ca@<seconds>`, and a leaf of the same host behind it. */
function makeItself(tree: Tree, id: string, issuer = 'node-1-ca@1700000000'): void {
  const validity = { notBefore: tree.now - 30 * day, notAfter: tree.now + 335 * day };
  const [authorityKey, key] = [newKey('rsa'), newKey('rsa')];
  const wish = { subject: `/CN=${issuer}`, key: authorityKey, extensions: authorityExtensions };
  const [certificate = ''] = signCertificates([wish], { key: authorityKey }, validity, 2n);
  const extensions = [
    'keyUsage=critical,digitalSignature,keyEncipherment',
    'extendedKeyUsage=serverAuth',
    'subjectAltName=DNS:node-1',
  ];
  const [leaf = ''] = signCertificates(
    [{ subject: '/CN=node-1@1700000000', key, extensions }],
    { key: authorityKey, certificate },
    validity,
    3n,
  );
  writeFileSync(tree.host(tree.leaf(id).certificatePath), leaf + certificate);
  writeFileSync(tree.host(tree.leaf(id).keyPath), key);
}

const bytesOf = (tree: Tree): readonly string[] =>
  components.flatMap((id) =>
    [tree.leaf(id).certificatePath, tree.leaf(id).keyPath].map((path) => readFileSync(tree.host(path), 'utf8')),
  );

test('check leaves a certificate that a component made itself alone where the version is not known', async (t) => {
  const tree = temporaryTree(t, { product: 'k3s' });
  for (const id of components) makeItself(tree, id);
  const { status, stdout } = await runBuilt(['--root', tree.root, 'check']);
  t.is(status, 0, stdout);
  t.notRegex(stdout, /IssuerMismatch|CRITICAL/);
});

test('prestart replaces what is expired and no certificate that a component made itself, one of them or both', async (t) => {
  const tree = temporaryTree(t, { product: 'k3s', leaf: 'expired' });
  makeItself(tree, components[0]);
  rmSync(tree.host(tree.leaf(components[1]).certificatePath));
  rmSync(tree.host(tree.leaf(components[1]).keyPath));
  makeItself(tree, components[1]);
  const before = bytesOf(tree);
  const hook = await runBuilt(['--root', tree.root, 'prestart', '--unit', 'k3s', '--strict']);
  t.is(hook.status, 0, hook.stdout + hook.stderr);
  t.deepEqual(bytesOf(tree), before);
});

test('check still refuses a certificate in that place whose issuer is another authority of the product', async (t) => {
  const tree = temporaryTree(t, { product: 'k3s' });
  makeItself(tree, components[0], 'k3s-server-ca@1500000000');
  const { status, stdout } = await runBuilt(['--root', tree.root, 'check']);
  t.is(status, 2, stdout);
  t.regex(stdout, /IssuerMismatch/);
});
