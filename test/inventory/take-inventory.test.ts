import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { FileReader } from '../../src/disk/file-reader.ts';
import type { Inventory, Item } from '../../src/inventory/inventory.ts';
import type { Parsed } from '../../src/x509/parsed.ts';
import { emptyMemory } from '../../src/inventory/inventory-memory.ts';
import { takeInventory } from '../../src/inventory/take-inventory.ts';
import type { Layout } from '../../src/layout/layout.ts';
import { resolveLayout } from '../../src/layout/resolve-layout.ts';
import { createFileReader } from '../../src/system/files/node-file-reader.ts';
import { linkLeavingDataDir, unreadableKinds } from '../fixtures/damage.ts';
import { opensslFingerprint, opensslKeyFits } from '../fixtures/openssl.ts';
import { makeTree, type Tree, type TreeOptions } from '../fixtures/tree.ts';

function treeFor(t: ExecutionContext, options: Omit<TreeOptions, 'directory'> = {}): Tree {
  const directory = mkdtempSync(join(tmpdir(), 'certmend-inventory-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return makeTree({ directory, ...options });
}

function layoutOf(tree: Tree): Layout {
  const host = { hostname: tree.nodeName, machineId: '', defaultAddresses: [tree.nodeIp] };
  const answer = resolveLayout({ unit: `${tree.unit}.service` }, createFileReader(tree.root), host);
  if (!answer.ok) throw new Error(answer.problem);
  return answer.layout;
}

function inventoryOf(tree: Tree, reader: FileReader = createFileReader(tree.root)): Inventory {
  return takeInventory(layoutOf(tree), reader);
}

function item<Kind extends Item['kind']>(inventory: Inventory, kind: Kind, id: string): Extract<Item, { kind: Kind }> {
  const found = inventory.items.find((candidate) => candidate.kind === kind && candidate.entry.id === id);
  if (found === undefined) throw new Error(`no ${kind} ${id}`);
  return found as Extract<Item, { kind: Kind }>;
}

/** Everything about an item that is parsed. */
function parsedOf(candidate: Item): readonly Parsed<unknown>[] {
  switch (candidate.kind) {
    case 'leaf':
      return [candidate.certificates, candidate.key];
    case 'authority':
      return candidate.key === undefined ? [candidate.certificates] : [candidate.certificates, candidate.key];
    case 'listener':
    case 'kubeconfig':
      return [candidate.document];
    case 'key':
      return [candidate.keys];
    case 'document':
      return [candidate.content];
  }
}

for (const options of [
  { product: 'rke2', role: 'server' },
  { product: 'rke2', role: 'agent' },
  { product: 'k3s', role: 'server', dataDir: '/srv/k3s' },
  { product: 'rke2', role: 'server', algorithm: 'rsa', chain: 'four' },
] as const) {
  test(`takeInventory finds nothing damaged on a healthy node: ${JSON.stringify(options)}`, (t) => {
    const inventory = inventoryOf(treeFor(t, options));
    const damages = inventory.items.flatMap((candidate) =>
      parsedOf(candidate).flatMap((parsed) =>
        parsed.ok || (parsed.missing && candidate.entry.optional) ? [] : [[candidate.entry.id, parsed.problems]],
      ),
    );
    t.deepEqual(damages, []);
    t.deepEqual(inventory.unknown, []);
    t.deepEqual(inventory.stray, []);
    t.deepEqual(inventory.pendingTriggers, []);
  });
}

test('takeInventory sees the certificates and keys that openssl sees', (t) => {
  const tree = treeFor(t, { chain: 'four' });
  const inventory = inventoryOf(tree);
  for (const leaf of tree.leaves.filter(({ reissuedAtStart }) => !reissuedAtStart)) {
    const { certificates, key } = item(inventory, 'leaf', leaf.id);
    if (!certificates.ok || !key.ok) throw new Error(leaf.id);
    const [first] = certificates.value;
    t.is(certificates.value.length, 5, leaf.id);
    t.is(first?.fingerprint256, opensslFingerprint(tree.host(leaf.certificatePath)));
    t.is(first?.commonName, leaf.commonName);
    t.is(
      first?.spkiDer.equals(key.value.spkiDer),
      opensslKeyFits(tree.host(leaf.certificatePath), tree.host(leaf.keyPath)),
    );
  }
});

test('takeInventory parses the certificate of an authority once, however many files carry it', (t) => {
  const inventory = inventoryOf(treeFor(t));
  const { certificates } = item(inventory, 'authority', 'server-ca');
  const { certificates: chain } = item(inventory, 'leaf', 'serving-kube-apiserver');
  t.true(certificates.ok && chain.ok && chain.value[1] === certificates.value[0]);
});

test('takeInventory with a memory parses the same bytes once, and other bytes at the same place anew', (t) => {
  const tree = treeFor(t);
  const [layout, reader, memory] = [layoutOf(tree), createFileReader(tree.root), emptyMemory()];
  const first = takeInventory(layout, reader, memory);
  const { certificatePath, keyPath } = tree.leaf('client-admin');
  cpSync(tree.host(tree.leaf('client-controller').certificatePath), tree.host(certificatePath));
  cpSync(tree.host(tree.leaf('client-controller').keyPath), tree.host(keyPath));
  const second = takeInventory(layout, reader, memory);
  const of = (inventory: Inventory, id: string) => item(inventory, 'leaf', id);
  t.is(of(second, 'client-scheduler').key, of(first, 'client-scheduler').key);
  t.is(of(second, 'client-scheduler').certificates, of(first, 'client-scheduler').certificates);
  const { certificates, key } = of(second, 'client-admin');
  t.true(certificates.ok && certificates.value[0]?.commonName === 'system:kube-controller-manager');
  t.true(key.ok && certificates.ok && certificates.value[0]?.spkiDer.equals(key.value.spkiDer));
});

for (const [kind, damage] of Object.entries(unreadableKinds)) {
  test(`takeInventory takes ${kind} in place of any file as damage of that entry alone`, (t) => {
    const tree = treeFor(t);
    const certificate = tree.leaf('serving-kube-apiserver');
    const key = tree.leaf('etcd/client');
    const authority = tree.authority('request-header-ca');
    const kubeconfig = tree.credentials[0] ?? '';
    const listener = tree.listener?.path ?? '';
    for (const path of [certificate.certificatePath, key.keyPath, authority.certificatePath, kubeconfig, listener])
      damage(tree, path);
    const inventory = inventoryOf(tree);
    const damaged = inventory.items
      .filter((candidate) => parsedOf(candidate).some((parsed) => !parsed.ok && !parsed.missing))
      .map(({ entry }) => entry.id);
    const listenerId = inventory.items.find((candidate) => candidate.kind === 'listener')?.entry.id ?? '';
    const kubeconfigId = inventory.items.find(
      (candidate) => candidate.kind === 'kubeconfig' && candidate.entry.path === kubeconfig,
    )?.entry.id;
    // An empty listener document is a missing one (products 5), and there is no DER in JSON: that leaves it empty too.
    const isEmpty = kind === 'empty' || kind === 'DER instead of PEM';
    const expected = [certificate.id, key.id, authority.id, kubeconfigId, ...(isEmpty ? [] : [listenerId])];
    t.deepEqual(damaged.sort(), expected.sort());
    t.true(item(inventory, 'leaf', certificate.id).key.ok);
    t.true(item(inventory, 'leaf', key.id).certificates.ok);
  });
}

test('takeInventory does not follow a link out of the data directory', (t) => {
  const tree = treeFor(t);
  const { certificatePath } = tree.leaf('client-admin');
  linkLeavingDataDir(tree, certificatePath);
  const { certificateFile, certificates } = item(inventoryOf(tree), 'leaf', 'client-admin');
  t.like(certificateFile, { state: 'unreadable', problem: 'symlink-escapes' });
  t.false(certificates.ok);
});

test('takeInventory tells a missing file from a damaged one', (t) => {
  const tree = treeFor(t);
  rmSync(tree.host(tree.leaf('client-admin').keyPath));
  const { key } = item(inventoryOf(tree), 'leaf', 'client-admin');
  t.deepEqual(key, { ok: false, missing: true, problems: ['is missing'] });
});

test('takeInventory reports certificates that no table names, and what looks like one and is none', (t) => {
  const tree = treeFor(t);
  const tls = `${tree.dataDir}/server/tls`;
  const put = (name: string, content: string | Buffer): void => {
    mkdirSync(dirname(tree.host(`${tls}/${name}`)), { recursive: true });
    writeFileSync(tree.host(`${tls}/${name}`), content);
  };
  const pem = readFileSync(tree.host(tree.leaf('client-admin').certificatePath));
  const key = readFileSync(tree.host(tree.leaf('client-admin').keyPath));
  put('mine.crt', pem);
  put('mine.key', key);
  put('mine.pem', key);
  put('backup', Buffer.concat([Buffer.from('text\n'), pem]));
  put('notes.txt', 'nothing\n');
  put('broken.crt', 'nothing\n');
  put('etcd/other.pem', pem);
  put('.client-admin.crt.certmend-0123456789abcdef', pem);
  put('not-scanned/deep.crt', pem);
  put('huge.txt', Buffer.concat([pem, Buffer.alloc(100_000)]));
  symlinkSync('mine.crt', tree.host(`${tls}/link.crt`));
  const { unknown } = inventoryOf(tree);
  const found = unknown.map(({ path, certificates, problems }) => [
    path.slice(tls.length + 1),
    certificates.length,
    problems,
  ]);
  t.deepEqual(found.sort(), [
    ['backup', 2, undefined],
    ['broken.crt', 0, ['holds no PEM block']],
    ['etcd/other.pem', 2, undefined],
    ['link.crt', 2, undefined],
    ['mine.crt', 2, undefined],
  ]);
});

test('takeInventory finds what a commit that was cut short left, in every directory of an entry', (t) => {
  const tree = treeFor(t);
  const left = [
    `${tree.dataDir}/server/tls/.client-admin.crt.certmend-0123456789abcdef`,
    `${tree.dataDir}/server/tls/etcd/.client.key.certmend-0123456789abcdef.old`,
    `${tree.dataDir}/server/cred/.admin.kubeconfig.certmend-0123456789abcdef.again`,
  ];
  const others = [
    `${tree.dataDir}/server/tls/client-admin.crt.certmend-0123456789abcdef`,
    `${tree.dataDir}/server/tls/.client-admin.crt.certmend-0123456789ABCDEF`,
    `${tree.dataDir}/server/tls/.client-admin.crt.certmend-0123456789abcdef.txt`,
  ];
  for (const path of [...left, ...others]) writeFileSync(tree.host(path), '');
  t.deepEqual([...inventoryOf(tree).stray].sort(), left.sort());
});

test('takeInventory sees a regenerate trigger that waits for the product', (t) => {
  const tree = treeFor(t);
  const trigger = tree.listener?.trigger ?? '';
  writeFileSync(tree.host(trigger), '');
  t.deepEqual(inventoryOf(tree).pendingTriggers, [trigger]);
});

test('takeInventory finds a second key of service.key that is cut short', (t) => {
  const tree = treeFor(t, { serviceKeys: 2 });
  const path = `${tree.dataDir}/server/tls/service.key`;
  const host = tree.host(path);
  const find = (inventory: Inventory): Parsed<unknown> | undefined =>
    inventory.items.flatMap((candidate) =>
      candidate.kind === 'key' && candidate.entry.path === path ? [candidate.keys] : [],
    )[0];
  t.like(find(inventoryOf(tree)), { ok: true });
  writeFileSync(host, readFileSync(host).subarray(0, -40));
  t.like(find(inventoryOf(tree)), { ok: false, problems: ['block 2 (RSA PRIVATE KEY) has no END line'] });
});

test('takeInventory reads every file once', (t) => {
  const tree = treeFor(t);
  const reader = createFileReader(tree.root);
  const reads: string[] = [];
  const counting: FileReader = {
    ...reader,
    read: (path, within) => {
      reads.push(path);
      return reader.read(path, within);
    },
  };
  takeInventory(layoutOf(tree), counting);
  t.deepEqual([...new Set(reads)].sort(), reads.sort());
});

test('takeInventory quotes no secret of a damaged document', (t) => {
  const tree = treeFor(t);
  for (const name of ['encryption-config.json', 'encryption-state.json'])
    writeFileSync(tree.host(`${tree.dataDir}/server/cred/${name}`), '{"secret":"c2VjcmV0LWtleQ==" x');
  const documents = inventoryOf(tree).items.filter((candidate) => candidate.kind === 'document');
  const problems = documents.flatMap(({ content }) => (content.ok ? [] : content.problems));
  t.true(problems.includes('is not valid JSON'));
  t.false(problems.some((problem) => problem.includes('c2Vj')));
});
