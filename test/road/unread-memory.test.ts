import test from 'ava';
import { readFileSync, writeFileSync } from 'node:fs';
import type { CheckReport, PrestartReport } from '../../src/report/document.ts';
import type { StatusReport } from '../../src/report/status.ts';
import type { State } from '../../src/state/state.ts';
import { program, startBuilt, type Ended } from '../cli/built.ts';
import { reissueLeaf } from '../fixtures/damage-pair.ts';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { opensslExtension } from '../fixtures/openssl.ts';
import { day, type Tree } from '../fixtures/tree.ts';
import { unreadable } from '../fixtures/unreadable.ts';
import { temporaryTree } from './temporary-tree.ts';

/* What is remembered outlives a disk that does not answer: the brake, the standby and names that no file has any more. */

const statePath = '/var/lib/certmend/dynamic-cert.json';
const id = 'serving-kube-apiserver';
const vip = 'vip.example.org';
const start = ['prestart', '--unit', 'rke2-server', '--strict'];

function run(tree: Tree, words: readonly string[], runtime: readonly string[] = []): Promise<Ended> {
  return startBuilt(['--root', tree.root, ...words], [], runtime, program).ended;
}

/** With a standby, a commit of an hour ago, and a name that is in no certificate. */
async function remembering(tree: Tree): Promise<Tree> {
  writeFileSync(tree.host('/etc/machine-id'), `${'0123456789abcdef'.repeat(2)}\n`);
  const prepared = await run(tree, ['standby', 'prepare']);
  if (prepared.status !== 0) throw new Error(prepared.stderr);
  const state = JSON.parse(readFileSync(tree.host(statePath), 'utf8')) as State;
  const known = state.certificates[id];
  const certificates = { ...state.certificates, [id]: { ...known, dnsNames: [...(known?.dnsNames ?? []), vip] } };
  const brake = { ...state.brake, commits: [new Date(Date.now() - day / 24).toISOString()] };
  writeFileSync(tree.host(statePath), `${JSON.stringify({ ...state, certificates, brake }, null, 2)}\n`);
  return tree;
}

const causes = [
  [statePath, 'EIO'],
  [statePath, 'EACCES'],
  [statePath, 'EMFILE'],
  ['/etc/machine-id', 'EIO'],
  ['/etc/machine-id', 'EACCES'],
] as const;

test('prestart that cannot read what it remembers, or whose machine it is on, changes nothing with exit 73, and the next one forgets nothing', async (t) => {
  const tree = await remembering(temporaryTree(t, { leaf: 'fresh' }));
  const validity = { notBefore: Date.now() - 300 * day, notAfter: Date.now() + 65 * day };
  reissueLeaf(tree, 'client-admin', { validity });
  const before = fingerprintTree(tree.root);
  for (const [path, errno] of causes) {
    const { status, stderr } = await run(tree, start, unreadable(path, errno));
    t.is(status, 73, stderr);
    t.true(stderr.includes(path) && stderr.includes(errno), stderr);
    const changed = changedPaths(before, fingerprintTree(tree.root));
    t.deepEqual(
      changed.filter((name) => !/^\/(run\/certmend\/|var\/lib\/certmend\/audit\.jsonl$)/.test(name)),
      [],
      `${errno} at ${path}`,
    );
  }
  const healed = await run(tree, ['-o', 'json', ...start]);
  t.is(healed.status, 0, healed.stderr);
  t.is((JSON.parse(healed.stdout) as PrestartReport).decision, 'rotated');
  t.true(opensslExtension(tree.host(tree.leaf(id).certificatePath), 'subjectAltName').includes(vip));
  const { brake } = JSON.parse(readFileSync(tree.host(statePath), 'utf8')) as State;
  t.is(brake.commits.length, 2);
});

test('status, generations, check and plan say of a memory that cannot be read that it cannot be read, not that it is empty', async (t) => {
  const tree = await remembering(temporaryTree(t, { leaf: 'fresh' }));
  const unread = unreadable(statePath, 'EIO');

  const json = await run(tree, ['-o', 'json', 'status'], unread);
  const report = JSON.parse(json.stdout) as StatusReport;
  t.is(json.status, 1, json.stderr);
  t.true(report.unread?.includes(statePath) === true && report.unread.includes('EIO'), json.stdout);
  const text = await run(tree, ['status'], unread);
  t.true(text.stdout.includes('cannot be read'), text.stdout);
  t.notRegex(text.stdout, /standby +none|0 of \d+ commits/);

  const listed = await run(tree, ['generations'], unread);
  t.is(listed.status, 73, listed.stderr);
  t.true(listed.stderr.includes(statePath) && listed.stderr.includes('EIO'), listed.stderr);
  t.regex(listed.stdout, /^ *1 /m);

  const checked = await run(tree, ['-o', 'json', 'check'], unread);
  const { health } = JSON.parse(checked.stdout) as CheckReport;
  t.true(
    health.reasons.some(({ code }) => code === 'StateUnread'),
    checked.stdout,
  );
  const planned = await run(tree, ['plan'], unread);
  t.is(planned.status, 73, planned.stderr);

  const readable = await run(tree, ['-o', 'json', 'status']);
  t.is((JSON.parse(readable.stdout) as StatusReport).unread, null);
});
