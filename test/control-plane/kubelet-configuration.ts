import type { Tree } from '../fixtures/tree.ts';

const socket = '/run/k3s/containerd/containerd.sock';

/** The arguments that RKE2 gives its kubelet, as far as they matter here; the rest is in its configuration. */
export function kubeletWords({ dataDir, nodeName, nodeIp }: Tree, state: string): readonly string[] {
  return [
    `--config=${state}/kubelet.yaml`,
    `--hostname-override=${nodeName}`,
    `--kubeconfig=${dataDir}/agent/kubelet.kubeconfig`,
    `--node-ip=${nodeIp}`,
    `--root-dir=${state}/root`,
    // RKE2's own is 0 and can be set; from 1 on client-go says when it closes the connections of an old client pair.
    '--v=1',
  ];
}

/** The certificates and the authorization as RKE2 has them; the rest so that it runs in a corner of any machine. */
export function kubeletConfiguration({ dataDir }: Tree, group: string): string {
  const agent = `${dataDir}/agent`;
  return `${JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: '0.0.0.0',
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: `${agent}/client-ca.crt` },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: `${agent}/serving-kubelet.crt`,
    tlsPrivateKeyFile: `${agent}/serving-kubelet.key`,
    containerRuntimeEndpoint: `unix://${socket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: group,
    failCgroupV1: false,
    failSwapOn: false,
    // Nothing is put out of the node because the machine is busy with other things.
    evictionHard: { 'memory.available': '1Mi' },
    healthzBindAddress: '127.0.0.1',
  })}\n`;
}

/** @param image also the one that holds a pod's namespaces */
export function containerdConfiguration(state: string, image: string): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = "${state}/containerd"
state = "/run/k3s/containerd/state"
[grpc]
address = "${socket}"
[${cri}]
sandbox_image = "${image}"
disable_apparmor = true
restrict_oom_score_adj = true
[${cri}.cni]
conf_dir = "${state}/cni"
bin_dir = "${state}/cni"
[${cri}.containerd]
snapshotter = "native"
[${cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
`;
}

/** A node without any is not Ready. No pod uses it. */
export const network = `${JSON.stringify({ cniVersion: '0.4.0', name: 'none', plugins: [{ type: 'loopback' }] })}\n`;
