import type { Entry } from '../entry.ts';
import type { Conversation } from '../layout.ts';
import type { Product, Role } from '../names.ts';
import type { NodeSettings } from '../node-settings.ts';

/**
 * The pairs that must be able to talk before a set goes live (P4). On an agent those of the agent part alone: the kubelet
 * trusts whom the API server trusts, so that its own clients can take that one's place.
 * Conversations of an entry that an argument has put out of use are left out.
 */
export function conversationsOf(
  product: Product,
  role: Role,
  node: NodeSettings,
  entries: readonly Entry[],
): readonly Conversation[] {
  const trusts = (name: string): string => (role === 'server' ? name : `agent/${name}`);
  const ofAgentPart = ['client-kubelet', 'client-kube-proxy', `client-${product}-controller`].map(
    (name): Conversation => ({
      server: 'agent/serving-kubelet',
      client: `agent/${name}`,
      serverTrusts: trusts('client-ca'),
      clientTrusts: trusts('server-ca'),
      serverName: 'localhost',
    }),
  );
  const apiClients = [
    'admin',
    'supervisor',
    'controller',
    'scheduler',
    'kube-apiserver',
    `${product}-cloud-controller`,
  ];
  const serving = (server: string, client: string, serverTrusts: string): Conversation => ({
    server,
    client,
    serverTrusts,
    clientTrusts: 'server-ca',
    serverName: 'localhost',
  });
  const etcd = (server: string, client: string, authority: string): Conversation => ({
    server,
    client,
    serverTrusts: authority,
    clientTrusts: authority,
    serverName: 'localhost',
  });
  const ofServer = [
    ...apiClients.map((name) => serving('serving-kube-apiserver', `client-${name}`, 'client-ca')),
    // The proxy identity is shown to aggregated API servers, which trust the request header authority for it.
    serving('serving-kube-apiserver', 'client-auth-proxy', 'request-header-ca'),
    serving('kube-scheduler/kube-scheduler', 'client-admin', 'client-ca'),
    serving('kube-controller-manager/kube-controller-manager', 'client-admin', 'client-ca'),
    etcd('etcd/server-client', 'etcd/client', 'etcd/server-ca'),
    etcd('etcd/server-client', 'etcd/server-client', 'etcd/server-ca'),
    etcd('etcd/peer-server-client', 'etcd/peer-server-client', 'etcd/peer-ca'),
  ];
  const all = role === 'server' ? [...ofServer, ...ofAgentPart] : ofAgentPart;
  const present = new Set(entries.map((entry) => entry.id));
  const inUse = (id: string): boolean => present.has(id) && !node.replaced.has(id);
  return all.filter(({ server, client }) => inUse(server) && inUse(client));
}
