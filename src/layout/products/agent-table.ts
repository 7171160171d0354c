import type { AuthorityEntry, DocumentEntry, Entry, KubeconfigEntry, LeafEntry, Reload } from '../entry.ts';
import type { ExtendedKeyUsage } from '../../x509/encode-certificate.ts';
import type { Supervisor } from '../layout.ts';
import { factsOf, type Product, type Role } from '../names.ts';
import type { NodeSettings } from '../node-settings.ts';
import { type NameRule, subjectNames } from './subject-names.ts';

/**
 * The files below `<data dir>/agent/` (products 1.6), which servers have too. The product makes all of them anew at each of
 * its starts, and certmend writes none of them then. While it runs, the leaves are renewed through a server (products 6.1).
 * On an agent the authorities have no keys.
 */
export function agentEntries(product: Product, role: Role, node: NodeSettings): readonly Entry[] {
  return [
    ...authorities(product, role, node.dataDir),
    ...leaves(product, role, node),
    ...kubeconfigs(product, node),
    nodePassword(product),
  ];
}

/** How a node reaches a server, and what both go by. */
export function supervisorOf(node: NodeSettings): Supervisor {
  const { reachedSupervisorPort: port, localApiPort: apiPort } = node;
  return { port, apiPort, authority: 'agent/server-ca', client: 'agent/client-kubelet' };
}

const madeAtStart = { optional: true, protected: false, writeMode: 'rename', reissuedAtStart: true } as const;

function authorities(product: Product, role: Role, dataDir: string): readonly AuthorityEntry[] {
  return ['client-ca', 'server-ca'].map((name) => ({
    ...madeAtStart,
    kind: 'authority',
    id: `agent/${name}`,
    protected: true,
    consumer: name === 'client-ca' ? 'kubelet' : product,
    reload: 'restart',
    certificatePath: `${dataDir}/agent/${name}.crt`,
    keyPath: undefined,
    copyOf: role === 'server' ? name : undefined,
  }));
}

function leaves(product: Product, role: Role, node: NodeSettings): readonly LeafEntry[] {
  const row = (
    name: string,
    authority: string,
    subject: { readonly commonName: string; readonly organizations: readonly string[]; readonly names: NameRule },
    use: {
      readonly usage: ExtendedKeyUsage;
      readonly consumer: string;
      readonly reload: Reload;
      readonly mountedFile: boolean;
      readonly port?: number;
      readonly namesNode?: boolean;
    },
  ): LeafEntry => ({
    ...madeAtStart,
    kind: 'leaf',
    id: `agent/${name}`,
    consumer: use.consumer,
    reload: use.reload,
    writeMode: use.mountedFile && factsOf(product).mountsSingleFiles ? 'in-place' : 'rename',
    certificatePath: `${node.dataDir}/agent/${name}.crt`,
    keyPath: `${node.dataDir}/agent/${name}.key`,
    issuer: role === 'server' ? authority : `agent/${authority}`,
    identity: {
      commonName: subject.commonName,
      organizations: subject.organizations,
      ...subjectNames(subject.names, node),
    },
    extendedKeyUsages: [use.usage],
    chainInFile: true,
    certificateMode: 0o600,
    keyMode: 0o600,
    port: use.port,
    signedBySupervisor: { path: `/v1-${product}/${name}.crt`, namesNode: use.namesNode ?? false },
  });
  // An empty common name says that it is not known (name from the cloud provider, a tree without /etc/hostname).
  const kubelet = node.kubeletName;
  return [
    row(
      'client-kubelet',
      'client-ca',
      { commonName: kubelet === '' ? '' : `system:node:${kubelet}`, organizations: ['system:nodes'], names: 'none' },
      { usage: 'clientAuth', consumer: 'kubelet', reload: 'watch', mountedFile: false, namesNode: true },
    ),
    row(
      'serving-kubelet',
      'server-ca',
      { commonName: kubelet, organizations: [], names: 'kubelet' },
      { usage: 'serverAuth', consumer: 'kubelet', reload: 'restart', mountedFile: false, port: 10250, namesNode: true },
    ),
    row(
      'client-kube-proxy',
      'client-ca',
      { commonName: 'system:kube-proxy', organizations: [], names: 'none' },
      { usage: 'clientAuth', consumer: 'kube-proxy', reload: 'watch', mountedFile: true },
    ),
    row(
      `client-${product}-controller`,
      'client-ca',
      { commonName: `system:${product}-controller`, organizations: [], names: 'none' },
      { usage: 'clientAuth', consumer: product, reload: 'watch', mountedFile: false },
    ),
  ];
}

function kubeconfigs(product: Product, node: NodeSettings): readonly KubeconfigEntry[] {
  const rows: readonly (readonly [name: string, client: string, consumer: string])[] = [
    ['kubelet', 'client-kubelet', 'kubelet'],
    ['kubeproxy', 'client-kube-proxy', 'kube-proxy'],
    [`${product}controller`, `client-${product}-controller`, product],
  ];
  return rows.map(([name, client, consumer]) => ({
    ...madeAtStart,
    kind: 'kubeconfig',
    id: `agent/${name}.kubeconfig`,
    consumer,
    reload: 'restart',
    path: `${node.dataDir}/agent/${name}.kubeconfig`,
    mode: 0o600,
    style: 'references',
    client: `agent/${client}`,
    authority: 'agent/server-ca',
    server: `https://${node.loopback}:${String(node.localApiPort)}`,
    writable: false,
  }));
}

/** Proves the node's identity to the servers; lost or changed, the node cannot join again (products 6.2). */
function nodePassword(product: Product): DocumentEntry {
  return {
    kind: 'document',
    id: 'node-password',
    optional: true,
    protected: true,
    consumer: product,
    reload: 'product-start',
    writeMode: 'rename',
    reissuedAtStart: false,
    path: '/etc/rancher/node/password',
    format: 'lines',
  };
}
