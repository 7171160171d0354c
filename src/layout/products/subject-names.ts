import { normalAddress } from '../../x509/general-name.ts';
import type { NodeSettings } from '../node-settings.ts';

/** Which names a certificate of the tables carries. */
export type NameRule = 'none' | 'server' | 'etcd' | 'loopback' | 'kubelet';

export interface SubjectNames {
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
}

/**
 * The subject alternative names that the product requires (products 1.4 and 1.6), each once, in the product's order. At
 * least these: the certificate on disk and the recorded identity may add to them.
 */
export function subjectNames(rule: NameRule, node: NodeSettings): SubjectNames {
  switch (rule) {
    case 'none':
      return { dnsNames: [], ipAddresses: [] };
    case 'loopback':
      return sorted(['localhost', '127.0.0.1', '::1']);
    case 'kubelet':
      return sorted([
        node.kubeletName,
        'localhost',
        '127.0.0.1',
        '::1',
        ...node.nodeAddresses,
        ...node.externalAddresses,
      ]);
    case 'etcd':
      return sorted([...nodeNames(node), 'kine.sock']);
    case 'server': {
      const kubernetes = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc'];
      return sorted([...nodeNames(node), ...kubernetes, `kubernetes.default.svc.${node.clusterDomain}`]);
    }
  }
}

/** Facts 1.4, items 1 to 7. */
function nodeNames(node: NodeSettings): readonly string[] {
  const dot = node.nodeName.indexOf('.');
  return [
    ...node.tlsSans,
    '127.0.0.1',
    '::1',
    'localhost',
    node.nodeName,
    ...node.externalAddresses,
    dot > 0 ? node.nodeName.slice(0, dot) : '',
    ...node.nodeAddresses,
    node.serviceAddress ?? '',
    node.advertiseAddress ?? '',
  ];
}

/** What parses as an address is an address, all else a DNS name. */
function sorted(names: readonly string[]): SubjectNames {
  const dnsNames = new Set<string>();
  const ipAddresses = new Set<string>();
  for (const name of names) {
    const address = normalAddress(name);
    if (address !== undefined) ipAddresses.add(address);
    else if (name !== '') dnsNames.add(name);
  }
  return { dnsNames: [...dnsNames], ipAddresses: [...ipAddresses] };
}
