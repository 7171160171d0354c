import { writtenFiles } from '../../src/layout/written-files.ts';
import test from 'ava';
import type { Entry, LeafEntry } from '../../src/layout/entry.ts';
import type { Layout } from '../../src/layout/layout.ts';
import { resolved } from './resolve.ts';

const agentIds = (product: string): readonly string[] => [
  'agent/client-ca',
  'agent/server-ca',
  'agent/client-kubelet',
  'agent/serving-kubelet',
  'agent/client-kube-proxy',
  `agent/client-${product}-controller`,
  'agent/kubelet.kubeconfig',
  'agent/kubeproxy.kubeconfig',
  `agent/${product}controller.kubeconfig`,
  'node-password',
];

const serverIds = (product: string): readonly string[] => [
  'server-ca',
  'client-ca',
  'request-header-ca',
  'etcd/server-ca',
  'etcd/peer-ca',
  'server-ca.nochain',
  'client-ca.nochain',
  'token-ca',
  'client-admin',
  'client-supervisor',
  'client-controller',
  'client-scheduler',
  'client-kube-apiserver',
  `client-${product}-cloud-controller`,
  'serving-kube-apiserver',
  'kube-scheduler/kube-scheduler',
  'kube-controller-manager/kube-controller-manager',
  'client-auth-proxy',
  'etcd/client',
  'etcd/server-client',
  'etcd/peer-server-client',
  'dynamic-cert',
  'cred/admin.kubeconfig',
  'cred/supervisor.kubeconfig',
  'cred/controller.kubeconfig',
  'cred/scheduler.kubeconfig',
  'cred/api-server.kubeconfig',
  'cred/cloud-controller.kubeconfig',
  `${product}.yaml`,
  'service.key',
  'service.current.key',
  'client-kubelet.key',
  'serving-kubelet.key',
  'client-kube-proxy.key',
  `client-${product}-controller.key`,
  'cred/passwd',
  'cred/ipsec.psk',
  'cred/encryption-config.json',
  'cred/encryption-state.json',
  'token',
  'node-token',
  'agent-token',
];

const expectedIds: Readonly<Record<string, readonly string[]>> = {
  'rke2-server': [...serverIds('rke2'), ...agentIds('rke2')],
  'rke2-agent': agentIds('rke2'),
  'k3s-server': [...serverIds('k3s'), ...agentIds('k3s')],
  'k3s-agent': agentIds('k3s'),
};

for (const [name, ids] of Object.entries(expectedIds)) {
  test(`layout ${name} has every entry of the facts and no other`, (t) => {
    const layout = resolved(t, {}, { layout: name });
    t.deepEqual(
      layout.entries.map((entry) => entry.id),
      ids,
    );
    t.is(layout.name, name);
  });

  test(`layout ${name} names issuers, clients, authorities and conversations that exist in it`, (t) => {
    const layout = resolved(t, {}, { layout: name });
    const kinds = new Map(layout.entries.map((entry) => [entry.id, entry.kind]));
    t.is(kinds.size, layout.entries.length, 'ids are unique');
    for (const entry of layout.entries) {
      if (entry.kind === 'leaf' || entry.kind === 'listener') t.is(kinds.get(entry.issuer), 'authority', entry.id);
      if (entry.kind === 'authority' && entry.copyOf !== undefined)
        t.is(kinds.get(entry.copyOf), 'authority', entry.id);
      if (entry.kind === 'kubeconfig') {
        t.is(kinds.get(entry.client), 'leaf', entry.id);
        t.is(kinds.get(entry.authority), 'authority', entry.id);
      }
    }
    for (const conversation of layout.conversations) {
      const server = leaf(layout, conversation.server);
      const client = leaf(layout, conversation.client);
      t.true(server.extendedKeyUsages.includes('serverAuth'), conversation.server);
      t.true(client.extendedKeyUsages.includes('clientAuth'), conversation.client);
      t.is(client.issuer, conversation.serverTrusts);
      t.is(server.issuer, conversation.clientTrusts);
      t.true(server.identity.dnsNames.includes(conversation.serverName));
    }
  });

  test(`layout ${name} has one file per path and protects exactly what certmend never writes`, (t) => {
    const layout = resolved(t, {}, { layout: name });
    const paths = layout.entries.flatMap(pathsOf);
    t.is(new Set(paths).size, paths.length);
    for (const entry of layout.entries)
      for (const path of pathsOf(entry)) t.is(isProtected(layout, path), entry.protected, path);
  });
}

/** Facts 1.3: issuer, CN, O, usages. */
const leafFacts: readonly (readonly [id: string, issuer: string, cn: string, o: string, usages: string])[] = [
  ['client-admin', 'client-ca', 'system:admin', 'system:masters', 'clientAuth'],
  ['client-supervisor', 'client-ca', 'system:rke2-supervisor', 'system:masters', 'clientAuth'],
  ['client-controller', 'client-ca', 'system:kube-controller-manager', '', 'clientAuth'],
  ['client-scheduler', 'client-ca', 'system:kube-scheduler', '', 'clientAuth'],
  ['client-kube-apiserver', 'client-ca', 'system:apiserver', 'system:masters', 'clientAuth'],
  ['client-rke2-cloud-controller', 'client-ca', 'rke2-cloud-controller-manager', '', 'clientAuth'],
  ['serving-kube-apiserver', 'server-ca', 'kube-apiserver', '', 'serverAuth'],
  ['kube-scheduler/kube-scheduler', 'server-ca', 'kube-scheduler', '', 'serverAuth'],
  ['kube-controller-manager/kube-controller-manager', 'server-ca', 'kube-controller-manager', '', 'serverAuth'],
  ['client-auth-proxy', 'request-header-ca', 'system:auth-proxy', '', 'clientAuth'],
  ['etcd/client', 'etcd/server-ca', 'etcd-client', '', 'clientAuth'],
  ['etcd/server-client', 'etcd/server-ca', 'etcd-server', '', 'serverAuth clientAuth'],
  ['etcd/peer-server-client', 'etcd/peer-ca', 'etcd-peer', '', 'serverAuth clientAuth'],
  ['agent/client-kubelet', 'client-ca', 'system:node:node-1.example.org', 'system:nodes', 'clientAuth'],
  ['agent/serving-kubelet', 'server-ca', 'node-1.example.org', '', 'serverAuth'],
  ['agent/client-kube-proxy', 'client-ca', 'system:kube-proxy', '', 'clientAuth'],
  ['agent/client-rke2-controller', 'client-ca', 'system:rke2-controller', '', 'clientAuth'],
];

test('layout rke2-server has the identity and usages of the facts for each leaf', (t) => {
  const layout = resolved(t, {});
  const rows = layout.entries
    .filter((entry) => entry.kind === 'leaf')
    .map((entry) => [
      entry.id,
      entry.issuer,
      entry.identity.commonName,
      entry.identity.organizations.join(' '),
      entry.extendedKeyUsages.join(' '),
    ]);
  t.deepEqual(rows, leafFacts as unknown as string[][]);
});

test('layout rke2-server puts files where RKE2 does, below a custom data directory too', (t) => {
  for (const dataDir of ['/var/lib/rancher/rke2', '/srv/rke2']) {
    const layout = resolved(t, { '/etc/rancher/rke2/config.yaml': `data-dir: ${dataDir}/\n` });
    t.is(layout.dataDir, dataDir);
    const etcd = leaf(layout, 'etcd/peer-server-client');
    t.is(etcd.certificatePath, `${dataDir}/server/tls/etcd/peer-server-client.crt`);
    t.is(etcd.keyPath, `${dataDir}/server/tls/etcd/peer-server-client.key`);
    t.is(leaf(layout, 'agent/client-kubelet').keyPath, `${dataDir}/agent/client-kubelet.key`);
    const listener = layout.entries.find((entry) => entry.kind === 'listener');
    t.is(listener?.path, `${dataDir}/server/tls/dynamic-cert.json`);
    t.is(listener?.regenerateTrigger, `${dataDir}/server/tls/dynamic-cert-regenerate`);
    t.true(layout.protectedPaths.includes(`${dataDir}/server/db/`));
  }
});

test('layout rke2-server writes in place what static pods mount, and K3s never does', (t) => {
  const inPlace = (layout: Layout): readonly string[] =>
    layout.entries.filter((entry) => entry.writeMode === 'in-place').map((entry) => entry.id);
  t.deepEqual(inPlace(resolved(t, {})), [
    'client-controller',
    'client-scheduler',
    'client-rke2-cloud-controller',
    'kube-scheduler/kube-scheduler',
    'kube-controller-manager/kube-controller-manager',
    'etcd/server-client',
    'etcd/peer-server-client',
    'cred/controller.kubeconfig',
    'cred/scheduler.kubeconfig',
    'cred/cloud-controller.kubeconfig',
    'agent/client-kube-proxy',
  ]);
  t.deepEqual(inPlace(resolved(t, {}, { unit: 'k3s' })), []);
});

test('layout k3s-server serves the listener where clients come in and keeps the API server behind it', (t) => {
  const layout = resolved(t, { '/etc/rancher/k3s/config.yaml': 'https-listen-port: 7443\n' }, { unit: 'k3s' });
  const server = (id: string): string | undefined => {
    const entry = layout.entries.find((candidate) => candidate.id === id);
    return entry?.kind === 'kubeconfig' ? entry.server : undefined;
  };
  t.is(layout.entries.find((entry) => entry.kind === 'listener')?.port, 7443);
  t.is(leaf(layout, 'serving-kube-apiserver').port, 7444);
  t.is(server('cred/admin.kubeconfig'), 'https://127.0.0.1:7444');
  t.is(server('k3s.yaml'), 'https://127.0.0.1:7443');
});

/** Facts 1.5: RKE2 6443, K3s 6444, the balancer where there is no local API server, `[::1]` for IPv6-only services. */
const kubeconfigServers: readonly (readonly [unit: string, config: string, server: string])[] = [
  ['rke2-server', '', 'https://127.0.0.1:6443'],
  ['k3s', '', 'https://127.0.0.1:6444'],
  ['rke2-server', 'disable-apiserver: true\n', 'https://127.0.0.1:6443'],
  ['k3s', 'disable-apiserver: true\n', 'https://127.0.0.1:6444'],
  ['rke2-server', 'disable-apiserver: true\nlb-server-port: 7000\n', 'https://127.0.0.1:6999'],
  ['rke2-server', 'service-cidr: fd00:43::/112\n', 'https://[::1]:6443'],
  ['rke2-server', 'service-cidr: 10.43.0.0/16,fd00:43::/112\n', 'https://127.0.0.1:6443'],
];

for (const [unit, config, expected] of kubeconfigServers) {
  test(`credential kubeconfigs of ${unit} with ${JSON.stringify(config)} point at ${expected}`, (t) => {
    const product = unit === 'k3s' ? 'k3s' : 'rke2';
    const layout = resolved(t, { [`/etc/rancher/${product}/config.yaml`]: config }, { unit });
    const entries = layout.entries.filter((entry) => entry.kind === 'kubeconfig' && entry.writable);
    t.is(entries.length, 6);
    for (const entry of entries) t.is(entry.kind === 'kubeconfig' && entry.server, expected);
  });
}

test('layout rke2-server protects the bootstrap set, keys, tokens and kubeconfigs of people', (t) => {
  const layout = resolved(t, {
    '/etc/rancher/rke2/config.yaml': 'token-file: /etc/secret/token\nwrite-kubeconfig: /home/admin/kubeconfig\n',
  });
  const dataDir = '/var/lib/rancher/rke2/server';
  const mustNot = [
    ...['server-ca', 'client-ca', 'request-header-ca', 'etcd/server-ca', 'etcd/peer-ca'].flatMap((name) => [
      `${dataDir}/tls/${name}.crt`,
      `${dataDir}/tls/${name}.key`,
    ]),
    `${dataDir}/tls/server-ca.nochain.crt`,
    `${dataDir}/tls/client-ca.nochain.crt`,
    `${dataDir}/tls/service.key`,
    `${dataDir}/tls/service.current.key`,
    `${dataDir}/cred/passwd`,
    `${dataDir}/cred/ipsec.psk`,
    `${dataDir}/cred/encryption-config.json`,
    `${dataDir}/cred/encryption-state.json`,
    `${dataDir}/token`,
    `${dataDir}/node-token`,
    `${dataDir}/agent-token`,
    `${dataDir}/db/etcd/member/snap/db`,
    '/etc/rancher/node/password',
    '/etc/rancher/rke2/rke2.yaml',
    '/etc/rancher/rke2/config.yaml',
    '/home/admin/kubeconfig',
    '/etc/secret/token',
  ];
  for (const path of mustNot) t.true(isProtected(layout, path), path);
  for (const path of [
    `${dataDir}/tls/client-admin.key`,
    `${dataDir}/tls/dynamic-cert.json`,
    `${dataDir}/cred/admin.kubeconfig`,
  ])
    t.false(isProtected(layout, path), path);
});

test('layout of an agent has no authority key, and writes nothing but certificates that a server signs', (t) => {
  for (const unit of ['rke2-agent', 'k3s-agent']) {
    const layout = resolved(t, {}, { unit });
    for (const entry of layout.entries) {
      if (entry.kind === 'authority') t.is(entry.keyPath, undefined);
      t.true(entry.protected || entry.reissuedAtStart, entry.id);
      const written = entry.kind === 'leaf' ? [entry.certificatePath] : [];
      t.deepEqual(writtenFiles(entry), written, entry.id);
    }
    t.deepEqual(new Set(layout.conversations.map(({ server }) => server)), new Set(['agent/serving-kubelet']));
    const port = unit === 'k3s-agent' ? 6444 : 6443;
    t.like(layout.supervisor, { port: 6444, apiPort: port, authority: 'agent/server-ca' });
    t.is(leaf(layout, 'agent/client-kubelet').issuer, 'agent/client-ca');
  }
});

/** Directory below data/, the window, and whether the May 2025 serving certificates are there / required. */
const versions: readonly (readonly [
  directory: string,
  version: string,
  days: number,
  serving: 'required' | 'absent',
])[] = [
  ['v1.33.1-rke2r1-0123456789ab', 'v1.33.1+rke2r1', 120, 'required'],
  ['v1.33.0-rke2r1-0123456789ab', 'v1.33.0+rke2r1', 90, 'absent'],
  ['v1.32.4-rke2r1-0123456789ab', 'v1.32.4+rke2r1', 90, 'absent'],
  ['v1.32.10-rke2r2-0123456789ab', 'v1.32.10+rke2r2', 120, 'required'],
  ['v1.30.13-rke2r1-0123456789ab', 'v1.30.13+rke2r1', 120, 'required'],
  ['v1.29.15-rke2r1-0123456789ab', 'v1.29.15+rke2r1', 90, 'absent'],
  ['v1.36.4-rke2r1-0123456789ab', 'v1.36.4+rke2r1', 120, 'required'],
  ['v1.34.0-rc1-rke2r1-0123456789ab', 'v1.34.0-rc1+rke2r1', 120, 'required'],
];

for (const [directory, version, days, serving] of versions) {
  test(`layout rke2-server of ${version} has a window of ${String(days)} days and ${serving} scheduler serving certificate`, (t) => {
    const base = '/var/lib/rancher/rke2';
    const layout = resolved(t, {
      [`${base}/bin`]: { link: `${base}/data/${directory}/bin` },
      [`${base}/data/v1.99.0-rke2r1-0123456789ab/bin/kubectl`]: '',
    });
    t.deepEqual(layout.productVersion, { value: version, origin: `${base}/bin` });
    t.is(layout.productRenewDays, days);
    const entry = layout.entries.find((candidate) => candidate.id === 'kube-scheduler/kube-scheduler');
    t.is(entry === undefined ? 'absent' : entry.optional ? 'optional' : 'required', serving);
  });
}

test('layout takes the newest data directory when there is no bin link, and 120 days when nothing is known', (t) => {
  const base = '/var/lib/rancher/rke2/data';
  const layout = resolved(t, {
    [`${base}/v1.33.9-rke2r1-0123456789ab/x`]: '',
    [`${base}/v1.33.10-rke2r1-0123456789ab/x`]: '',
    [`${base}/somethingelse/x`]: '',
  });
  t.deepEqual(layout.productVersion, { value: 'v1.33.10+rke2r1', origin: base });
  const unknown = resolved(t, {});
  t.is(unknown.productVersion, undefined);
  t.is(unknown.productRenewDays, 120);
  t.true(leaf(unknown, 'kube-scheduler/kube-scheduler').optional);
});

test('layout makes what a disabled component needs optional', (t) => {
  const layout = resolved(t, {
    '/etc/rancher/rke2/config.yaml': 'server: https://192.0.2.1:9345\ndisable-etcd: true\ndisable-scheduler: "yes"\n',
    '/var/lib/rancher/rke2/bin': { link: '/var/lib/rancher/rke2/data/v1.34.1-rke2r1-0123456789ab/bin' },
  });
  t.true(leaf(layout, 'etcd/server-client').optional);
  t.true(leaf(layout, 'kube-scheduler/kube-scheduler').optional);
  t.false(leaf(layout, 'kube-controller-manager/kube-controller-manager').optional);
  t.false(leaf(layout, 'etcd/client').optional);
});

test('layout requires the token file unless the configuration has the token, and never keeps the token', (t) => {
  const token = (layout: Layout): boolean | undefined => layout.entries.find((entry) => entry.id === 'token')?.optional;
  t.false(token(resolved(t, {})));
  const layout = resolved(t, { '/etc/rancher/rke2/config.yaml': 'token: sesame-open\n' });
  t.true(token(layout));
  t.false(JSON.stringify(layout).includes('sesame-open'));
});

test('layout says when an argument puts another certificate in the place of the product’s', (t) => {
  const layout = resolved(t, {
    '/etc/rancher/rke2/config.yaml':
      'kube-apiserver-arg:\n  - "audit-log-maxage=30"\n  - tls-cert-file=/etc/pki/api.crt\n  - tls-private-key-file=/etc/pki/api.key\n',
  });
  t.true(leaf(layout, 'serving-kube-apiserver').optional);
  t.deepEqual(
    layout.settings.filter((setting) => setting.key === 'kube-apiserver-arg'),
    [{ key: 'kube-apiserver-arg', value: 'tls-cert-file=/etc/pki/api.crt', origin: '/etc/rancher/rke2/config.yaml:3' }],
  );
  t.true(layout.evidence.some((line) => line.includes('serving-kube-apiserver')));
  t.false(layout.conversations.some((conversation) => conversation.server === 'serving-kube-apiserver'));
});

function leaf(layout: Layout, id: string): LeafEntry {
  const entry = layout.entries.find((candidate) => candidate.id === id);
  if (entry?.kind !== 'leaf') throw new Error(`${id} is not a leaf of ${layout.name}`);
  return entry;
}

function pathsOf(entry: Entry): readonly string[] {
  if (entry.kind === 'leaf') return [entry.certificatePath, entry.keyPath];
  if (entry.kind === 'authority')
    return [entry.certificatePath, ...(entry.keyPath === undefined ? [] : [entry.keyPath])];
  return [entry.path];
}

function isProtected(layout: Layout, path: string): boolean {
  return layout.protectedPaths.some((one) => (one.endsWith('/') ? path.startsWith(one) : path === one));
}

test('layout asks nobody on the port of a component that is switched off, where another one may answer', (t) => {
  for (const product of ['rke2', 'k3s'] as const) {
    const layout = resolved(
      t,
      { [`/etc/rancher/${product}/config.yaml`]: 'disable-apiserver: true\n' },
      { unit: product === 'rke2' ? 'rke2-server' : 'k3s' },
    );
    t.like(leaf(layout, 'serving-kube-apiserver'), { port: undefined, health: undefined });
    t.like(leaf(layout, 'etcd/server-client'), { port: 2379, health: { port: 2382 } });
  }
});
