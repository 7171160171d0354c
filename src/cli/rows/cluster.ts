import { type Command, command } from '../command.ts';

/** What the cluster is told. */
export const cluster: readonly Command[] = [
  command({
    name: 'cluster manifest',
    positionals: [],
    describe: 'what a cluster needs for kubectl get certificates: to be applied once, by its administrator',
    details:
      'Prints YAML for kubectl, or for the directory that the product applies manifests from: the resource NodeCertificate, what a node may do with it, ' +
      'and a policy by which a node writes its own objects only. With -o json one List. Nothing of this node is in it, and nothing is applied. ' +
      'Needed for cluster.report: certificates alone; docs/cluster.md explains each part.',
    options: {},
    examples: [['certmend cluster manifest | kubectl apply -f -', 'install it, or bring it up to date']],
    load: () => import('../commands/cluster/manifest.ts'),
  }),
  command({
    name: 'cluster status',
    positionals: [],
    describe: 'what the cluster was last told of this node, when, and what is in the way',
    details:
      'Reads what the daemon remembers; the API server is not asked, and nothing is changed. ' +
      'Exit status: 0 told, or off; 1 something is in the way; 3 not told yet.',
    options: {},
    examples: [['certmend cluster status -o json', 'for a script']],
    load: () => import('../commands/cluster/status.ts'),
  }),
];
