import test from 'ava';
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renewBundle, type RenewedBundle } from '../../../src/issue/authority/redate-bundle.ts';
import { parseCertificates, type Certificate } from '../../../src/x509/certificate.ts';
import { parsePrivateKeys } from '../../../src/x509/private-key.ts';
import { opensslExtension, opensslVerify } from '../../fixtures/openssl.ts';
import { inScratch, type KeyAlgorithm } from '../../fixtures/sign.ts';
import { day, hour, type ChainKind, type Tree } from '../../fixtures/tree.ts';
import { temporaryTree } from '../../road/temporary-tree.ts';
import type { ExecutionContext } from 'ava';

/* New dates for authorities that openssl made; openssl is asked what it thinks of them. */

function expiredTree(t: ExecutionContext, options: { chain?: ChainKind; algorithm?: KeyAlgorithm } = {}): Tree {
  const now = Math.floor(Date.now() / day) * day;
  return temporaryTree(t, {
    now,
    authority: { notBefore: now - 3660 * day, notAfter: now - 10 * day },
    leaf: { notBefore: now - 400 * day, notAfter: now - 20 * day },
    ...options,
  });
}

function renewed(tree: Tree, id: string, change: { keys?: string; now?: number } = {}): RenewedBundle {
  const { certificatePath, keyPath } = tree.authority(id);
  const now = change.now ?? tree.now;
  const keys = parsePrivateKeys(Buffer.from(change.keys ?? readFileSync(tree.host(keyPath), 'utf8')));
  return renewBundle({
    certificates: certificatesOf(readFileSync(tree.host(certificatePath))),
    keys: keys.ok ? keys.value : [],
    now,
    endsBy: now + 30 * day,
  });
}

function certificatesOf(pem: Buffer): readonly Certificate[] {
  const parsed = parseCertificates(pem);
  if (!parsed.ok) throw new Error(parsed.problems.join());
  return parsed.value;
}

for (const algorithm of ['ec', 'ec384', 'rsa'] as const) {
  test(`renewBundle gives an authority (${algorithm}) new dates and nothing else`, (t) => {
    const tree = expiredTree(t, { algorithm });
    const { certificatePath } = tree.authority('server-ca');
    const [before] = certificatesOf(readFileSync(tree.host(certificatePath)));
    const bundle = renewed(tree, 'server-ca');
    if (!bundle.ok || before === undefined) {
      t.fail(bundle.ok ? 'no certificate' : bundle.problem);
      return;
    }
    const [after, ...others] = certificatesOf(bundle.pem);
    t.is(others.length, 0);
    t.deepEqual(after?.subjectDer, before.subjectDer);
    t.deepEqual(after?.issuerDer, before.issuerDer);
    t.deepEqual(after?.spkiDer, before.spkiDer);
    t.is(after?.serialHex, before.serialHex);
    t.is(after?.subjectKeyIdentifier, before.subjectKeyIdentifier);
    t.is(after?.notBefore, tree.now - hour);
    t.is(after?.notAfter, tree.now - hour + 3650 * day);
    inScratch((directory) => {
      const file = join(directory, 'ca.pem');
      writeFileSync(file, bundle.pem);
      for (const name of ['basicConstraints', 'keyUsage', 'subjectKeyIdentifier', 'authorityKeyIdentifier'])
        t.is(opensslExtension(file, name), opensslExtension(tree.host(certificatePath), name), name);
      // A leaf that was signed before the end of its authority, when both were good.
      const leafFile = tree.host(tree.leaf('serving-kube-apiserver').certificatePath);
      const at = tree.now - 30 * day;
      t.true(opensslVerify({ ca: tree.host(certificatePath), leafFile, purpose: 'sslserver', at }).ok);
      t.false(opensslVerify({ ca: tree.host(certificatePath), leafFile, purpose: 'sslserver', at: tree.now }).ok);
      const x509 = new X509Certificate(bundle.pem);
      t.true(x509.verify(x509.publicKey));
      t.true(new X509Certificate(readFileSync(leafFile)).verify(x509.publicKey));
    });
  });
}

test('renewBundle renews intermediate and root of a rotated set, and leaves what the old root signed', (t) => {
  const tree = expiredTree(t, { chain: 'four' });
  // Twenty years on the root has ended too.
  const now = tree.now + 7400 * day;
  const bundle = renewed(tree, 'server-ca', { now });
  t.true(bundle.ok);
  if (!bundle.ok) return;
  const before = certificatesOf(readFileSync(tree.host(tree.authority('server-ca').certificatePath)));
  t.deepEqual(
    bundle.renewed.map(({ before: old }) =>
      before.indexOf(before.find((one) => one.fingerprint256 === old.fingerprint256) ?? old),
    ),
    [1, 0],
  );
  const after = certificatesOf(bundle.pem);
  t.is(after.length, 4);
  t.deepEqual(
    [after[2]?.fingerprint256, after[3]?.fingerprint256],
    [before[2]?.fingerprint256, before[3]?.fingerprint256],
  );
  const [signer, root] = after.map(({ x509 }) => x509);
  t.true(signer?.verify(root?.publicKey ?? signer.publicKey));
  t.true(root?.verify(root.publicKey));
  t.true((after[0]?.notAfter ?? 0) <= (after[1]?.notAfter ?? 0));
});

test('renewBundle renews the intermediate alone while the root is good, and not beyond its end', (t) => {
  const tree = expiredTree(t, { chain: 'four' });
  const bundle = renewed(tree, 'server-ca');
  t.true(bundle.ok);
  if (!bundle.ok) return;
  t.is(bundle.renewed.length, 1);
  t.true((bundle.certificates[0]?.notAfter ?? 0) <= (bundle.certificates[1]?.notAfter ?? 0));
});

for (const chain of ['no-root', 'expired-upper', 'path-length'] as const) {
  test(`renewBundle refuses an authority whose own authority has its key elsewhere (${chain})`, (t) => {
    const bundle = renewed(expiredTree(t, { chain }), 'server-ca');
    t.false(bundle.ok);
    t.regex(bundle.ok ? '' : bundle.problem, /the key of that is not in the authority's key file/);
  });
}

test('renewBundle refuses a key file without the key of the first certificate', (t) => {
  const tree = expiredTree(t);
  const keys = readFileSync(tree.host(tree.authority('client-ca').keyPath), 'utf8');
  const bundle = renewed(tree, 'server-ca', { keys });
  t.false(bundle.ok);
});

test('renewBundle is as the product: the leaf of before and the leaf of after are signed by the same key', (t) => {
  const tree = expiredTree(t);
  const bundle = renewed(tree, 'etcd/server-ca');
  if (!bundle.ok) {
    t.fail(bundle.problem);
    return;
  }
  const spki = (pem: Buffer): string =>
    createHash('sha256')
      .update(certificatesOf(pem)[0]?.spkiDer ?? '')
      .digest('hex');
  t.is(spki(bundle.pem), spki(readFileSync(tree.host(tree.authority('etcd/server-ca').certificatePath))));
});
