import test from 'ava';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { CheckReport, PrestartReport } from '../../src/report/document.ts';
import type { RehearsalReport } from '../../src/report/rehearsal/rehearsal.ts';
import { runBuilt } from '../cli/built.ts';
import { authorityExtensions } from '../fixtures/authorities.ts';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { pemBlocks, signCertificates } from '../fixtures/sign.ts';
import { day, hour, type Tree } from '../fixtures/tree.ts';
import { ask, hook } from './ask.ts';
import { faultsOf } from './sound-node.ts';
import { temporaryTree } from './temporary-tree.ts';

/** The authorities with new dates and the key that they had, in every place where the product keeps them. */
function renewWithOldKeys(tree: Tree): void {
  for (const { id, certificatePath, keyPath, commonName } of tree.authorities) {
    const [key = ''] = pemBlocks(readFileSync(tree.host(keyPath), 'utf8'));
    const wish = { subject: `/CN=${commonName}`, key, extensions: authorityExtensions };
    const validity = { notBefore: tree.now - hour, notAfter: tree.now + 3000 * day };
    const [renewed = ''] = signCertificates([wish], { key }, validity, 0n);
    writeFileSync(tree.host(certificatePath), renewed);
    if (id.startsWith('etcd/') || id === 'request-header-ca') continue;
    writeFileSync(tree.host(`${tree.dataDir}/server/tls/${id}.nochain.crt`), renewed);
    writeFileSync(tree.host(`${tree.dataDir}/agent/${id}.crt`), renewed);
  }
}

for (const [title, end] of Object.entries({ 'has years left': 900, 'has ended': -1 })) {
  test(`authorities that were renewed with their old keys are no finding and no rotation, though the old one ${title}`, async (t) => {
    const now = Math.floor(Date.now() / day) * day;
    const authority = { notBefore: now - 2000 * day, notAfter: now + end * day };
    const tree = temporaryTree(t, { leaf: 'fresh', authority });
    renewWithOldKeys(tree);
    const check = await ask<CheckReport>(tree, 'check');
    t.deepEqual(check.document.health.reasons, []);
    // The product writes rke2.yaml anew at each start, with the authority that is there then.
    t.deepEqual(
      check.document.certificates
        .filter(({ id, status }) => status !== 'OK' && id !== 'rke2.yaml')
        .map(({ id, status, findings }) => [id, status, findings.join()]),
      [],
    );
    const before = fingerprintTree(`${tree.root}${tree.dataDir}`);
    const done = await ask<PrestartReport>(tree, ...hook);
    t.is(done.document.decision, 'nothing-to-do');
    t.deepEqual(changedPaths(before, fingerprintTree(`${tree.root}${tree.dataDir}`)), []);
    const standby = await ask<{ notAfter: string }>(tree, 'standby', 'prepare');
    t.is(standby.status, 0);
    t.true(Date.parse(standby.document.notAfter) > Date.now() + 360 * day);
    // One pair that is broken is mended under the renewed authority, beside twelve that carry the old one.
    writeFileSync(tree.host(tree.leaf('client-admin').certificatePath), '');
    t.is((await ask<PrestartReport>(tree, ...hook)).document.decision, 'repaired');
    t.is((await ask<CheckReport>(tree, 'check')).document.health.level, 'ok');
  });
}

test('leaves that were signed with an expired authority end with it in every column, and each expired row says why', async (t) => {
  const now = Math.floor(Date.now() / day) * day;
  const tree = temporaryTree(t, {
    leaf: 'fresh',
    authority: { notBefore: now - 2000 * day, notAfter: now - 3 * day },
  });
  const { document } = await ask<CheckReport>(tree, 'check');
  const expired = document.certificates.filter(({ status }) => status === 'EXPIRED');
  t.true(expired.length > 18);
  for (const { id, findings, effectiveNotAfter, residualSeconds } of expired) {
    t.true(findings.length > 0, `${id} has a finding`);
    t.is(effectiveNotAfter, new Date(now - 3 * day).toISOString().replace('.000Z', 'Z'), id);
    t.true((residualSeconds ?? 0) < 0, id);
  }
  const text = await runBuilt(['--root', tree.root, 'check']);
  const ends = new Date(now - 3 * day).toISOString().slice(0, 10);
  const rows = text.stdout.split('\n').filter((line) => line.includes('EXPIRED'));
  t.true(rows.length > 0 && rows.every((line) => line.includes(ends)), text.stdout);
});

test('rehearse on a clock behind everything says that the node would not come back, and waits for no clock', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  // A rehearsal that waited would be killed by the test's own limit.
  mkdirSync(tree.host('/etc/certmend'), { recursive: true });
  writeFileSync(tree.host('/etc/certmend/config.yaml'), 'clock: { maxWait: 68s }\nboot: { deadline: 70s }\n');
  const { status, document } = await ask<RehearsalReport>(tree, 'rehearse', '--at', '-400d');
  t.like(document, { decision: 'deferred', comesBack: false, clockWaitSeconds: 68 });
  t.is(status, 2);
  t.deepEqual(faultsOf(tree, { at: [Date.now()] }), []);
});

test('rehearse on a clock that runs ahead of good certificates says that the node would come back', async (t) => {
  const now = Math.floor(Date.now() / day) * day;
  const leaf = { notBefore: now - hour, notAfter: now + 3000 * day };
  const tree = temporaryTree(t, { leaf, authority: { notBefore: now - day, notAfter: now + 7000 * day } });
  await ask(tree, ...hook);
  const { document } = await ask<RehearsalReport>(tree, 'rehearse', '--at', '+1500d');
  t.like(document, { decision: 'deferred', comesBack: true });
});
