import test, { type ExecutionContext } from 'ava';
import { readFileSync, writeFileSync } from 'node:fs';
import type { PrestartReport } from '../../src/report/document.ts';
import type { State } from '../../src/state/state.ts';
import { runBuilt } from '../cli/built.ts';
import { reissueLeaf } from '../fixtures/damage-pair.ts';
import { opensslExtension } from '../fixtures/openssl.ts';
import { day, type Tree } from '../fixtures/tree.ts';
import { temporaryTree } from './temporary-tree.ts';

/*
 * Names are never lost, whichever way a set goes live: a standby is ready only when it answers everything that is found
 * of the node now, and a person who brings an older set back is told what it lacks.
 */

const vip = 'vip.example.org';
const id = 'serving-kube-apiserver';
const statePath = '/var/lib/certmend/dynamic-cert.json';

async function run(t: ExecutionContext, tree: Tree, ...words: readonly string[]): Promise<PrestartReport> {
  const ended = await runBuilt(['--root', tree.root, '-o', 'json', ...words]);
  t.is(ended.status, 0, ended.stderr);
  return JSON.parse(ended.stdout) as PrestartReport;
}

function withName(tree: Tree): void {
  const { dnsNames } = tree.leaf(id);
  reissueLeaf(tree, id, { leaf: { dnsNames: [...dnsNames, vip] } });
}

function namesOf(tree: Tree): string {
  return opensslExtension(tree.host(tree.leaf(id).certificatePath), 'subjectAltName');
}

/** As a run would have recorded it that saw the certificate with the name. */
function record(tree: Tree): void {
  const state = JSON.parse(readFileSync(tree.host(statePath), 'utf8')) as State;
  const known = state.certificates[id];
  const certificates = { ...state.certificates, [id]: { ...known, dnsNames: [...(known?.dnsNames ?? []), vip] } };
  writeFileSync(tree.host(statePath), `${JSON.stringify({ ...state, certificates }, null, 2)}\n`);
}

const due = { notBefore: Date.now() - 300 * day, notAfter: Date.now() + 65 * day };

const ways: Readonly<Record<string, (tree: Tree) => void>> = {
  'is recorded and not on disk': record,
  'is on disk and not recorded yet': withName,
  'is on disk, in a certificate that is due, and not recorded yet': (tree) => {
    const { dnsNames } = tree.leaf(id);
    reissueLeaf(tree, id, { validity: due, leaf: { dnsNames: [...dnsNames, vip] } });
  },
};
for (const [way, change] of Object.entries(ways)) {
  test(`a standby is not ready while it lacks a name that ${way}`, async (t) => {
    const tree = temporaryTree(t, { leaf: 'fresh' });
    await run(t, tree, 'standby', 'prepare');
    change(tree);
    reissueLeaf(tree, 'client-admin', { validity: due });
    const shown = await runBuilt(['--root', tree.root, 'standby', 'verify']);
    t.not(shown.status, 0);
    t.true((shown.stdout + shown.stderr).includes(vip), shown.stdout + shown.stderr);
    const report = await run(t, tree, 'prestart', '--unit', 'rke2-server', '--strict');
    t.like(report, { decision: 'rotated', origin: 'issued' });
    t.true(namesOf(tree).includes(vip));
  });
}

test('a standby that answers every finding goes live as before', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  withName(tree);
  await run(t, tree, 'standby', 'prepare');
  record(tree);
  reissueLeaf(tree, id, { validity: due });
  const report = await run(t, tree, 'prestart', '--unit', 'rke2-server', '--strict');
  t.like(report, { decision: 'rotated', origin: 'standby' });
  t.true(report.reasons.some(({ code }) => code === 'SanMissing'));
  t.true(namesOf(tree).includes(vip));
});

test('rollback says which names the older set lacks, and brings it back all the same', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  // The first rotation keeps the set without the name; the second run learns it.
  await run(t, tree, 'rotate', '--yes');
  record(tree);
  await run(t, tree, 'rotate', '--yes');
  t.true(namesOf(tree).includes(vip));
  const report = await run(t, tree, 'rollback', '--yes');
  t.false(namesOf(tree).includes(vip));
  const told = report.reasons.filter(({ code }) => code === 'SanMissing');
  t.deepEqual(
    told.map((reason) => reason.id),
    [id],
  );
  t.true(told[0]?.message.includes(vip));
});
