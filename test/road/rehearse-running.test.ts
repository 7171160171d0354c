import { createPublicKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { array, boolean, enum as oneOf, iso, literal, number, strictObject, string, unknown } from 'zod';
import type { RehearsalReport } from '../../src/report/rehearsal/rehearsal.ts';
import type { RunningRehearsalReport } from '../../src/report/rehearsal/running-rehearsal.ts';
import { rfc3339 } from '../../src/time/rfc3339.ts';
import { runBuilt, startBuilt } from '../cli/built.ts';
import { dayMs, endOf, hour, lifeOf, nodeOf, records, renewable, stateOf } from '../daemon/running-node.ts';
import { atRename } from '../fixtures/at-rename.ts';
import { emptyFile } from '../fixtures/damage.ts';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { openssl } from '../fixtures/openssl.ts';
import type { Tree } from '../fixtures/tree.ts';
import { ask } from './ask.ts';
import { temporaryTree } from './temporary-tree.ts';

/* What the daemon would do under a service that is not restarted: in a copy of the node, which is only read (P12). */

/** What RKE2's static pods have mounted one by one (products 1.7). */
const mounted = [
  'client-controller',
  'client-scheduler',
  'client-rke2-cloud-controller',
  'kube-scheduler/kube-scheduler',
  'kube-controller-manager/kube-controller-manager',
  'etcd/server-client',
  'etcd/peer-server-client',
];

const running = (tree: Tree, ...words: readonly string[]): ReturnType<typeof ask<RunningRehearsalReport>> =>
  ask<RunningRehearsalReport>(tree, 'rehearse', '--running', ...words);

const later = (end: number, days: number): string => rfc3339(end + days * dayMs);

function configure(tree: Tree, text: string): void {
  mkdirSync(tree.host('/etc/certmend'), { recursive: true });
  writeFileSync(tree.host('/etc/certmend/config.yaml'), text);
}

function pathsOf(tree: Tree, ids: readonly string[]): readonly string[] {
  return ids.map((id) => tree.leaf(id).certificatePath).toSorted();
}

/** All but the runtime directory, whose place of the copies is looked at by itself. */
function everything(tree: Tree): ReturnType<typeof fingerprintTree> {
  return fingerprintTree(tree.root, ['/run']);
}

function copiesOf(tree: Tree): readonly string[] {
  const place = tree.host('/run/certmend/rehearsals');
  return existsSync(place) ? readdirSync(place) : [];
}

test('rehearse --running says when the daemon renews, does nothing before that, and leaves the node byte for byte as it is', async (t) => {
  const { tree, end } = nodeOf(t);
  const before = everything(tree);
  const { status, document } = await running(tree);
  t.is(status, 0);
  t.like(document, { keepsRunning: true, renewals: [], stoppedAt: null, unit: 'rke2-server.service' });
  t.like(document.liveRenewal, { state: 'ahead', at: later(end, -30), first: 'client-admin', nextWindow: null });
  t.deepEqual(document.appointment, {
    first: 'client-admin',
    expires: rfc3339(end),
    from: later(end, -30),
    emergencyFrom: later(end, -7),
    at: later(end, -30),
  });
  t.true(Date.parse(document.at) - Date.parse(document.now) < 60_000);
  t.deepEqual(document.before, document.after);
  // What is renewed elsewhere while it runs, and what nobody renews then.
  t.deepEqual(
    document.left.map(({ what, id, before: date }) => [what, id, Math.abs(Date.parse(date) - end) < 2000]),
    [
      ['listener', 'dynamic-cert', true],
      ['agent', 'agent/client-kubelet', true],
      ['kubeconfig', 'rke2.yaml', true],
      ['authority', 'server-ca', false],
    ],
  );
  t.deepEqual(changedPaths(before, everything(tree)), []);
  t.deepEqual(copiesOf(tree), []);
});

test('rehearse --running until after that renews in the copy what the daemon then renews on the node, at the same instant, and touches nothing', async (t) => {
  const node = nodeOf(t);
  const { tree, end } = node;
  const before = everything(tree);
  const { status, document } = await running(tree, '--at', later(end, -25));
  t.is(status, 0, JSON.stringify(document.after));
  t.deepEqual(changedPaths(before, everything(tree)), []);
  t.deepEqual(copiesOf(tree), []);
  const [renewal, ...others] = document.renewals;
  t.deepEqual(others, []);
  t.like(renewal, { decision: 'renewed', phase: 'usual', hint: null });
  t.true(Math.abs(Date.parse(renewal?.at ?? '') - (end - 30 * dayMs)) < 60_000, renewal?.at);
  t.deepEqual(renewal?.inPlace.toSorted(), pathsOf(tree, mounted));

  await lifeOf(node, 30 + 1 / 24, []);
  t.is(stateOf(node).renewal, null);
  await lifeOf(node, 30 - 1 / 24, [hour]);
  t.is(stateOf(node).renewal?.outcome, 'confirmed');
  const renewed = changedPaths(before, everything(tree)).filter(
    (path) => path.endsWith('.crt') && path.startsWith(tree.dataDir),
  );
  t.deepEqual(renewal?.changed.toSorted(), renewed.toSorted());
  t.deepEqual(renewed.toSorted(), pathsOf(tree, renewable(node)));
  const told = records(node, 'decided').map(({ reason }) => reason);
  t.true(told.includes(renewal?.reasons[0]?.code));
});

test('the certificates of a rehearsed renewal are real: the keys of the node, its authorities, the time of the renewal', async (t) => {
  const { tree, end } = nodeOf(t);
  // Before the state is saved for the second time, which is in the commit: all files of the set are live in the copy then.
  const { child, ended } = startBuilt(
    ['--root', tree.root, 'rehearse', '--running', '--at', later(end, -25)],
    [],
    atRename('SIGSTOP', 2, '/certmend/dynamic-cert.json'),
  );
  t.teardown(() => child.kill('SIGKILL'));
  while (!/^\d+ \([^)]*\) T/.test(readFileSync(`/proc/${String(child.pid)}/stat`, 'utf8'))) await sleep(5);
  const [name = ''] = copiesOf(tree);
  const copy = join(tree.host('/run/certmend/rehearsals'), name);
  const leaves = tree.leaves.filter(({ reissuedAtStart }) => !reissuedAtStart);
  t.true(leaves.length >= 13);
  for (const { id, certificatePath, keyPath, issuer } of leaves) {
    const made = new X509Certificate(readFileSync(join(copy, certificatePath)));
    t.not(made.fingerprint256, new X509Certificate(readFileSync(tree.host(certificatePath))).fingerprint256, id);
    t.true(made.publicKey.equals(createPublicKey(readFileSync(tree.host(keyPath)))), id);
    t.true(Math.abs(Date.parse(made.validTo) - (end + 335 * dayMs)) < dayMs, `${id}: ${made.validTo}`);
    const authority = tree.host(tree.authority(issuer).certificatePath);
    const at = String(Math.floor((end - 25 * dayMs) / 1000));
    openssl(['verify', '-attime', at, '-CAfile', authority, join(copy, certificatePath)]);
  }
  child.kill('SIGCONT');
  t.is((await ended).status, 0);
  t.deepEqual(copiesOf(tree), []);
});

test('rehearse --running for longer than a process may hold what it has read says that the node does not, by when a restart is due, and what else is left', async (t) => {
  const { tree, end } = nodeOf(t);
  const { status, document } = await running(tree, '--at', later(end, 30));
  t.is(status, 2);
  t.false(document.keepsRunning);
  t.is(document.renewals.length, 1);
  // All but the listener, which the product renews while it runs.
  t.like(document.before, { expired: 13, certificates: 17 });
  t.like(document.after, { expired: 0, certificates: 17 });
  t.true(document.after.health.reasons.some(({ code }) => code === 'RestartDue'));
  t.true(document.notRehearsed.some((sentence) => sentence.startsWith('a server of the cluster signs the agent part')));
  t.false(document.after.health.reasons.some(({ code }) => code === 'ListenerExpired'));
  t.is(document.left[0]?.what, 'restart');
  const { stdout } = await runBuilt(['--root', tree.root, 'rehearse', '--running', '--at', later(end, 30)]);
  t.regex(stdout, /^the node would NOT keep running by itself$/m);
});

test('rehearse --running counts what a process goes on with that has read it at its start', async (t) => {
  const years = { notBefore: Date.now() - dayMs, notAfter: Date.now() + 3000 * dayMs };
  const { leaves } = temporaryTree(t, { product: 'rke2' });
  const atStart = leaves.filter(({ reissuedAtStart }) => reissuedAtStart);
  const exceptions = Object.fromEntries(atStart.map(({ id }) => [id, years]));
  const tree = temporaryTree(t, { product: 'rke2', exceptions });
  const end = endOf(tree, 'etcd/client');
  const well = await running(tree, '--at', later(end, -1));
  t.is(well.status, 0, JSON.stringify(well.document.after));
  t.deepEqual(
    well.document.left.filter(({ what }) => what === 'restart').map(({ id, before }) => [id, before]),
    [['etcd/client', rfc3339(end)]],
  );
  t.true(well.document.renewals[0]?.notes.some((note) => note.includes('etcd/client')));
  // It is renewed again and again on the disk, and no certificate there has ended: what the process holds has.
  const long = await running(tree, '--at', later(end, 700));
  t.is(long.document.renewals.length, 3);
  t.true(long.document.renewals.every(({ decision }) => decision === 'renewed'));
  t.is(long.document.after.expired, 0);
  t.false(long.document.keepsRunning);
  t.is(long.status, 2);
});

test('rehearse --running waits for a maintenance window, and in the last days for none', async (t) => {
  const { tree, end } = nodeOf(t);
  configure(tree, `maintenance: {windows: ['Sat 02:00-06:00 UTC']}\n`);
  const { document } = await running(tree, '--at', later(end, -20));
  const at = new Date(document.appointment?.at ?? 0);
  t.deepEqual([at.getUTCDay(), at.getUTCHours()], [6, 2]);
  t.true(at.getTime() > end - 30 * dayMs && at.getTime() < end - 22 * dayMs, at.toISOString());
  t.like(document.renewals[0], { decision: 'renewed', phase: 'usual' });
  t.true(Math.abs(Date.parse(document.renewals[0]?.at ?? '') - at.getTime()) < 120_000);

  configure(tree, `maintenance: {windows: ['02:00-02:01 UTC']}\nlive: {renewBefore: 4d, emergencyBefore: 4d}\n`);
  const late = await running(tree, '--at', later(end, -3));
  t.is(late.document.appointment?.at, late.document.appointment?.emergencyFrom);
  t.like(late.document.renewals[0], { decision: 'renewed', phase: 'emergency' });
  const { stdout } = await runBuilt(['--root', tree.root, 'rehearse', '--running', '--at', later(end, -3)]);
  t.regex(stdout, /from .* UTC on it waits for no maintenance window/);
  t.regex(stdout, /without waiting for a window: renewed with the existing keys/);
});

const refusals: readonly (readonly [
  name: string,
  make: (tree: Tree) => void,
  found: { readonly decision?: string; readonly code?: string; readonly says: RegExp },
])[] = [
  [
    'a damaged pair',
    (tree) => {
      emptyFile(tree, tree.leaf('etcd/client').certificatePath);
    },
    { decision: 'refused', code: 'RenewalUnfit', says: /RenewalUnfit: not renewed while the service runs: .*is empty/ },
  ],
  [
    'an authority whose key is another',
    (tree) => {
      const [client, server] = [tree.authority('client-ca').keyPath, tree.authority('server-ca').keyPath];
      writeFileSync(tree.host(client), readFileSync(tree.host(server)));
    },
    { decision: 'renewed', code: 'LeafRenewDue', says: /7 of 13 leaves are renewed with their existing keys/ },
  ],
  [
    'no authority that can sign',
    (tree) => {
      for (const { keyPath } of tree.authorities) if (keyPath !== '') rmSync(tree.host(keyPath), { force: true });
    },
    { says: /daemon {3}off: certificates are only renewed when the service starts/ },
  ],
  [
    'live.enabled: false',
    (tree) => {
      configure(tree, 'live: {enabled: false}\n');
    },
    { says: /daemon {3}off: certificates are only renewed when the service starts/ },
  ],
];
for (const [name, make, { decision, code, says }] of refusals) {
  test(`rehearse --running shows why a renewal is refused, and exits with 2: ${name}`, async (t) => {
    const { tree, end } = nodeOf(t);
    make(tree);
    const before = everything(tree);
    const { status, document } = await running(tree, '--at', later(end, 1));
    t.is(status, 2);
    t.false(document.keepsRunning);
    t.deepEqual(
      document.renewals.map((renewal) => [renewal.decision, renewal.reasons[0]?.code]),
      decision === undefined ? [] : [[decision, code]],
    );
    if (decision === 'refused') {
      t.deepEqual(document.renewals[0]?.changed, []);
      t.truthy(document.renewals[0]?.hint);
    }
    const { stdout } = await runBuilt(['--root', tree.root, 'rehearse', '--running', '--at', later(end, 1)]);
    t.regex(stdout, says);
    t.deepEqual(changedPaths(before, everything(tree)), []);
    t.deepEqual(copiesOf(tree), []);
  });
}

test('a refused renewal makes the exit status of rehearse --running 2 while nothing is critical yet', async (t) => {
  const { tree, end } = nodeOf(t);
  writeFileSync(tree.host('/etc/rancher/rke2/config.yaml.d/99-more.yaml'), 'tls-san+: [more.example.com]\n');
  const { status, document } = await running(tree, '--at', later(end, -29));
  t.like(document.after, { expired: 0, health: { level: 'warning' } });
  t.like(document.renewals[0], { decision: 'refused', hint: 'see: certmend why serving-kube-apiserver' });
  t.is(status, 2);
});

test('rehearse --running knows what was rolled back: the daemon does it once more in the last days', async (t) => {
  const node = nodeOf(t);
  const { tree, end } = node;
  node.is.health = (isOld) => (isOld ? { is: 'well' } : { is: 'ill', problem: 'answers with 500' });
  await lifeOf(node, 29, [hour]);
  t.is(stateOf(node).renewal?.outcome, 'rolled-back');
  const { document } = await running(tree, '--at', later(end, -5));
  t.is(document.liveRenewal.last?.outcome, 'rolled-back');
  t.deepEqual(
    document.renewals.map(({ phase, decision }) => [phase, decision]),
    [['emergency', 'renewed']],
  );
  t.true(Math.abs(Date.parse(document.renewals[0]?.at ?? '') - (end - 7 * dayMs)) < 120_000);
});

test('rehearse --running says what it could not ask, and what it assumes of it', async (t) => {
  const { tree, end } = nodeOf(t);
  const { document } = await running(tree, '--at', later(end, -25));
  t.deepEqual(document.service, { running: null, answering: null });
  const said = document.notRehearsed.join('\n');
  t.regex(said, /rke2-server\.service run until then.*could not be asked here/);
  t.regex(said, /ports 2379, 2380, 6443, 9345, 10250, 10257, 10259 answer then/);
  t.regex(said, /kube-apiserver on 6443\/readyz, etcd on 2382\/health/);
  t.regex(said, /healthy with the new certificates/);
  t.regex(said, /renews its listener/);
  const { stdout } = await runBuilt(['--root', tree.root, 'rehearse', '--running', '--at', later(end, -25)]);
  for (const sentence of document.notRehearsed) t.true(stdout.includes(sentence), sentence);
});

test('rehearse --running is about the future, and about a node whose configuration can be read', async (t) => {
  const { tree } = nodeOf(t);
  const past = await runBuilt(['--root', tree.root, 'rehearse', '--running', '--at', '-1d']);
  t.is(past.status, 64);
  t.regex(past.stderr, /is past/);
  t.deepEqual(copiesOf(tree), []);
  t.is((await runBuilt(['--root', tree.root, 'rehearse', '--running', '--at', '+0d'])).status, 0);
  writeFileSync(tree.host('/etc/rancher/rke2/config.yaml'), 'node-name: [\n');
  const weakened = await runBuilt(['--root', tree.root, 'rehearse', '--running']);
  t.is(weakened.status, 78, weakened.stdout);
  t.deepEqual(copiesOf(tree), []);
});

test('rehearse --running ends on a node that would be renewed every day, and says where it stopped', async (t) => {
  const { tree, end } = nodeOf(t);
  configure(tree, 'live: {renewBefore: 364d}\n');
  const { status, document } = await running(tree, '--at', later(end, 1));
  t.is(status, 2);
  t.is(document.renewals.length, 32);
  t.truthy(document.stoppedAt);
  t.true(Date.parse(document.stoppedAt ?? '') < end);
});

for (const [product, role] of [
  ['k3s', 'server'],
  ['rke2', 'agent'],
  ['k3s', 'agent'],
] as const) {
  test(`rehearse --running on ${product}-${role}`, async (t) => {
    const tree = temporaryTree(t, { product, role });
    const end = Math.min(...tree.leaves.map(({ id }) => endOf(tree, id)));
    const { document } = await running(tree, '--at', later(end, -20));
    t.is(document.layout, `${product}-${role}`);
    t.deepEqual(
      document.renewals.map(({ decision, inPlace }) => [decision, inPlace]),
      // K3s is one process, and an agent's certificates are signed elsewhere.
      role === 'server' ? [['renewed', []]] : [],
    );
    t.is(
      document.left.some(({ what }) => what === 'restart'),
      role === 'server',
    );
    t.true(document.left.some(({ what }) => what === 'agent'));
    t.true(document.keepsRunning);
  });
}

const state = strictObject({
  health: strictObject({ level: oneOf(['ok', 'warning', 'critical']), reasons: array(unknown()) }),
  expired: number(),
  remadeAtStart: number(),
  certificates: number(),
});
const time = iso.datetime();
const reason = strictObject({ code: string(), id: string().nullable(), message: string() });
const published = strictObject({
  apiVersion: literal('certmend/v1'),
  kind: literal('RunningRehearsalReport'),
  now: time,
  at: time,
  root: string(),
  layout: string(),
  unit: string(),
  keepsRunning: boolean(),
  service: strictObject({ running: boolean().nullable(), answering: array(number()).nullable() }),
  liveRenewal: strictObject({
    state: oneOf(['off', 'watching', 'ahead', 'due', 'waiting', 'given-up']),
    at: time.nullable(),
    waitsFor: oneOf(['window', 'budget', 'pause']).nullable(),
    first: string().nullable(),
    nextWindow: time.nullable(),
    recreatesPods: boolean(),
    last: unknown(),
  }),
  appointment: strictObject({
    first: string(),
    expires: time,
    from: time,
    emergencyFrom: time,
    at: time.nullable(),
  }).nullable(),
  before: state,
  renewals: array(
    strictObject({
      at: time,
      phase: oneOf(['usual', 'emergency']),
      decision: oneOf(['renewed', 'refused']),
      reasons: array(reason),
      hint: string().nullable(),
      changed: array(string()),
      inPlace: array(string()),
      notes: array(string()),
    }),
  ),
  stoppedAt: time.nullable(),
  after: state,
  left: array(
    strictObject({
      what: oneOf(['restart', 'listener', 'agent', 'kubeconfig', 'authority']),
      id: string(),
      before: time,
    }),
  ),
  notRehearsed: array(string()),
});

test('the document of rehearse --running has the fields that scripts rely on and no others, whatever came of it', async (t) => {
  const { tree, end } = nodeOf(t);
  const documents = [(await running(tree)).document, (await running(tree, '--at', later(end, -25))).document];
  emptyFile(tree, tree.leaf('etcd/client').certificatePath);
  documents.push((await running(tree, '--at', later(end, 1))).document);
  for (const document of documents) t.deepEqual<unknown, unknown>(published.parse(document), document);
});

test('rehearse without --running is what it was: its document, its text, its exit status', async (t) => {
  const { tree } = nodeOf(t);
  const { status, document } = await ask<RehearsalReport>(tree, 'rehearse', '--at', '+400d');
  t.is(status, 0);
  t.deepEqual(Object.keys(document), [
    'apiVersion',
    'kind',
    'at',
    'root',
    'layout',
    'comesBack',
    'clockWaitSeconds',
    'before',
    'decision',
    'origin',
    'reasons',
    'changed',
    'after',
  ]);
  const { stdout } = await runBuilt(['--root', tree.root, 'rehearse', '--at', '+400d']);
  t.deepEqual(
    stdout
      .replaceAll(/\d{4}-[\d-]+T[\d:.]+Z/g, 'TIME')
      .replaceAll(/\d+ days/g, 'N days')
      .split('\n'),
    [
      'rehearsal at TIME on a copy of rke2-server; the node was only read',
      '  before   critical: 14 of 18 certificates expired, 4 more that the service recreates as it starts',
      '  hook     rotated, from freshly issued material, 27 files',
      '             LeafExpired: /var/lib/rancher/rke2/server/tls/client-admin.crt expired N days ago, at TIME (and 12 more)',
      '             ListenerExpired: /var/lib/rancher/rke2/server/tls/dynamic-cert.json expired N days ago, at TIME',
      '  after    ok: 0 of 18 certificates expired, 5 more that the service recreates as it starts',
      'the node would come back by itself',
      '',
    ],
  );
});
