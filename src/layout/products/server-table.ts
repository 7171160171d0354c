import type {
  AuthorityEntry,
  DocumentEntry,
  Entry,
  KeyEntry,
  KubeconfigEntry,
  LeafEntry,
  ListenerEntry,
  ShownTo,
} from '../entry.ts';
import { factsOf, type Product } from '../names.ts';
import type { NodeSettings } from '../node-settings.ts';
import { type LeafRow, serverLeaves } from './server-leaves.ts';
import { subjectNames } from './subject-names.ts';

/**
 * The table of a server (products 1.2, 1.3, 1.5, 5), without the files of its agent part.
 * @param since2025 whether the product is of the May 2025 releases or later; undefined when not known
 */
export function serverEntries(product: Product, node: NodeSettings, since2025: boolean | undefined): readonly Entry[] {
  return [
    ...authorities(node.dataDir),
    ...leaves(product, node, since2025),
    listener(product, node),
    ...credentialKubeconfigs(product, node),
    adminKubeconfig(product, node),
    ...keys(product, node.dataDir),
    ...documents(product, node),
  ];
}

/** What most rows have in common; each kind overrides what differs. */
const usual = {
  optional: false,
  protected: false,
  reload: 'restart',
  writeMode: 'rename',
  reissuedAtStart: false,
} as const;

function authorities(dataDir: string): readonly AuthorityEntry[] {
  const tls = `${dataDir}/server/tls`;
  const signer = (id: string, consumer: string, optional = false): AuthorityEntry => ({
    ...usual,
    kind: 'authority',
    id,
    optional,
    protected: true,
    consumer,
    certificatePath: `${tls}/${id}.crt`,
    keyPath: `${tls}/${id}.key`,
    copyOf: undefined,
  });
  // Rewritten at every start; never by certmend.
  const copy = (id: string, copyOf: string): AuthorityEntry => ({
    ...signer(id, 'kube-controller-manager', true),
    keyPath: undefined,
    copyOf,
    reissuedAtStart: true,
  });
  return [
    signer('server-ca', 'kube-apiserver'),
    signer('client-ca', 'kube-apiserver'),
    signer('request-header-ca', 'kube-apiserver'),
    signer('etcd/server-ca', 'etcd'),
    signer('etcd/peer-ca', 'etcd'),
    copy('server-ca.nochain', 'server-ca'),
    copy('client-ca.nochain', 'client-ca'),
    // The ancestor of server-ca on clusters of 2020; nothing uses it any more.
    signer('token-ca', 'nothing', true),
  ];
}

function leaves(product: Product, node: NodeSettings, since2025: boolean | undefined): readonly LeafEntry[] {
  return (
    serverLeaves(product)
      // On an older release a file of that name is made and owned by the component itself (products 1.3).
      .filter((row) => row.sinceMay2025 !== true || since2025 !== false)
      .map((row) => leaf(product, row, node, since2025))
  );
}

function leaf(product: Product, row: LeafRow, node: NodeSettings, since2025: boolean | undefined): LeafEntry {
  const path = `${node.dataDir}/server/tls/${row.id}`;
  const isOff = row.unlessDisabled !== undefined && node.disabled.has(row.unlessDisabled);
  // Where the component is off, somebody else may answer on its port: the balancer, for the API servers of other nodes.
  const { port, health } = isOff ? { port: undefined, health: undefined } : row;
  return {
    ...usual,
    kind: 'leaf',
    id: row.id,
    optional: (row.sinceMay2025 === true && since2025 === undefined) || isOff || node.replaced.has(row.id),
    consumer: row.consumer,
    reload: row.reload,
    writeMode: row.mountedFile && factsOf(product).mountsSingleFiles ? 'in-place' : 'rename',
    certificatePath: `${path}.crt`,
    keyPath: `${path}.key`,
    issuer: row.issuer,
    identity: { commonName: row.commonName, organizations: row.organizations, ...subjectNames(row.names, node) },
    extendedKeyUsages: row.usages,
    chainInFile: true,
    certificateMode: 0o644,
    keyMode: 0o600,
    port: portOn(port, node),
    shownTo: shownTo(row, node),
    health: health === undefined ? undefined : { ...health, port: portOn(health.port, node) },
    readAtStartBy: row.readAtStartBy,
  };
}

/** The clients of the API server of this node. */
function shownTo({ issuer, usages }: LeafRow, node: NodeSettings): ShownTo | undefined {
  const isClient = issuer === 'client-ca' && usages.includes('clientAuth');
  if (!isClient || node.disabled.has('disable-apiserver')) return undefined;
  return { port: node.apiServerPort, path: '/version', authority: 'server-ca' };
}

function portOn<Port extends number | undefined>(port: Port | 'apiserver', node: NodeSettings): Port | number {
  return port === 'apiserver' ? node.apiServerPort : port;
}

function listener(product: Product, node: NodeSettings): ListenerEntry {
  const tls = `${node.dataDir}/server/tls`;
  return {
    ...usual,
    kind: 'listener',
    id: 'dynamic-cert',
    // The product makes a missing one.
    optional: true,
    consumer: product,
    reload: 'product-start',
    path: `${tls}/dynamic-cert.json`,
    issuer: 'server-ca',
    identity: { commonName: product, organizations: [product], ...subjectNames('server', node) },
    regenerateTrigger: `${tls}/dynamic-cert-regenerate`,
    port: node.supervisorPort,
  };
}

function credentialKubeconfigs(product: Product, node: NodeSettings): readonly KubeconfigEntry[] {
  const rows: readonly (readonly [name: string, client: string, consumer: string, mounted: boolean])[] = [
    ['admin', 'client-admin', 'kubectl', false],
    ['supervisor', 'client-supervisor', product, false],
    ['controller', 'client-controller', 'kube-controller-manager', true],
    ['scheduler', 'client-scheduler', 'kube-scheduler', true],
    ['api-server', 'client-kube-apiserver', 'kube-apiserver', false],
    ['cloud-controller', `client-${product}-cloud-controller`, 'cloud-controller-manager', true],
  ];
  return rows.map(([name, client, consumer, mounted]) => ({
    ...usual,
    kind: 'kubeconfig',
    id: `cred/${name}.kubeconfig`,
    consumer,
    writeMode: mounted && factsOf(product).mountsSingleFiles ? 'in-place' : 'rename',
    path: `${node.dataDir}/server/cred/${name}.kubeconfig`,
    mode: 0o600,
    style: 'references',
    client,
    authority: 'server-ca',
    server: `https://${node.loopback}:${String(node.localApiPort)}`,
    writable: true,
  }));
}

/** The one that people copy (products 1.5): rewritten by the product at every start, never by certmend. */
function adminKubeconfig(product: Product, node: NodeSettings): KubeconfigEntry {
  return {
    ...usual,
    kind: 'kubeconfig',
    id: `${product}.yaml`,
    optional: true,
    protected: true,
    consumer: 'kubectl',
    reissuedAtStart: true,
    path: node.kubeconfigPath,
    mode: 0o600,
    style: 'embedded',
    client: 'client-admin',
    authority: 'server-ca',
    server: `https://${node.loopback}:${String(node.publicApiPort)}`,
    writable: false,
  };
}

function keys(product: Product, dataDir: string): readonly KeyEntry[] {
  const tls = `${dataDir}/server/tls`;
  const shared = ['client-kubelet', 'serving-kubelet', 'client-kube-proxy', `client-${product}-controller`];
  return [
    {
      ...usual,
      kind: 'key',
      id: 'service.key',
      protected: true,
      consumer: 'kube-apiserver',
      path: `${tls}/service.key`,
      role: 'service-account',
    },
    {
      ...usual,
      kind: 'key',
      id: 'service.current.key',
      optional: true,
      protected: true,
      consumer: 'kube-apiserver',
      reissuedAtStart: true,
      path: `${tls}/service.current.key`,
      role: 'service-account-current',
    },
    ...shared.map((name): KeyEntry => ({
      ...usual,
      kind: 'key',
      id: `${name}.key`,
      optional: true,
      consumer: product,
      reload: 'product-start',
      path: `${tls}/${name}.key`,
      role: 'legacy-shared',
    })),
  ];
}

function documents(product: Product, node: NodeSettings): readonly DocumentEntry[] {
  const row = (id: string, format: DocumentEntry['format'], optional: boolean, consumer: string): DocumentEntry => ({
    ...usual,
    kind: 'document',
    id,
    optional,
    protected: true,
    consumer,
    path: `${node.dataDir}/server/${id}`,
    format,
  });
  // A missing one is restored from the datastore (products 2.4), a damaged one stops the product (products 3.3).
  const bootstrap = (...columns: Parameters<typeof row>): DocumentEntry => ({
    ...row(...columns),
    restoredByProduct: true,
  });
  const token = (id: string, optional: boolean): DocumentEntry => ({
    ...row(id, 'lines', optional, product),
    reissuedAtStart: node.hasTokenSetting,
  });
  return [
    bootstrap('cred/passwd', 'lines', false, product),
    bootstrap('cred/ipsec.psk', 'lines', false, product),
    bootstrap('cred/encryption-config.json', 'json', !factsOf(product).alwaysEncrypts, 'kube-apiserver'),
    // Despite its name one word, stage and hash; newer than the configuration beside it.
    bootstrap('cred/encryption-state.json', 'opaque', true, product),
    // Without it, and without a token in the configuration, the product takes the node for a new one (products 2.4); with
    // one there it writes all three anew at each start.
    token('token', node.hasTokenSetting),
    token('node-token', true),
    token('agent-token', true),
  ];
}
