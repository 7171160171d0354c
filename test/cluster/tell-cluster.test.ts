import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { jsonText } from '../../src/disk/json-text.ts';
import type { State } from '../../src/state/state.ts';
import { memoryOf, reporterOf, type Reporter } from './reporter.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

const pairFile = '/var/lib/certmend/cluster/client.pem';

function conditionOf({ server }: Reporter): Readonly<Record<string, unknown>> | undefined {
  return server.node.conditions.find(({ type }) => type === 'CertificatesHealthy');
}

function eventsOf({ server }: Reporter): readonly string[] {
  return [...server.events.values()].map(({ reason, count }) => `${String(reason)} ${String(count)}`);
}

test('a server tells of the node as its kubelet and of the certificates as a user of its own, and then nothing more', async (t) => {
  const reporter = await reporterOf(t);
  const { tree, server } = reporter;
  t.like(await reporter.tell(), { news: 'told' });
  t.is(server.node.labels['certmend.io/certificates'], 'ok');
  t.like(conditionOf(reporter), { status: 'True', reason: 'CertificatesHealthy' });
  t.is(server.node.conditions.length, 2);
  const asked = reporter.asked();
  for (const line of asked)
    t.regex(line, line.includes('/apis/certmend.io') ? / certmend:node-1$/ : / system:node:node-1$/);
  const one = server.objects.get('node-1.client-admin');
  t.like(one, {
    metadata: { ownerReferences: [{ kind: 'Node', name: 'node-1', uid: 'uid-1' }] },
    spec: { nodeName: 'node-1', entry: 'client-admin', role: 'leaf' },
    status: { status: 'OK', reason: '', subject: 'system:admin' },
  });
  const leaf = new X509Certificate(readFileSync(tree.host(tree.leaf('client-admin').certificatePath)));
  const { fingerprint256, serial } = one?.['status'] as Record<string, string>;
  t.is(fingerprint256, leaf.fingerprint256.replaceAll(':', '').toLowerCase());
  t.is(serial?.toLowerCase(), leaf.serialNumber.toLowerCase());
  t.notRegex(jsonText([...server.objects.values()]), /BEGIN|PRIVATE/);

  t.like(await reporter.tell(), { news: undefined });
  t.deepEqual(reporter.asked(), []);
  t.is(statSync(tree.host(pairFile)).mode & 0o777, 0o600);
  t.is(statSync(tree.host('/var/lib/certmend/cluster')).mode & 0o777, 0o700);
});

test('an agent tells both as its kubelet, and makes no pair', async (t) => {
  const reporter = await reporterOf(t, 'agent');
  t.like(await reporter.tell(), { news: 'told' });
  t.true(reporter.asked().every((line) => line.endsWith(' system:node:node-2')));
  t.true(reporter.server.objects.has('node-2.agent-client-kubelet'));
  t.false(existsSync(reporter.tree.host(pairFile)));
});

test('at level node no certificate is told of, and what was told at the other level is taken away', async (t) => {
  const reporter = await reporterOf(t);
  await reporter.tell('node');
  t.is(reporter.server.objects.size, 0);
  t.false(existsSync(reporter.tree.host(pairFile)));
  await reporter.tell('certificates');
  t.true(reporter.server.objects.size > 20);
  await reporter.tell('node');
  t.is(reporter.server.objects.size, 0);
});

test('what is switched off is taken back, and forgotten with its pair, whatever the cluster has of it', async (t) => {
  const reporter = await reporterOf(t);
  const { server, tree } = reporter;
  await reporter.tell();
  server.is.hasResource = false;
  t.like(await reporter.tell('off'), { news: 'withdrawn', memory: null });
  t.deepEqual(server.node.labels, {});
  t.is(conditionOf(reporter), undefined);
  t.is(server.node.conditions.length, 1);
  t.false(existsSync(tree.host(pairFile)));
  reporter.asked();
  t.is(await reporter.tell('off'), undefined);
  t.deepEqual(reporter.asked(), []);
});

test('only what differs is written: one certificate, or what somebody else has changed, deleted or added', async (t) => {
  const reporter = await reporterOf(t);
  const { server } = reporter;
  await reporter.tell();
  reporter.asked();
  const name = 'node-1.client-admin';
  const before = server.objects.get(name)?.['status'] as { conditions: { lastTransitionTime: string }[] };
  server.objects.set(name, { ...server.objects.get(name), status: { ...before, reason: 'Somebody' } });
  server.objects.delete('node-1.client-controller');
  server.objects.set('node-1.gone', { metadata: { name: 'node-1.gone' }, spec: { nodeName: 'node-1' } });
  server.objects.set('node-9.mine', { metadata: { name: 'node-9.mine' }, spec: { nodeName: 'node-9' } });
  server.node.labels = {};
  t.deepEqual((await reporter.tell('certificates', { inMs: 5 * hourMs }))?.news, undefined);
  t.deepEqual(reporter.asked(), []);
  await reporter.tell('certificates', { isWhole: true });
  const writes = reporter.asked().filter((line) => !line.startsWith('GET'));
  t.deepEqual(
    writes.map((line) => line.split(' ').slice(0, 2).join(' ')),
    [
      'PATCH /api/v1/nodes/node-1',
      `PATCH /apis/certmend.io/v1alpha1/nodecertificates/${name}/status`,
      'PATCH /apis/certmend.io/v1alpha1/nodecertificates/node-1.client-controller',
      'PATCH /apis/certmend.io/v1alpha1/nodecertificates/node-1.client-controller/status',
      'DELETE /apis/certmend.io/v1alpha1/nodecertificates/node-1.gone',
    ],
  );
  const after = server.objects.get(name)?.['status'] as typeof before & { reason: string };
  t.is(after.reason, '');
  t.deepEqual(
    after.conditions.map(({ lastTransitionTime }) => lastTransitionTime),
    before.conditions.map(({ lastTransitionTime }) => lastTransitionTime),
  );
  t.true(server.objects.has('node-9.mine'));
});

test('every six hours all of it is compared: an API server may have been restored from a backup', async (t) => {
  const reporter = await reporterOf(t);
  await reporter.tell();
  reporter.server.objects.clear();
  reporter.server.node.conditions = [];
  await reporter.tell('certificates', { inMs: 6 * hourMs + 1000 });
  t.true(reporter.server.objects.size > 20);
  t.like(conditionOf(reporter), { status: 'True' });
});

test('trouble is one series of Events that is repeated each half hour, and one when it is over', async (t) => {
  const reporter = await reporterOf(t);
  const { tree } = reporter;
  await reporter.tell();
  t.deepEqual(eventsOf(reporter), []);
  const file = tree.host(`${tree.dataDir}/server/cred/supervisor.kubeconfig`);
  renameSync(file, `${file}.away`);
  for (const inMs of [0, 60_000, 20 * 60_000, 31 * 60_000, 40 * 60_000, 62 * 60_000])
    await reporter.tell('node', { inMs });
  t.deepEqual(eventsOf(reporter), ['CertificateFault 3']);
  t.like([...reporter.server.events.values()][0], {
    type: 'Warning',
    involvedObject: { kind: 'Node', name: 'node-1', uid: 'node-1' },
    source: { component: 'certmend' },
  });
  t.not(reporter.server.node.labels['certmend.io/certificates'], 'ok');
  t.like(conditionOf(reporter), { reason: 'KubeconfigMissing' });
  // An Event is forgotten after an hour.
  reporter.server.events.clear();
  await reporter.tell('node', { inMs: 95 * 60_000 });
  t.deepEqual(eventsOf(reporter), ['CertificateFault 4']);
  renameSync(`${file}.away`, file);
  for (const inMs of [96 * 60_000, 97 * 60_000]) await reporter.tell('node', { inMs });
  t.deepEqual(eventsOf(reporter), ['CertificateFault 4', 'CertificateFaultOK 1']);
  t.is(reporter.server.node.labels['certmend.io/certificates'], 'ok');
});

test('a set that is about to end is due, then critical, by the names that K3s gives its own Events', async (t) => {
  const reporter = await reporterOf(t);
  const ends = Date.parse(
    new X509Certificate(readFileSync(reporter.tree.host(reporter.tree.leaf('client-admin').certificatePath))).validTo,
  );
  const left = (days: number): number => ends - Date.now() - days * dayMs;
  await reporter.tell('node');
  await reporter.tell('certificates', { inMs: left(60) });
  t.true(eventsOf(reporter).includes('CertificateExpirationWarning 1'));
  t.like((reporter.server.objects.get('node-1.client-admin')?.['status'] as { conditions: unknown[] }).conditions[1], {
    type: 'RenewalDue',
    status: 'True',
    reason: 'LeafRenewDue',
  });
  await reporter.tell('certificates', { inMs: left(-1) });
  t.is(reporter.server.node.labels['certmend.io/certificates'], 'critical');
  t.like(conditionOf(reporter), { status: 'False' });
  t.like(reporter.server.objects.get('node-1.client-admin')?.['status'], { status: 'EXPIRED', reason: 'LeafExpired' });
});

test('certificates that were replaced are one Event, and so is a renewal that was taken back', async (t) => {
  const reporter = await reporterOf(t);
  const { tree } = reporter;
  await reporter.tell();
  const [one, other] = ['client-admin', 'client-supervisor'].map((id) => tree.host(tree.leaf(id).certificatePath));
  writeFileSync(one ?? '', readFileSync(other ?? ''));
  const at = '2026-11-28T00:00:00Z';
  const taken = {
    generation: 1,
    at,
    invocation: null,
    phase: 'usual',
    end: null,
    answered: [],
    well: [],
    heldUntil: null,
  } as const;
  const state = { state: (known: State): State => ({ ...known, renewal: { ...taken, outcome: 'rolled-back' } }) };
  await reporter.tell('certificates', state);
  await reporter.tell('certificates', { ...state, inMs: 60_000 });
  t.deepEqual(
    eventsOf(reporter).filter((line) => !line.startsWith('CertificateFault')),
    ['CertificateUpdated 1', 'CertificateUpdateFailed 1'],
  );
});

test('an API server that is away is asked again at growing intervals, and told once what has changed when it is back', async (t) => {
  const reporter = await reporterOf(t);
  const { tree, server } = reporter;
  await reporter.tell();
  const file = tree.host(`${tree.dataDir}/server/cred/supervisor.kubeconfig`);
  renameSync(file, `${file}.away`);
  server.is.refuses = { pattern: /./, status: 503 };
  reporter.asked();
  const waits: (number | undefined)[] = [];
  for (let attempt = 1; attempt <= 8; attempt += 1) {
    const told = await reporter.tell('certificates', { inMs: attempt * 60_000 });
    t.is(told?.news, attempt === 1 ? 'failed' : undefined);
    t.like(told?.memory?.failed, { code: 'ClusterUnreachable', attempts: attempt });
    waits.push(told?.againMs);
  }
  t.deepEqual(waits, [15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 900_000]);
  // The first refusal ends an attempt: one request, not one for each certificate.
  t.is(reporter.asked().length, 8);
  server.is.refuses = undefined;
  t.like(await reporter.tell('certificates', { inMs: dayMs }), { news: 'told' });
  t.deepEqual(eventsOf(reporter), ['CertificateFault 1']);
  t.is(memoryOf(reporter)['failed'], null);
});

test('what the cluster refuses is said with what to do, and what could be told without it is told, once', async (t) => {
  const reporter = await reporterOf(t);
  const { tree, server } = reporter;
  const file = tree.host(`${tree.dataDir}/server/cred/supervisor.kubeconfig`);
  renameSync(file, `${file}.away`);
  for (const [name, refuses, hasResource] of [
    ['no right', { pattern: /^GET \/apis/, status: 403 }, true],
    ['no resource', undefined, false],
  ] as const) {
    Object.assign(server.is, { refuses, hasResource });
    const told = await reporter.tell();
    t.like(
      told?.memory?.failed,
      { code: 'ClusterRefused', hint: 'certmend cluster manifest | kubectl apply -f -' },
      name,
    );
  }
  t.deepEqual(eventsOf(reporter), ['CertificateFault 1']);
  t.like(conditionOf(reporter), { reason: 'KubeconfigMissing' });
  Object.assign(server.is, { refuses: undefined, hasResource: true });
  t.like(await reporter.tell(), { news: 'told' });
  t.deepEqual(eventsOf(reporter), ['CertificateFault 1']);
});

test('a node that is not registered yet, and answers that are none, are an API server that is not ready', async (t) => {
  const reporter = await reporterOf(t);
  reporter.server.is.hasNode = false;
  t.like((await reporter.tell())?.memory?.failed, { code: 'ClusterUnreachable' });
  reporter.server.is.hasNode = true;
  for (const garbage of ['', 'no json', '[]', '{"metadata":[],"status":7}', '{"metadata":{"uid":5}}']) {
    reporter.server.is.garbage = garbage;
    t.like((await reporter.tell())?.memory?.failed, { code: 'ClusterUnreachable' }, garbage);
  }
  // A list that is none: everything is applied.
  reporter.server.is.garbage = '{"metadata":{"uid":"u"},"items":{"a":1},"status":{"conditions":[null,7,"x"]}}';
  t.like(await reporter.tell(), { news: 'told' });
});

test('the pair of a server is made anew before its end, for another authority, and when it is damaged; a killed writer leaves nothing', async (t) => {
  const reporter = await reporterOf(t);
  const { tree } = reporter;
  const serial = (): string => new X509Certificate(readFileSync(tree.host(pairFile))).serialNumber;
  await reporter.tell();
  const first = serial();
  const shown = new X509Certificate(readFileSync(tree.host(pairFile)));
  t.is(shown.subject, 'O=certmend\nCN=certmend:node-1');
  t.deepEqual(shown.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  t.true(Date.parse(shown.validTo) - Date.now() < 31 * dayMs);
  await reporter.tell('certificates', { inMs: 19 * dayMs });
  t.is(serial(), first);
  await reporter.tell('certificates', { inMs: 21 * dayMs });
  const second = serial();
  t.not(second, first);
  writeFileSync(tree.host(pairFile), readFileSync(tree.host(pairFile)).subarray(0, 500));
  writeFileSync(tree.host('/var/lib/certmend/cluster/.client.pem.certmend-0011223344556677'), 'half a key');
  t.like(await reporter.tell('certificates', { isWhole: true, inMs: 21 * dayMs }), { news: undefined });
  t.not(serial(), second);
  t.false(existsSync(tree.host('/var/lib/certmend/cluster/.client.pem.certmend-0011223344556677')));
});

test('without the key of the client authority a server says so, and tells of the node all the same', async (t) => {
  const reporter = await reporterOf(t);
  const { tree } = reporter;
  rmSync(tree.host(tree.authority('client-ca').keyPath));
  t.like((await reporter.tell())?.memory?.failed, { code: 'AuthorityUnusable' });
  t.not(conditionOf(reporter), undefined);
});

test('what is remembered and cannot be read is told anew, and nothing twice that is there', async (t) => {
  const reporter = await reporterOf(t);
  await reporter.tell();
  reporter.asked();
  writeFileSync(reporter.tree.host('/var/lib/certmend/cluster/told.json'), '{"schema":9}');
  t.like(await reporter.tell(), { news: 'told' });
  t.deepEqual(
    reporter.asked().filter((line) => !line.startsWith('GET')),
    [],
  );
});
