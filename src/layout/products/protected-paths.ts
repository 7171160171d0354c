import type { Entry } from '../entry.ts';
import type { Product, Role } from '../names.ts';
import type { NodeSettings } from '../node-settings.ts';

/**
 * P2: every path that certmend never writes, moves, touches or chmods. The files of protected entries, and what has no
 * entry: the datastore, the legacy node passwords, the product's own configuration. A path that ends in `/` protects
 * everything below it.
 */
export function protectedPaths(
  product: Product,
  role: Role,
  node: NodeSettings,
  entries: readonly Entry[],
): readonly string[] {
  const server = `${node.dataDir}/server`;
  const everywhere = [
    '/etc/rancher/node/',
    `/etc/rancher/${product}/${product}.yaml`,
    `/etc/rancher/${product}/config.yaml`,
    `/etc/rancher/${product}/config.yaml.d/`,
    `${node.dataDir}/agent/node-password.txt`,
    `${node.dataDir}/agent/etc/`,
    ...node.tokenFiles,
  ];
  const onServers = [`${server}/cred/node-passwd`, `${server}/db/`, `${server}/rotate-ca/`];
  const ofEntries = entries.filter((entry) => entry.protected).flatMap(pathsOf);
  return [...new Set([...ofEntries, ...everywhere, ...(role === 'server' ? onServers : [])])];
}

function pathsOf(entry: Entry): readonly string[] {
  switch (entry.kind) {
    case 'leaf':
      return [entry.certificatePath, entry.keyPath];
    case 'authority':
      return entry.keyPath === undefined ? [entry.certificatePath] : [entry.certificatePath, entry.keyPath];
    case 'listener':
    case 'kubeconfig':
    case 'key':
    case 'document':
      return [entry.path];
  }
}
