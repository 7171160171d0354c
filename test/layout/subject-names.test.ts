import test from 'ava';
import type { Identity } from '../../src/layout/entry.ts';
import type { HostFacts, Layout } from '../../src/layout/layout.ts';
import { host, resolved } from './resolve.ts';

interface Case {
  readonly name: string;
  readonly config: string;
  readonly host?: HostFacts;
  readonly dns: readonly string[];
  readonly addresses: readonly string[];
}

const kubernetes = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
];
const bare: HostFacts = { hostname: 'box', machineId: '', defaultAddresses: [] };

/** Facts 1.4, one line of it each. */
const cases: readonly Case[] = [
  {
    name: 'nothing configured, dual-stack host with a long name in capitals',
    config: '',
    dns: ['localhost', 'node-1.example.org', 'node-1', ...kubernetes],
    addresses: ['127.0.0.1', '::1', '192.0.2.10', '2001:db8::10', '10.43.0.1'],
  },
  {
    name: 'a tree without addresses and without a host name',
    config: '',
    host: { hostname: '', machineId: '', defaultAddresses: [] },
    dns: ['localhost', ...kubernetes],
    addresses: ['127.0.0.1', '::1', '10.43.0.1'],
  },
  {
    name: 'tls-san as a comma list, as a list, kept in its own case, addresses told from names',
    config: 'tls-san:\n  - Vip.example.org,198.51.100.7\n  - "*.example.net"\n  - FD00::0:1\n',
    host: bare,
    dns: ['Vip.example.org', '*.example.net', 'localhost', 'box', ...kubernetes],
    addresses: ['198.51.100.7', 'fd00::1', '127.0.0.1', '::1', '10.43.0.1'],
  },
  {
    name: 'node-name beats the host name and is lower-cased',
    config: 'node-name: CP-7\n',
    host: bare,
    dns: ['localhost', 'cp-7', ...kubernetes],
    addresses: ['127.0.0.1', '::1', '10.43.0.1'],
  },
  {
    name: 'node-ip replaces the default addresses and is advertised',
    config: 'node-ip: 203.0.113.5,2001:DB8:0::5\n',
    dns: ['localhost', 'node-1.example.org', 'node-1', ...kubernetes],
    addresses: ['127.0.0.1', '::1', '203.0.113.5', '2001:db8::5', '10.43.0.1'],
  },
  {
    name: 'node-external-ip is listed besides the node addresses',
    config: 'node-external-ip: 198.51.100.9\nnode-ip: 203.0.113.5\n',
    host: bare,
    dns: ['localhost', 'box', ...kubernetes],
    addresses: ['127.0.0.1', '::1', '198.51.100.9', '203.0.113.5', '10.43.0.1'],
  },
  {
    name: 'advertise-address is listed',
    config: 'advertise-address: 203.0.113.99\n',
    host: bare,
    dns: ['localhost', 'box', ...kubernetes],
    addresses: ['127.0.0.1', '::1', '10.43.0.1', '203.0.113.99'],
  },
  {
    name: 'service-cidr: first usable address of the first network only',
    config: 'service-cidr: 10.96.128.77/17,fd01::/108\n',
    host: bare,
    dns: ['localhost', 'box', ...kubernetes],
    addresses: ['127.0.0.1', '::1', '10.96.128.1'],
  },
  {
    name: 'service-cidr IPv6 first',
    config: 'service-cidr:\n- fd01:0:0:10::/112\n- 10.96.0.0/16\n',
    host: bare,
    dns: ['localhost', 'box', ...kubernetes],
    addresses: ['127.0.0.1', '::1', 'fd01:0:0:10::1'],
  },
  {
    name: 'an IPv6-only node gets the IPv6 default service network',
    config: '',
    host: { hostname: 'box', machineId: '', defaultAddresses: ['2001:db8::10'] },
    dns: ['localhost', 'box', ...kubernetes],
    addresses: ['127.0.0.1', '::1', '2001:db8::10', 'fd00:43::1'],
  },
  {
    name: 'cluster-domain changes one name',
    config: 'cluster-domain: corp.example\n',
    host: bare,
    dns: ['localhost', 'box', ...kubernetes.slice(0, 3), 'kubernetes.default.svc.corp.example'],
    addresses: ['127.0.0.1', '::1', '10.43.0.1'],
  },
  {
    name: 'invalid addresses and networks are left out',
    config: 'node-ip: 192.0.2.300,203.0.113.5\nservice-cidr: nonsense\n',
    host: bare,
    dns: ['localhost', 'box', ...kubernetes],
    addresses: ['127.0.0.1', '::1', '203.0.113.5'],
  },
];

for (const { name, config, host: facts = host, dns, addresses } of cases) {
  test(`subject names of the API server: ${name}`, (t) => {
    const layout = resolved(t, { '/etc/rancher/rke2/config.yaml': config }, { unit: 'rke2-server' }, facts);
    const identity = identityOf(layout, 'serving-kube-apiserver');
    t.deepEqual(identity.dnsNames, dns);
    t.deepEqual(identity.ipAddresses, addresses);
    // The same node, so: the listener has the same names, etcd all but Kubernetes' own and one of its own.
    t.deepEqual(identityOf(layout, 'dynamic-cert').dnsNames, dns);
    for (const id of ['etcd/server-client', 'etcd/peer-server-client']) {
      const etcd = identityOf(layout, id);
      t.deepEqual(etcd.dnsNames, [...dns.filter((one) => !one.startsWith('kubernetes')), 'kine.sock']);
      t.deepEqual(etcd.ipAddresses, addresses);
    }
  });
}

test('subject names of the kubelet are the node, localhost and every address of the node', (t) => {
  const config = 'node-ip: 203.0.113.5\nnode-external-ip: 198.51.100.9\ntls-san: vip.example.org\n';
  for (const unit of ['rke2-agent', 'rke2-server']) {
    const identity = identityOf(
      resolved(t, { '/etc/rancher/rke2/config.yaml': config }, { unit }),
      'agent/serving-kubelet',
    );
    t.deepEqual(identity.dnsNames, ['node-1.example.org', 'localhost']);
    t.deepEqual(identity.ipAddresses, ['127.0.0.1', '::1', '203.0.113.5', '198.51.100.9']);
  }
});

test('subject names of the scheduler and the controller manager are the loopback ones', (t) => {
  const layout = resolved(t, {});
  for (const id of ['kube-scheduler/kube-scheduler', 'kube-controller-manager/kube-controller-manager']) {
    t.deepEqual(identityOf(layout, id).dnsNames, ['localhost']);
    t.deepEqual(identityOf(layout, id).ipAddresses, ['127.0.0.1', '::1']);
  }
});

for (const setting of ['flannel-iface: eth1', 'vpn-auth: "name=tailscale,joinKey=sesame"', 'vpn-auth-file: /etc/vpn']) {
  test(`subject names leave the addresses to run time under ${setting.split(':')[0] ?? ''}`, (t) => {
    const layout = resolved(t, { '/etc/rancher/k3s/config.yaml': `${setting}\n` }, { unit: 'k3s' });
    t.deepEqual(identityOf(layout, 'serving-kube-apiserver').ipAddresses, ['127.0.0.1', '::1', '10.43.0.1']);
    t.true(layout.evidence.some((line) => line.startsWith('/etc/rancher/k3s/config.yaml:1')));
    t.false(JSON.stringify(layout).includes('sesame'));
  });
}

test('the kubelet name carries the node id under with-node-id, and is empty when it cannot be known', (t) => {
  const config = { '/etc/rancher/rke2/config.yaml': 'node-name: a\nwith-node-id: true\n' };
  const withId = resolved(t, { ...config, '/etc/rancher/node/id': '0a1b2c3d\n' });
  t.is(identityOf(withId, 'agent/client-kubelet').commonName, 'system:node:a-0a1b2c3d');
  t.is(withId.nodeName, 'a');
  t.is(identityOf(resolved(t, config), 'agent/client-kubelet').commonName, '');
  const cloud = resolved(t, { '/etc/rancher/rke2/config.yaml': 'node-name-from-cloud-provider-metadata: true\n' });
  t.is(cloud.nodeName, '');
  t.deepEqual(identityOf(cloud, 'serving-kube-apiserver').dnsNames, ['localhost', ...kubernetes]);
});

function identityOf(layout: Layout, id: string): Identity {
  const entry = layout.entries.find((candidate) => candidate.id === id);
  if (entry?.kind !== 'leaf' && entry?.kind !== 'listener') throw new Error(`${id} has no identity`);
  return entry.identity;
}
