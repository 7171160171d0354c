import type { Origin } from '../../disk/origin.ts';
import type { Product, Role } from '../names.ts';
import { productCommand } from './product-command.ts';

/** A flag of the product's command line, without its dashes and with the long name. */
export interface Flag {
  readonly name: string;
  readonly value: Origin<string>;
}

export interface CommandLine {
  /** Undefined when the command is not the product's own program (a wrapper of somebody's). */
  readonly product: Product | undefined;
  /** The first word that says what the process is; undefined when the command is something else (a wrapper). */
  readonly role: Origin<'server' | 'agent'> | undefined;
  readonly flags: readonly Flag[];
}

const shortNames: Readonly<Record<string, string>> = {
  c: 'config',
  d: 'data-dir',
  i: 'node-ip',
  o: 'write-kubeconfig',
  s: 'server',
  t: 'token',
};

/** Flags that take no value: `--disable-etcd --x` must not swallow the next word. */
const switches = new Set([
  'cluster-init',
  'cluster-reset',
  'debug',
  'disable-agent',
  'disable-apiserver',
  'disable-cloud-controller',
  'disable-controller-manager',
  'disable-etcd',
  'disable-helm-controller',
  'disable-kube-proxy',
  'disable-network-policy',
  'disable-scheduler',
  'docker',
  'embedded-registry',
  'enable-pprof',
  'enable-servicelb',
  'etcd-disable-snapshots',
  'etcd-expose-metrics',
  'flannel-external-ip',
  'flannel-ipv6-masq',
  'kine-tls',
  'node-name-from-cloud-provider-metadata',
  'prefer-bundled-bin',
  'protect-kernel-defaults',
  'rootless',
  'secrets-encryption',
  'selinux',
  'supervisor-metrics',
  'tls-san-security',
  'with-node-id',
]);

/** The long name of a flag or configuration key. */
export function longName(name: string): string {
  return shortNames[name] ?? name;
}

/** Reads the words of ExecStart as the products' flag parser does: `--a=b`, `--a b`, `-a b`, switches without a value. */
export function readCommandLine(words: readonly Origin<string>[]): CommandLine {
  const command = productCommand(words);
  return { product: command?.product, ...flagsOf(command?.words ?? words, command?.role) };
}

function flagsOf(words: readonly Origin<string>[], named: Role | undefined): Pick<CommandLine, 'role' | 'flags'> {
  const at = words.findIndex((word, index) => index > 0 && (word.value === 'server' || word.value === 'agent'));
  // `k3s-server` says it in its name; then the flags follow at once.
  const start = at < 0 && named !== undefined ? 0 : at;
  const word = words[start];
  if (word === undefined) return { role: undefined, flags: [] };
  const flags: Flag[] = [];
  for (let index = start + 1; index < words.length; index += 1) {
    const current = words[index];
    const match = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/.exec(current?.value ?? '');
    if (current === undefined || match === null) continue;
    const name = longName(match[1] ?? '');
    const next = words[index + 1];
    let value = match[2];
    if (value === undefined && switches.has(name)) value = 'true';
    if (value === undefined && next !== undefined) {
      value = next.value;
      index += 1;
    }
    flags.push({ name, value: { value: value ?? '', origin: current.origin } });
  }
  const role = named ?? (word.value === 'server' ? 'server' : 'agent');
  return { role: { value: role, origin: word.origin }, flags };
}
