import type { ProductFacts } from './product.ts';

export const k3s: ProductFacts<'k3s'> = {
  name: 'k3s',
  units: { server: 'k3s.service', agent: 'k3s-agent.service' },
  environmentFile: (unit) => `/etc/systemd/system/${unit}.env`,
  mountsSingleFiles: false,
  alwaysEncrypts: false,
  // API and supervisor share one port, and the API server's process listens behind it.
  ports: (setting) => {
    const shared = setting('https-listen-port', 6443);
    return {
      apiServer: shared + 1,
      publicApi: shared,
      supervisor: shared,
      balancer: setting('lb-server-port', 6444),
      supervisorBalancer: setting('lb-server-port', 6444),
    };
  },
  kubectl: () => 'k3s kubectl',
};
