import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import type { State } from '../../src/state/state.ts';
import type { Ports } from '../../src/survey/ports.ts';
import { askHealth } from '../../src/system/ask-health.ts';
import { askSupervisor } from '../../src/system/ask-supervisor.ts';
import { supervisorOf, type Supervisor } from '../fixtures/supervisor.ts';
import type { Tree } from '../fixtures/tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { live, type Life, type LifeOptions, type Step } from './life.ts';
import { dayMs } from './running-node.ts';

/* A K3s agent on real files, with a server of the cluster that signs for it over real TLS, and the life of its daemon. */

export const leaves = [
  'agent/client-kubelet',
  'agent/serving-kubelet',
  'agent/client-kube-proxy',
  'agent/client-k3s-controller',
];

export interface Agent {
  readonly tree: Tree;
  readonly server: Supervisor;
  readonly end: number;
  is: { answers: boolean; invocation: string };
}

/** The node that is looked after: an agent of a server's cluster, or that server itself. */
export async function agentOf(t: ExecutionContext, role: 'agent' | 'server' = 'agent'): Promise<Agent> {
  const cluster = temporaryTree(t, { product: 'k3s', nodeName: 'server-1', nodeIp: '10.0.0.1' });
  const tree = role === 'server' ? cluster : temporaryTree(t, { product: 'k3s', role, nodeName: 'node-2', cluster });
  const server = await supervisorOf(t, cluster, tree);
  mkdirSync(tree.host('/etc/rancher/k3s/config.yaml.d'), { recursive: true });
  const port = `${role === 'agent' ? 'lb-server-port' : 'https-listen-port'}: ${String(server.port)}\n`;
  writeFileSync(tree.host('/etc/rancher/k3s/config.yaml.d/port.yaml'), port);
  return { tree, server, end: endOf(tree, 'agent/client-kubelet'), is: { answers: true, invocation: 'a' } };
}

export function certificateOf(tree: Tree, id: string): X509Certificate {
  return new X509Certificate(readFileSync(tree.host(tree.leaf(id).certificatePath)));
}

export function endOf(tree: Tree, id: string): number {
  return Date.parse(certificateOf(tree, id).validTo);
}

export function stateOf({ tree }: Agent): State {
  return JSON.parse(readFileSync(tree.host('/var/lib/certmend/dynamic-cert.json'), 'utf8')) as State;
}

export function eventsOf(agent: Agent): readonly string[] {
  return stateOf(agent).events.map(({ event, code }) => (code === null ? event : `${event} ${code}`));
}

export function lifeOf(
  agent: Agent,
  daysLeft: number,
  steps: readonly Step[],
  options: LifeOptions = {},
): Promise<Life> {
  const { tree, end, server, is } = agent;
  return live(tree.root, steps, {
    start: end - daysLeft * dayMs,
    ...options,
    ports: (ports): Ports => {
      server.is.now = () => ports.clock.now();
      const mine: Ports = {
        ...ports,
        synchronisation: () => 'synchronised',
        askSupervisor,
        askHealth,
        serviceRunning: () => true,
        unitRun: () => ({ state: 'up', invocation: is.invocation, forMs: 3_600_000 }),
        servedChain: (port) => {
          const id = port === 10250 ? 'agent/serving-kubelet' : 'serving-kube-apiserver';
          const isThere = port === 10250 || (tree.role === 'server' && port === server.port + 1);
          return Promise.resolve(isThere && is.answers ? [certificateOf(tree, id).raw] : undefined);
        },
      };
      return options.ports?.(mine) ?? mine;
    },
  });
}
