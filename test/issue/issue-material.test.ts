import test from 'ava';
import { chmodSync, chownSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { CertmendError } from '../../src/error.ts';
import type { Remembered } from '../../src/assess/assessment.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { issueMaterial } from '../../src/issue/issue-material.ts';
import type { MaterialFile } from '../../src/issue/material.ts';
import { opensslKeyFits, opensslVerify } from '../fixtures/openssl.ts';
import { day, type Tree } from '../fixtures/tree.ts';
import { certificatesOf, withFiles } from './make-authority.ts';
import { inventoryOf, leafIds, treeFor } from './tree-inventory.ts';

const nothing: Remembered = { highWater: undefined, identities: new Map() };

interface Wish {
  readonly ids?: readonly string[];
  readonly remembered?: Remembered;
  readonly reuseKeys?: boolean;
}

function issue(tree: Tree, wish: Wish = {}, inventory: Inventory = inventoryOf(tree)): readonly MaterialFile[] {
  return issueMaterial({
    inventory,
    ids: wish.ids ?? leafIds(tree),
    remembered: wish.remembered ?? nothing,
    now: tree.now,
    validityDays: 365,
    reuseKeys: wish.reuseKeys ?? false,
  });
}

function file(files: readonly MaterialFile[], id: string, role: MaterialFile['role']): MaterialFile {
  const found = files.find((one) => one.id === id && one.role === role);
  if (found === undefined) throw new TypeError(`no ${role} of ${id}`);
  return found;
}

for (const chain of ['single', 'four'] as const) {
  for (const algorithm of ['ec', 'rsa'] as const) {
    test(`issueMaterial renews a whole expired set that openssl accepts (${algorithm}, chain ${chain})`, (t) => {
      const tree = treeFor(t, { leaf: 'expired', chain, algorithm });
      const files = issue(tree);
      t.deepEqual(
        files.map((one) => one.path),
        tree.leaves.filter((leaf) => !leaf.reissuedAtStart).flatMap((leaf) => [leaf.keyPath, leaf.certificatePath]),
      );
      for (const leaf of tree.leaves.filter((one) => !one.reissuedAtStart)) {
        const [certificate, key] = [file(files, leaf.id, 'certificate'), file(files, leaf.id, 'key')];
        withFiles([certificate.bytes, key.bytes], (leafFile, keyFile) => {
          t.true(opensslKeyFits(leafFile, keyFile), leaf.id);
          for (const purpose of leaf.purposes) {
            for (const at of [tree.now, tree.now + 360 * day]) {
              const ca = tree.host(tree.authority(leaf.issuer).certificatePath);
              const answer = opensslVerify({ ca, leafFile, purpose, at });
              t.true(answer.ok, `${leaf.id} ${answer.output}`);
            }
          }
        });
        const [parsed] = certificatesOf(certificate.bytes);
        t.is(parsed?.commonName, leaf.commonName);
        t.deepEqual(parsed?.organizations, leaf.organizations);
        t.deepEqual(parsed?.dnsNames, leaf.dnsNames);
        t.deepEqual(parsed?.ipAddresses, leaf.ipAddresses);
      }
    });
  }
}

test('issueMaterial keeps the table order whatever the order of the question', (t) => {
  const tree = treeFor(t);
  const files = issue(tree, { ids: ['etcd/client', 'client-admin'] });
  t.deepEqual(
    files.map((one) => `${one.id} ${one.role}`),
    ['client-admin key', 'client-admin certificate', 'etcd/client key', 'etcd/client certificate'],
  );
});

test('issueMaterial keeps names of the certificate on disk and of the memory, each once', (t) => {
  const tree = treeFor(t, { tlsSans: ['rke2.example.com', '192.0.2.10', '2001:db8::1'] });
  const inventory = inventoryOf(tree);
  const items = inventory.items.map((item) =>
    item.kind === 'leaf' && item.entry.id === 'serving-kube-apiserver'
      ? {
          ...item,
          entry: {
            ...item.entry,
            identity: {
              ...item.entry.identity,
              dnsNames: ['new.example.com', 'localhost'],
              ipAddresses: ['127.0.0.1'],
            },
          },
        }
      : item,
  );
  const remembered: Remembered = {
    highWater: undefined,
    identities: new Map([
      [
        'serving-kube-apiserver',
        {
          commonName: 'kube-apiserver',
          organizations: [],
          dnsNames: ['once.example.com', 'rke2.example.com', 'not ascii ü'],
          ipAddresses: ['198.51.100.7', '2001:DB8:0:0:0:0:0:1', 'nonsense'],
        },
      ],
    ]),
  };
  const files = issue(tree, { ids: ['serving-kube-apiserver'], remembered }, { ...inventory, items });
  const [leaf] = certificatesOf(file(files, 'serving-kube-apiserver', 'certificate').bytes);
  t.deepEqual(leaf?.dnsNames.slice(0, 3), ['new.example.com', 'localhost', 'rke2.example.com']);
  t.deepEqual(leaf?.dnsNames.at(-1), 'once.example.com');
  t.deepEqual([...new Set(leaf?.dnsNames)], leaf?.dnsNames);
  t.true(leaf?.ipAddresses.includes('198.51.100.7'));
  t.is(leaf?.ipAddresses.filter((address) => address === '2001:db8::1').length, 1);
});

test('issueMaterial takes no names from a certificate that belongs to another entry', (t) => {
  const tree = treeFor(t);
  const admin = tree.leaf('client-admin');
  writeFileSync(
    tree.host(admin.certificatePath),
    readFileSync(tree.host(tree.leaf('serving-kube-apiserver').certificatePath)),
  );
  const [leaf] = certificatesOf(file(issue(tree, { ids: ['client-admin'] }), 'client-admin', 'certificate').bytes);
  t.deepEqual(leaf?.dnsNames, []);
  t.is(leaf?.commonName, 'system:admin');
});

test('issueMaterial issues again what is destroyed, with the names that are remembered', (t) => {
  const tree = treeFor(t);
  const leaf = tree.leaf('serving-kube-apiserver');
  writeFileSync(tree.host(leaf.certificatePath), Buffer.alloc(700));
  rmSync(tree.host(leaf.keyPath));
  const remembered: Remembered = {
    highWater: undefined,
    identities: new Map([
      [leaf.id, { commonName: leaf.commonName, organizations: [], dnsNames: ['learned.example.com'], ipAddresses: [] }],
    ]),
  };
  const [parsed] = certificatesOf(file(issue(tree, { ids: [leaf.id], remembered }), leaf.id, 'certificate').bytes);
  t.true(parsed?.dnsNames.includes('learned.example.com'));
});

test('issueMaterial keeps readable keys byte for byte when asked to, and makes new ones otherwise', (t) => {
  const tree = treeFor(t, { leaf: 'expired' });
  const destroyed = tree.leaf('etcd/client');
  writeFileSync(tree.host(destroyed.keyPath), 'not a key');
  const live = (id: string): Buffer => readFileSync(tree.host(tree.leaf(id).keyPath));
  const kept = issue(tree, { reuseKeys: true });
  const fresh = issue(tree);
  for (const id of leafIds(tree)) {
    const key = file(kept, id, 'key').bytes;
    if (id !== destroyed.id) t.deepEqual(key, live(id));
    t.notDeepEqual(file(fresh, id, 'key').bytes, live(id));
    withFiles([file(kept, id, 'certificate').bytes, key], (certificateFile, keyFile) => {
      t.true(opensslKeyFits(certificateFile, keyFile), id);
    });
  }
});

test('issueMaterial keeps modes, but no key stays open to group or others', (t) => {
  const tree = treeFor(t);
  const mode = (id: string, role: 'certificate' | 'key', bits: number): void => {
    const leaf = tree.leaf(id);
    chmodSync(tree.host(role === 'key' ? leaf.keyPath : leaf.certificatePath), bits);
  };
  mode('client-admin', 'certificate', 0o600);
  mode('client-admin', 'key', 0o644);
  mode('client-scheduler', 'certificate', 0o640);
  mode('client-scheduler', 'key', 0o400);
  rmSync(tree.host(tree.leaf('etcd/client').certificatePath));
  rmSync(tree.host(tree.leaf('etcd/client').keyPath));
  const files = issue(tree);
  const modes = (id: string): number[] => (['certificate', 'key'] as const).map((role) => file(files, id, role).mode);
  t.deepEqual(modes('client-admin'), [0o600, 0o600]);
  t.deepEqual(modes('client-scheduler'), [0o640, 0o400]);
  t.deepEqual(modes('etcd/client'), [0o644, 0o600]);
});

test('issueMaterial takes the owner of the live file, else of its sibling, else of the authority', (t) => {
  const tree = treeFor(t);
  const inventory = inventoryOf(tree);
  const owned = (uid: number) =>
    ({ state: 'regular', bytes: Buffer.alloc(0), sha256: '', mode: 0o600, uid, gid: uid + 1, mtimeMs: 0 }) as const;
  const absent = { state: 'absent' } as const;
  const states: Record<
    string,
    readonly [ReturnType<typeof owned> | typeof absent, ReturnType<typeof owned> | typeof absent]
  > = {
    'client-admin': [owned(10), owned(20)],
    'client-scheduler': [absent, owned(30)],
    'client-controller': [absent, absent],
  };
  const items = inventory.items.map((item) => {
    const state = item.kind === 'leaf' ? states[item.entry.id] : undefined;
    if (item.kind === 'leaf' && state !== undefined) return { ...item, certificateFile: state[0], keyFile: state[1] };
    return item.kind === 'authority' && item.entry.id === 'client-ca' ? { ...item, certificateFile: owned(40) } : item;
  });
  const files = issue(tree, { ids: Object.keys(states) }, { ...inventory, items });
  const owners = (id: string): number[] =>
    (['certificate', 'key'] as const).flatMap((role) => [file(files, id, role).uid, file(files, id, role).gid]);
  t.deepEqual(owners('client-admin'), [10, 11, 20, 21]);
  t.deepEqual(owners('client-scheduler'), [30, 31, 30, 31]);
  t.deepEqual(owners('client-controller'), [40, 41, 40, 41]);
});

test('issueMaterial keeps etcd as the owner under profile: cis', (t) => {
  if (process.getuid?.() !== 0) {
    t.pass('only root can give files away');
    return;
  }
  const tree = treeFor(t);
  const leaf = tree.leaf('etcd/server-client');
  for (const path of [leaf.certificatePath, leaf.keyPath]) chownSync(tree.host(path), 52034, 52035);
  const files = issue(tree, { ids: [leaf.id] });
  t.deepEqual(
    files.map(({ uid, gid }) => [uid, gid]),
    [
      [52034, 52035],
      [52034, 52035],
    ],
  );
});

test('issueMaterial refuses the whole set when one authority has lost its key', (t) => {
  const tree = treeFor(t);
  rmSync(tree.host(tree.authority('etcd/peer-ca').keyPath));
  const error = t.throws(() => issue(tree), { instanceOf: CertmendError });
  t.is(error.code, 'AuthorityUnusable');
  t.true(error.message.includes('etcd/peer-ca'));
  t.notThrows(() => issue(tree, { ids: ['client-admin'] }));
});

test('issueMaterial refuses an id that is no leaf of the layout', (t) => {
  const error = t.throws(() => issue(treeFor(t), { ids: ['client-admin', 'server-ca'] }), {
    instanceOf: CertmendError,
  });
  t.is(error.code, 'LayoutUnknown');
});

test('issueMaterial never lets a private key of the authority into a certificate file', (t) => {
  const tree = treeFor(t);
  const { certificatePath, keyPath } = tree.authority('client-ca');
  const both = Buffer.concat([readFileSync(tree.host(certificatePath)), readFileSync(tree.host(keyPath))]);
  writeFileSync(tree.host(certificatePath), both);
  const text = file(issue(tree, { ids: ['client-admin'] }), 'client-admin', 'certificate').bytes.toString();
  t.false(text.includes('PRIVATE KEY'));
  t.is(certificatesOf(text).length, 2);
});
