import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { program, type Ended } from '../scenarios/certmend.ts';
import { auditOf, configure, startDaemon, type Daemon } from './daemon.ts';
import type { ControlPlane } from './start.ts';
import { until } from './until.ts';

/** Of cert-manager as far as names go: its group, its plural and its short names. */
const certManager = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'certificates.cert-manager.io' },
  spec: {
    group: 'cert-manager.io',
    scope: 'Namespaced',
    names: {
      kind: 'Certificate',
      listKind: 'CertificateList',
      plural: 'certificates',
      singular: 'certificate',
      shortNames: ['cert', 'certs'],
      categories: ['cert-manager'],
    },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

/**
 * A node tells the real API server, with RBAC and NodeRestriction: what an operator sees of it, what a node may not do to another
 * one, and that the daemon goes on whatever happens to what it has written, and to the API server.
 */
export async function clusterSeesCertificates(plane: ControlPlane): Promise<string> {
  const { tree } = plane;
  const nodes = [tree.nodeName, 'other'].map((name) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } }));
  await apply(plane, 'nodes', { apiVersion: 'v1', kind: 'List', items: nodes });
  await configure(plane, 'live: { enabled: false }\ncluster: { report: certificates }');
  // Without the compiler of JavaScript, as the unit starts it.
  const daemon = startDaemon(plane, { NODE_OPTIONS: '--jitless' });
  try {
    await isToldOfTheNode(plane);
    await asks(plane, 'cluster', 'status').then(({ status, stdout }) => {
      assert.equal(status, 1, stdout);
      assert.match(stdout, /ClusterRefused: .*certmend:node-1[\s\S]*certmend cluster manifest \| kubectl apply -f -/);
    });
    const seconds = await isInstalled(plane, daemon);
    await printsTheTable(plane);
    await leavesCertManagerAlone(plane);
    await keepsToItsOwn(plane);
    await tellsOfAFault(plane, daemon);
    await takesBackWhatOthersWrote(plane, daemon);
    await goesOn(plane, daemon);
    const all = await objects(plane);
    await configure(plane, 'live: { enabled: false }');
    daemon.reload();
    await until('all of it is withdrawn', async () => (await objects(plane)).length === 0, 500);
    const { label, condition } = await nodeOf(plane);
    assert.deepEqual([label, condition], [undefined, undefined]);
    return `${String(all.length)} certificates in kubectl get certificates ${String(seconds)} s after the manifest; cert-manager keeps its name; a node writes its own objects only`;
  } finally {
    await daemon.end();
  }
}

async function asks(plane: ControlPlane, ...words: readonly string[]): Promise<Ended> {
  return await plane.exec([process.execPath, program, ...words]);
}

async function apply(plane: ControlPlane, name: string, document: unknown): Promise<void> {
  const file = join(plane.scratch, `${name}.json`);
  writeFileSync(file, JSON.stringify(document));
  const { status, stderr } = await plane.kubectl('apply', '-f', file);
  assert.equal(status, 0, stderr);
}

async function applyManifest(plane: ControlPlane): Promise<void> {
  const { stdout } = await asks(plane, 'cluster', 'manifest');
  const file = join(plane.scratch, 'manifest.yaml');
  writeFileSync(file, stdout);
  const { status, stderr } = await plane.kubectl('apply', '-f', file);
  assert.equal(status, 0, stderr);
  const established = await plane.kubectl(
    ...['wait', '--for=condition=Established', '--timeout=30s', 'crd/nodecertificates.certmend.io'],
  );
  assert.equal(established.status, 0, established.stderr);
  // Established, and still not served for a moment: the daemon would wait for its next attempt.
  await until('it is served', async () => (await plane.kubectl('get', 'ncert')).status === 0, 250);
}

interface SeenNode {
  readonly label: string | undefined;
  readonly condition: { readonly status: string; readonly reason: string; readonly message: string } | undefined;
}

async function nodeOf(plane: ControlPlane): Promise<SeenNode> {
  const { stdout } = await plane.kubectl('get', 'node', plane.tree.nodeName, '-o', 'json');
  const node = JSON.parse(stdout) as {
    metadata: { labels?: Record<string, string> };
    status: { conditions?: { type: string; status: string; reason: string; message: string }[] };
  };
  const condition = node.status.conditions?.find(({ type }) => type === 'CertificatesHealthy');
  return { label: node.metadata.labels?.['certmend.io/certificates'], condition };
}

/** Without anything installed, with the pair of the kubelet. */
async function isToldOfTheNode(plane: ControlPlane): Promise<void> {
  await until('the Node has the condition', async () => (await nodeOf(plane)).condition !== undefined, 500);
  const { label, condition } = await nodeOf(plane);
  assert.equal(label, 'ok');
  assert.deepEqual([condition?.status, condition?.reason], ['True', 'CertificatesHealthy']);
  const { stdout } = await plane.kubectl('get', 'nodes', '-l', 'certmend.io/certificates=ok', '-o', 'name');
  assert.equal(stdout.trim(), `node/${plane.tree.nodeName}`);
}

async function isInstalled(plane: ControlPlane, daemon: Daemon): Promise<number> {
  await applyManifest(plane);
  const begun = performance.now();
  daemon.reload();
  await until('the objects are there', async () => (await asks(plane, 'cluster', 'status')).status === 0, 500);
  const line = ['stat', '-c', '%a %U', '/var/lib/certmend/cluster', '/var/lib/certmend/cluster/client.pem'];
  assert.equal((await plane.exec(line)).stdout, '700 root\n600 root\n');
  const shown = await plane.exec([
    ...['openssl', 'x509', '-noout', '-subject', '-nameopt', 'RFC2253', '-in', '/var/lib/certmend/cluster/client.pem'],
  ]);
  assert.equal(shown.stdout.trim(), `subject=CN=certmend:${plane.tree.nodeName},O=certmend`);
  return Math.round((performance.now() - begun) / 1000);
}

interface Shown {
  readonly metadata: { readonly name: string; readonly ownerReferences: readonly { readonly name: string }[] };
  readonly spec: { readonly nodeName: string; readonly entry: string };
  readonly status: Readonly<Record<string, unknown>>;
}

async function objects(plane: ControlPlane): Promise<readonly Shown[]> {
  const { stdout, stderr } = await plane.kubectl('get', 'ncert', '-o', 'json');
  assert.ok(stdout !== '', stderr);
  return (JSON.parse(stdout) as { items: Shown[] }).items;
}

async function printsTheTable(plane: ControlPlane): Promise<void> {
  const { nodeName } = plane.tree;
  const { stdout, stderr } = await plane.kubectl('get', 'certificates');
  const [head = '', ...rows] = stdout.trimEnd().split('\n');
  assert.deepEqual(
    head.trim().split(/ +/),
    ['NAME', 'NODE', 'CERTIFICATE', 'STATUS', 'EXPIRES', 'IN-USE', 'REASON'],
    stderr,
  );
  const row = rows.find((line) => line.startsWith(`${nodeName}.serving-kube-apiserver `));
  assert.match(
    row ?? stdout,
    new RegExp(`${nodeName} +serving-kube-apiserver +OK +20\\d\\d-\\d\\d-\\d\\dT[\\d:]+Z +True`),
  );
  const one = ['--field-selector', `spec.nodeName=${nodeName},spec.entry=etcd/server-client`, '-o', 'name'];
  const selected = await plane.kubectl('get', 'ncert', ...one);
  assert.equal(selected.stdout.trim(), `nodecertificate.certmend.io/${nodeName}.etcd-server-client`, selected.stderr);
  const check = JSON.parse((await asks(plane, 'check', '-o', 'json')).stdout) as {
    certificates: { id: string; role: string; fingerprint256: string | null; status: string }[];
  };
  const shown = new Map((await objects(plane)).map(({ spec, status }) => [spec.entry, status] as const));
  const held = check.certificates.filter(({ role }) => ['leaf', 'authority', 'listener'].includes(role));
  assert.ok(held.length > 20);
  for (const { id, fingerprint256, status } of held)
    assert.deepEqual([shown.get(id)?.['fingerprint256'], shown.get(id)?.['status']], [fingerprint256, status], id);
  for (const { metadata } of await objects(plane)) assert.equal(metadata.ownerReferences[0]?.name, nodeName);
}

async function leavesCertManagerAlone(plane: ControlPlane): Promise<void> {
  await apply(plane, 'cert-manager', certManager);
  await plane.kubectl('wait', '--for=condition=Established', '--timeout=30s', 'crd/certificates.cert-manager.io');
  const object = {
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: { name: 'web', namespace: 'default' },
  };
  await apply(plane, 'certificate', object);
  // Another person's kubectl, which has not asked before what there is.
  const fresh = ['--cache-dir', join(plane.scratch, 'fresh'), '-o', 'name'];
  const theirs = await plane.kubectl('get', 'certificates', ...fresh);
  assert.equal(theirs.stdout.trim(), 'certificate.cert-manager.io/web', theirs.stderr);
  const ours = await plane.kubectl('get', 'ncert', ...fresh);
  assert.match(ours.stdout, /^nodecertificate\.certmend\.io\//);
}

/** A pair under the cluster's client authority, made as its owner would: by openssl. */
function pairOf(plane: ControlPlane, subject: string, name: string): readonly string[] {
  const { tree, scratch } = plane;
  const { certificatePath, keyPath } = tree.authority('client-ca');
  const at = (end: string): string => join(scratch, `${name}.${end}`);
  writeFileSync(at('ext'), 'extendedKeyUsage=clientAuth\n');
  const openssl = (...words: readonly string[]): void => void execFileSync('openssl', words, { stdio: 'pipe' });
  openssl('req', '-new', '-newkey', 'rsa:2048', '-nodes', '-subj', subject, '-keyout', at('key'), '-out', at('csr'));
  const signer = [
    '-CA',
    tree.host(certificatePath),
    '-CAkey',
    tree.host(keyPath),
    '-CAcreateserial',
    '-CAserial',
    at('srl'),
  ];
  openssl('x509', '-req', '-in', at('csr'), ...signer, '-days', '1', '-extfile', at('ext'), '-out', at('crt'));
  const kubeconfig = at('kubeconfig');
  const authority = `${tree.dataDir}/server/tls/server-ca.crt`;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'it',
    clusters: [{ name: 'it', cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority': authority } }],
    users: [{ name: 'it', user: { 'client-certificate': at('crt'), 'client-key': at('key') } }],
    contexts: [{ name: 'it', context: { cluster: 'it', user: 'it' } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  return ['--kubeconfig', kubeconfig];
}

function ncert(node: string, says: string, entry = 'fake'): unknown {
  const spec = { nodeName: says, entry, path: '/tmp/fake.crt', role: 'leaf' };
  return { apiVersion: 'certmend.io/v1alpha1', kind: 'NodeCertificate', metadata: { name: `${node}.${entry}` }, spec };
}

/** Another node of the cluster, with its kubelet's pair, and another server, with the pair that certmend has there. */
async function keepsToItsOwn(plane: ControlPlane): Promise<void> {
  const { nodeName } = plane.tree;
  const pairs = {
    kubelet: pairOf(plane, '/O=system:nodes/CN=system:node:other', 'kubelet-of-other'),
    own: pairOf(plane, '/O=certmend/CN=certmend:other', 'certmend-of-other'),
  };
  const victim = `${nodeName}.serving-kube-apiserver`;
  for (const [name, pair] of Object.entries(pairs)) {
    const tried = async (allowed: boolean, ...words: readonly string[]): Promise<void> => {
      const { status, stderr } = await plane.kubectl(...pair, ...words);
      assert.equal(status === 0, allowed, `${name}: ${words.join(' ')}: ${stderr}`);
      if (!allowed) assert.match(stderr, /orbidden|denied/);
    };
    const file = (document: unknown): string => {
      const path = join(plane.scratch, `${name}.json`);
      writeFileSync(path, JSON.stringify(document));
      return path;
    };
    const server = ['--server-side', '--validate=false', '-f'];
    await tried(true, 'apply', ...server, file(ncert('other', 'other')));
    await tried(false, 'apply', ...server, file(ncert(nodeName, nodeName)));
    await tried(false, 'apply', ...server, file(ncert('other', nodeName, 'lies')));
    await tried(false, 'apply', ...server, file(ncert(nodeName, 'other', 'lies')));
    const lie = ['--type=merge', '-p', '{"status":{"status":"OK","reason":"lie"}}'];
    await tried(false, 'patch', 'ncert', victim, '--subresource=status', ...lie);
    await tried(false, 'patch', 'ncert', victim, '--type=merge', '-p', '{"spec":{"nodeName":"other"}}');
    await tried(false, 'delete', 'ncert', victim, '--wait=false');
    await tried(false, 'delete', 'ncert', '--all', '--wait=false');
    await tried(false, 'label', 'node', nodeName, 'certmend.io/certificates=critical', '--overwrite');
    await tried(false, 'get', 'secrets', '-A');
    await tried(true, 'delete', 'ncert', 'other.fake', '--wait=false', '--ignore-not-found');
  }
}

interface Event {
  readonly reason: string;
  readonly type: string;
  readonly count: number;
  readonly message: string;
}

async function eventsOf(plane: ControlPlane): Promise<readonly Event[]> {
  const about = `involvedObject.uid=${plane.tree.nodeName}`;
  const { stdout } = await plane.kubectl('get', 'events', '-n', 'default', '--field-selector', about, '-o', 'json');
  return (JSON.parse(stdout) as { items: Event[] }).items.filter(({ reason }) => reason.startsWith('Certificate'));
}

/** A credential kubeconfig that nobody here uses is gone, and comes back. */
async function tellsOfAFault(plane: ControlPlane, daemon: Daemon): Promise<void> {
  const file = `${plane.tree.dataDir}/server/cred/supervisor.kubeconfig`;
  assert.deepEqual(await eventsOf(plane), []);
  await plane.exec(['mv', file, '/tmp/supervisor.kubeconfig']);
  daemon.reload();
  await until('the fault is told', async () => (await eventsOf(plane)).length > 0, 500);
  const { label, condition } = await nodeOf(plane);
  assert.equal(condition?.reason, 'KubeconfigMissing');
  assert.equal(label, condition.status === 'False' ? 'critical' : 'due');
  const [fault] = await eventsOf(plane);
  assert.deepEqual([fault?.reason, fault?.type, fault?.count], ['CertificateFault', 'Warning', 1]);
  assert.match(
    (await plane.kubectl('describe', 'node', plane.tree.nodeName)).stdout,
    /Warning +CertificateFault .*certmend/,
  );
  daemon.reload();
  daemon.reload();
  await plane.exec(['mv', '/tmp/supervisor.kubeconfig', file]);
  daemon.reload();
  await until('it is told that it is over', async () => (await nodeOf(plane)).label === 'ok', 500);
  const after = await eventsOf(plane);
  assert.deepEqual(after.map(({ reason }) => reason).toSorted(), ['CertificateFault', 'CertificateFaultOK']);
  assert.ok(after.every(({ count }) => count === 1));
}

async function takesBackWhatOthersWrote(plane: ControlPlane, daemon: Daemon): Promise<void> {
  const { nodeName } = plane.tree;
  const name = `${nodeName}.serving-kube-apiserver`;
  const written = [
    '--subresource=status',
    '--field-manager=somebody',
    '--type=merge',
    '-p',
    '{"status":{"reason":"Somebody"}}',
  ];
  const patched = await plane.kubectl('patch', 'ncert', name, ...written);
  assert.equal(patched.status, 0, patched.stderr);
  await apply(plane, 'stranger', ncert(nodeName, nodeName, 'stranger'));
  for (const words of [
    ['delete', 'ncert', `${nodeName}.etcd-server-client`],
    ['label', 'ncert', `${nodeName}.stranger`, `certmend.io/node=${nodeName}`],
    ['label', 'node', nodeName, 'certmend.io/certificates-'],
  ]) {
    const { status, stderr } = await plane.kubectl(...words);
    assert.equal(status, 0, stderr);
  }
  const isRight = async (): Promise<boolean> => {
    const all = await objects(plane);
    const one = all.find(({ metadata }) => metadata.name === name);
    const entries = all.map(({ spec }) => spec.entry);
    return one?.status['reason'] === '' && entries.includes('etcd/server-client') && !entries.includes('stranger');
  };
  // A check of its own may have been faster: what was written was there, and is not to stay.
  daemon.reload();
  await until('it is as the node sees it', isRight, 500);
  assert.equal((await nodeOf(plane)).label, 'ok');
}

async function goesOn(plane: ControlPlane, daemon: Daemon): Promise<void> {
  const before = (await objects(plane)).length;
  // The leaders first: on a busy machine they would end by themselves while they are waited for.
  for (const component of ['kube-controller-manager', 'kube-scheduler', 'kube-apiserver'] as const) {
    const pid = plane.pids()[component];
    assert.ok(pid !== undefined);
    process.kill(pid, 'SIGKILL');
    await until(`${component} has ended`, () => plane.pids()[component] === undefined, 100);
  }
  daemon.reload();
  await until(
    'it says that the cluster is not told',
    async () => (await asks(plane, 'cluster', 'status')).status === 1,
    500,
  );
  assert.match((await asks(plane, 'cluster', 'status')).stdout, /ClusterUnreachable/);
  assert.equal((await asks(plane, 'check')).status, 0);
  await plane.revive();
  await until(
    'the cluster is told again, by itself',
    async () => (await asks(plane, 'cluster', 'status')).status === 0,
    500,
  );
  await plane.kubectl('delete', 'crd', 'nodecertificates.certmend.io');
  daemon.reload();
  await until('it says what is missing', async () => (await asks(plane, 'cluster', 'status')).status === 1, 500);
  await applyManifest(plane);
  daemon.reload();
  await until('they are all there again', async () => (await asks(plane, 'cluster', 'status')).status === 0, 500);
  assert.equal((await objects(plane)).length, before);
  const failures = (await auditOf(plane)).filter(({ event }) => event === 'cluster-not-told');
  assert.ok(failures.length <= 6, JSON.stringify(failures));
  assert.ok(daemon.isRunning());
}
