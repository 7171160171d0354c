import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Tree } from '../fixtures/tree.ts';
import { atExit } from './at-exit.ts';
import { run, type Ended } from './certmend.ts';

/** One etcd on loopback that uses the etcd part of a tree for its clients and its peers, as RKE2's static pod does. */
export interface Member {
  readonly tree: Tree;
  readonly name: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
  readonly dataDirectory: string;
}

export async function planMembers(trees: readonly Tree[], scratch: string): Promise<Member[]> {
  const ports = await freePorts(trees.length * 2);
  return trees.map((tree, index) => ({
    tree,
    name: tree.nodeName,
    clientUrl: `https://127.0.0.1:${ports[index * 2] ?? 0}`,
    peerUrl: `https://127.0.0.1:${ports[index * 2 + 1] ?? 0}`,
    dataDirectory: join(scratch, `etcd-${tree.nodeName}`),
  }));
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map(async (server): Promise<unknown> => await once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map(async (server): Promise<unknown> => await once(server.close(), 'close')));
  return ports;
}

/** Runs `work` while the members run, and ends them afterwards. */
export async function whileRunning<T>(members: readonly Member[], work: (log: () => string) => Promise<T>): Promise<T> {
  let log = '';
  const children = members.map((member) => {
    const child = startMember(member, members);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (log += text));
    return child;
  });
  const forget = atExit(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  try {
    return await work(() => log);
  } finally {
    await Promise.all(children.map(stop));
    forget();
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

function startMember(member: Member, members: readonly Member[]): ChildProcess {
  const { tree, name, clientUrl, peerUrl, dataDirectory } = member;
  const pair = (id: string): { certificate: string; key: string; authority: string } => {
    const leaf = tree.leaf(id);
    const authority = tree.authority(leaf.issuer).certificatePath;
    return {
      certificate: tree.host(leaf.certificatePath),
      key: tree.host(leaf.keyPath),
      authority: tree.host(authority),
    };
  };
  const [client, peer] = [pair('etcd/server-client'), pair('etcd/peer-server-client')];
  const options = {
    name,
    'data-dir': dataDirectory,
    'listen-client-urls': clientUrl,
    'advertise-client-urls': clientUrl,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': members.map((other) => `${other.name}=${other.peerUrl}`).join(','),
    'initial-cluster-state': 'new',
    'initial-cluster-token': 'certmend',
    'cert-file': client.certificate,
    'key-file': client.key,
    'trusted-ca-file': client.authority,
    'client-cert-auth': 'true',
    'peer-cert-file': peer.certificate,
    'peer-key-file': peer.key,
    'peer-trusted-ca-file': peer.authority,
    'peer-client-cert-auth': 'true',
    logger: 'zap',
    'log-level': 'warn',
  };
  const line = Object.entries(options).map(([option, value]) => `--${option}=${value}`);
  return spawn('etcd', line, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** `etcdctl` as the node's API server would come: with etcd/client. */
export async function etcdctl(tree: Tree, endpoints: readonly Member[], ...words: readonly string[]): Promise<Ended> {
  const leaf = tree.leaf('etcd/client');
  const tls = [
    `--cacert=${tree.host(tree.authority(leaf.issuer).certificatePath)}`,
    `--cert=${tree.host(leaf.certificatePath)}`,
    `--key=${tree.host(leaf.keyPath)}`,
  ];
  const urls = endpoints.map(({ clientUrl }) => clientUrl).join(',');
  const line = [`--endpoints=${urls}`, ...tls, '--dial-timeout=10s', '--command-timeout=20s', ...words];
  return await run('etcdctl', line, { ETCDCTL_API: '3' });
}
