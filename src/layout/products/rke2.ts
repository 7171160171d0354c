import { shellWord } from '../../disk/shell-word.ts';
import type { ProductFacts } from './product.ts';

export const rke2: ProductFacts<'rke2'> = {
  name: 'rke2',
  units: { server: 'rke2-server.service', agent: 'rke2-agent.service' },
  environmentFile: () => '/usr/local/lib/systemd/system/%N.env',
  mountsSingleFiles: true,
  alwaysEncrypts: true,
  // It fixes its ports, but for the load balancer's.
  ports: (setting) => ({
    apiServer: 6443,
    publicApi: 6443,
    supervisor: 9345,
    balancer: setting('lb-server-port', 6444) - 1,
    supervisorBalancer: setting('lb-server-port', 6444),
  }),
  kubectl: (dataDir) => shellWord(`${dataDir}/bin/kubectl`),
};
