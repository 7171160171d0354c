import type { Tree } from '../fixtures/tree.ts';

/** In the order in which RKE2 starts them: each waits until the one before it is ready. */
export const components = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const;
export type Component = (typeof components)[number];

/** What listens where on the loopback; by the leaf that is served there. */
export const servedLeaves = {
  6443: 'serving-kube-apiserver',
  2379: 'etcd/server-client',
  2380: 'etcd/peer-server-client',
  10257: 'kube-controller-manager/kube-controller-manager',
  10259: 'kube-scheduler/kube-scheduler',
} as const;
export type ServedPort = keyof typeof servedLeaves;
export const servedPorts = Object.keys(servedLeaves).map((port) => Number(port) as ServedPort);

const serviceRange = '10.43.0.0/16';
const issuer = 'https://kubernetes.default.svc.cluster.local';

/** The arguments that RKE2 gives its static pods (k3s pkg/daemons/control/server.go, rke2 pkg/executor/staticpod). */
export function argumentsOf(component: Component, tree: Tree): readonly string[] {
  const server = `${tree.dataDir}/server`;
  const tls = `${server}/tls`;
  const options: Readonly<Record<string, string>> = {
    etcd: () => ({ 'config-file': `${server}/db/etcd/config` }),
    'kube-apiserver': () => apiServer(tree, server, tls),
    'kube-controller-manager': () => controllerManager(server, tls),
    'kube-scheduler': () => scheduler(server, tls),
  }[component]();
  return Object.entries(options).map(([option, value]) => `--${option}=${value}`);
}

function apiServer(tree: Tree, server: string, tls: string): Record<string, string> {
  return {
    'advertise-address': tree.nodeIp,
    'allow-privileged': 'true',
    'anonymous-auth': 'false',
    'api-audiences': `${issuer},rke2`,
    'authorization-mode': 'Node,RBAC',
    'bind-address': '0.0.0.0',
    'cert-dir': `${tls}/temporary-certs`,
    'client-ca-file': `${tls}/client-ca.crt`,
    'egress-selector-config-file': `${server}/etc/egress-selector-config.yaml`,
    'enable-admission-plugins': 'NodeRestriction',
    'enable-aggregator-routing': 'true',
    'enable-bootstrap-token-auth': 'true',
    'encryption-provider-config': `${server}/cred/encryption-config.json`,
    'encryption-provider-config-automatic-reload': 'true',
    'etcd-cafile': `${tls}/etcd/server-ca.crt`,
    'etcd-certfile': `${tls}/etcd/client.crt`,
    'etcd-keyfile': `${tls}/etcd/client.key`,
    'etcd-servers': 'https://127.0.0.1:2379',
    'kubelet-certificate-authority': `${tls}/server-ca.crt`,
    'kubelet-client-certificate': `${tls}/client-kube-apiserver.crt`,
    'kubelet-client-key': `${tls}/client-kube-apiserver.key`,
    'kubelet-preferred-address-types': 'InternalIP,ExternalIP,Hostname',
    profiling: 'false',
    'proxy-client-cert-file': `${tls}/client-auth-proxy.crt`,
    'proxy-client-key-file': `${tls}/client-auth-proxy.key`,
    'requestheader-allowed-names': 'system:auth-proxy',
    'requestheader-client-ca-file': `${tls}/request-header-ca.crt`,
    'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
    'requestheader-group-headers': 'X-Remote-Group',
    'requestheader-username-headers': 'X-Remote-User',
    'secure-port': '6443',
    'service-account-issuer': issuer,
    'service-account-key-file': `${tls}/service.key`,
    'service-account-signing-key-file': `${tls}/service.current.key`,
    'service-cluster-ip-range': serviceRange,
    'service-node-port-range': '30000-32767',
    'storage-backend': 'etcd3',
    'tls-cert-file': `${tls}/serving-kube-apiserver.crt`,
    'tls-private-key-file': `${tls}/serving-kube-apiserver.key`,
  };
}

function controllerManager(server: string, tls: string): Record<string, string> {
  const kubeconfig = `${server}/cred/controller.kubeconfig`;
  const pair = `${tls}/kube-controller-manager/kube-controller-manager`;
  return {
    'permit-port-sharing': 'true',
    'flex-volume-plugin-dir': '/var/lib/kubelet/volumeplugins',
    'terminated-pod-gc-threshold': '1000',
    'allocate-node-cidrs': 'true',
    'authentication-kubeconfig': kubeconfig,
    'authorization-kubeconfig': kubeconfig,
    'bind-address': '127.0.0.1',
    'cluster-cidr': '10.42.0.0/16',
    'cluster-signing-kube-apiserver-client-cert-file': `${tls}/client-ca.nochain.crt`,
    'cluster-signing-kube-apiserver-client-key-file': `${tls}/client-ca.key`,
    'cluster-signing-kubelet-client-cert-file': `${tls}/client-ca.nochain.crt`,
    'cluster-signing-kubelet-client-key-file': `${tls}/client-ca.key`,
    'cluster-signing-kubelet-serving-cert-file': `${tls}/server-ca.nochain.crt`,
    'cluster-signing-kubelet-serving-key-file': `${tls}/server-ca.key`,
    'cluster-signing-legacy-unknown-cert-file': `${tls}/server-ca.nochain.crt`,
    'cluster-signing-legacy-unknown-key-file': `${tls}/server-ca.key`,
    'configure-cloud-routes': 'false',
    controllers: '*,tokencleaner,-service,-route,-cloud-node-lifecycle',
    kubeconfig,
    profiling: 'false',
    'root-ca-file': `${tls}/server-ca.crt`,
    'secure-port': '10257',
    'service-account-private-key-file': `${tls}/service.current.key`,
    'service-cluster-ip-range': serviceRange,
    'tls-cert-file': `${pair}.crt`,
    'tls-private-key-file': `${pair}.key`,
    'use-service-account-credentials': 'true',
    ...tellsOfRotations,
  };
}

function scheduler(server: string, tls: string): Record<string, string> {
  const kubeconfig = `${server}/cred/scheduler.kubeconfig`;
  const pair = `${tls}/kube-scheduler/kube-scheduler`;
  return {
    'permit-port-sharing': 'true',
    'authentication-kubeconfig': kubeconfig,
    'authorization-kubeconfig': kubeconfig,
    'bind-address': '127.0.0.1',
    kubeconfig,
    profiling: 'false',
    'secure-port': '10259',
    'tls-cert-file': `${pair}.crt`,
    'tls-private-key-file': `${pair}.key`,
    ...tellsOfRotations,
  };
}

/** RKE2's own is 0 and can be set; from 1 on client-go says when it closes the connections of an old client pair. */
const tellsOfRotations = { v: '1' };

/** What RKE2 writes to server/db/etcd/config at each start of a first server. */
export function etcdConfiguration(tree: Tree): string {
  const { dataDir, nodeIp, nodeName } = tree;
  const transport = (pair: string, authority: string): string => `  cert-file: ${dataDir}/server/tls/etcd/${pair}.crt
  client-cert-auth: true
  key-file: ${dataDir}/server/tls/etcd/${pair}.key
  trusted-ca-file: ${dataDir}/server/tls/etcd/${authority}.crt
`;
  return `advertise-client-urls: https://${nodeIp}:2379
client-transport-security:
${transport('server-client', 'server-ca')}data-dir: ${dataDir}/server/db/etcd
election-timeout: 5000
heartbeat-interval: 500
initial-advertise-peer-urls: https://${nodeIp}:2380
initial-cluster: ${nodeName}=https://${nodeIp}:2380
initial-cluster-state: new
listen-client-http-urls: https://127.0.0.1:2382
listen-client-urls: https://127.0.0.1:2379,https://${nodeIp}:2379
listen-metrics-urls: http://127.0.0.1:2381
listen-peer-urls: https://127.0.0.1:2380,https://${nodeIp}:2380
log-outputs:
- stderr
logger: zap
name: ${nodeName}
peer-transport-security:
${transport('peer-server-client', 'peer-ca')}snapshot-count: 10000
`;
}
