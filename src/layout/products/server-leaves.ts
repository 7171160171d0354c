import type { Reload } from '../entry.ts';
import type { ExtendedKeyUsage } from '../../x509/encode-certificate.ts';
import type { Product } from '../names.ts';
import type { NameRule } from './subject-names.ts';

/** One row of products 1.3, below `<data dir>/server/tls/`. The id is the file's base name. */
export interface LeafRow {
  readonly id: string;
  readonly issuer: string;
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly usages: readonly ExtendedKeyUsage[];
  readonly names: NameRule;
  /** Who uses it; on K3s all components are one process. */
  readonly consumer: string;
  readonly reload: Reload;
  /** The consumer is a static pod that mounts the single file: a rename is invisible to it (products 1.7). */
  readonly mountedFile: boolean;
  readonly port: number | 'apiserver' | undefined;
  /** Another process, which reads it at its start and never again: the product's own client of etcd (products 8). */
  readonly readAtStartBy?: string;
  /** Where the consumer says whether it is well, and the client that it is asked as (products 8). */
  readonly health?: { readonly port: number | 'apiserver'; readonly path: string; readonly client: string };
  /** With this setting on, the role does not need it. */
  readonly unlessDisabled?: string;
  /** Issued by the product only since the May 2025 releases (products 0.1). */
  readonly sinceMay2025?: true;
}

const client = ['clientAuth'] as const;
const server = ['serverAuth'] as const;
const both = ['serverAuth', 'clientAuth'] as const;
const masters = ['system:masters'] as const;

/** Facts 1.3, in the order in which a commit goes through them. */
export function serverLeaves(product: Product): readonly LeafRow[] {
  return [
    {
      id: 'client-admin',
      issuer: 'client-ca',
      commonName: 'system:admin',
      organizations: masters,
      usages: client,
      names: 'none',
      consumer: 'kubectl',
      reload: 'handshake',
      mountedFile: false,
      port: undefined,
    },
    {
      id: 'client-supervisor',
      issuer: 'client-ca',
      commonName: `system:${product}-supervisor`,
      organizations: masters,
      usages: client,
      names: 'none',
      consumer: product,
      reload: 'watch',
      mountedFile: false,
      port: undefined,
    },
    {
      id: 'client-controller',
      issuer: 'client-ca',
      commonName: 'system:kube-controller-manager',
      organizations: [],
      usages: client,
      names: 'none',
      consumer: 'kube-controller-manager',
      reload: 'watch',
      mountedFile: true,
      port: undefined,
    },
    {
      id: 'client-scheduler',
      issuer: 'client-ca',
      commonName: 'system:kube-scheduler',
      organizations: [],
      usages: client,
      names: 'none',
      consumer: 'kube-scheduler',
      reload: 'watch',
      mountedFile: true,
      port: undefined,
    },
    {
      id: 'client-kube-apiserver',
      issuer: 'client-ca',
      commonName: 'system:apiserver',
      organizations: masters,
      usages: client,
      names: 'none',
      consumer: 'kube-apiserver',
      reload: 'handshake',
      mountedFile: false,
      port: undefined,
    },
    {
      id: `client-${product}-cloud-controller`,
      issuer: 'client-ca',
      commonName: `${product}-cloud-controller-manager`,
      organizations: [],
      usages: client,
      names: 'none',
      consumer: 'cloud-controller-manager',
      reload: 'watch',
      mountedFile: true,
      port: undefined,
    },
    {
      id: 'serving-kube-apiserver',
      issuer: 'server-ca',
      commonName: 'kube-apiserver',
      organizations: [],
      usages: server,
      names: 'server',
      consumer: 'kube-apiserver',
      reload: 'watch',
      mountedFile: false,
      port: 'apiserver',
      health: { port: 'apiserver', path: '/readyz', client: 'client-admin' },
      unlessDisabled: 'disable-apiserver',
    },
    {
      id: 'kube-scheduler/kube-scheduler',
      issuer: 'server-ca',
      commonName: 'kube-scheduler',
      organizations: [],
      usages: server,
      names: 'loopback',
      consumer: 'kube-scheduler',
      reload: 'watch',
      mountedFile: true,
      port: 10259,
      unlessDisabled: 'disable-scheduler',
      sinceMay2025: true,
    },
    {
      id: 'kube-controller-manager/kube-controller-manager',
      issuer: 'server-ca',
      commonName: 'kube-controller-manager',
      organizations: [],
      usages: server,
      names: 'loopback',
      consumer: 'kube-controller-manager',
      reload: 'watch',
      mountedFile: true,
      port: 10257,
      unlessDisabled: 'disable-controller-manager',
      sinceMay2025: true,
    },
    {
      id: 'client-auth-proxy',
      issuer: 'request-header-ca',
      commonName: 'system:auth-proxy',
      organizations: [],
      usages: client,
      names: 'none',
      consumer: 'kube-apiserver',
      reload: 'watch',
      mountedFile: false,
      port: undefined,
    },
    {
      id: 'etcd/client',
      issuer: 'etcd/server-ca',
      commonName: 'etcd-client',
      organizations: [],
      usages: client,
      names: 'none',
      consumer: 'kube-apiserver',
      reload: 'handshake',
      mountedFile: false,
      port: undefined,
      readAtStartBy: product,
    },
    {
      id: 'etcd/server-client',
      issuer: 'etcd/server-ca',
      commonName: 'etcd-server',
      organizations: [],
      usages: both,
      names: 'etcd',
      consumer: 'etcd',
      reload: 'handshake',
      mountedFile: true,
      port: 2379,
      health: { port: 2382, path: '/health', client: 'etcd/client' },
      unlessDisabled: 'disable-etcd',
    },
    {
      id: 'etcd/peer-server-client',
      issuer: 'etcd/peer-ca',
      commonName: 'etcd-peer',
      organizations: [],
      usages: both,
      names: 'etcd',
      consumer: 'etcd',
      reload: 'handshake',
      mountedFile: true,
      port: 2380,
      unlessDisabled: 'disable-etcd',
    },
  ];
}
