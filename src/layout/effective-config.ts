import type { FileReader } from '../disk/file-reader.ts';
import { longName, readCommandLine } from './detect/arguments.ts';
import { readConfigFile } from './config-file.ts';
import type { ConfigItem } from '../yaml/simple-yaml.ts';
import type { Origin } from '../disk/origin.ts';
import type { Product } from './names.ts';
import type { Unit } from '../systemd/unit-file.ts';

/**
 * The product's own settings as it would see them at its next start: every value of a key in the order the product
 * reads them, so that the last one wins for a single value and all of them count for a list.
 */
export interface EffectiveConfig {
  readonly values: ReadonlyMap<string, readonly Origin<string>[]>;
  readonly evidence: readonly string[];
}

export type EffectiveConfigAnswer =
  | { readonly ok: true; readonly config: EffectiveConfig }
  | {
      readonly ok: false;
      readonly problem: string;
      readonly hint: string;
      readonly evidence: readonly string[];
      /** What the unit and the files that can be read say. */
      readonly rest: EffectiveConfig;
    };

/** Only what shapes a layout is kept: configuration files hold tokens and passwords, which are dropped here. */
const keptKeys = new Set([
  'advertise-address',
  'bind-address',
  'cluster-domain',
  'data-dir',
  'datastore-endpoint',
  'disable-agent',
  'disable-apiserver',
  'disable-controller-manager',
  'disable-etcd',
  'disable-scheduler',
  'etcd-arg',
  'flannel-iface',
  'https-listen-port',
  'kube-apiserver-arg',
  'kube-controller-manager-arg',
  'kube-scheduler-arg',
  'kubelet-arg',
  'lb-server-port',
  'node-external-ip',
  'node-ip',
  'node-name',
  'node-name-from-cloud-provider-metadata',
  'service-cidr',
  'tls-san',
  'token-file',
  'agent-token-file',
  'vpn-auth-file',
  'with-node-id',
  'write-kubeconfig',
]);

/** Kept as a fact; as a value only for who asks for the one (join-token.ts). */
const secretKeys = new Set(['token', 'agent-token', 'vpn-auth']);

const environmentKeys: Readonly<Record<string, string>> = {
  DATA_DIR: 'data-dir',
  DATASTORE_ENDPOINT: 'datastore-endpoint',
  NODE_NAME: 'node-name',
  TOKEN: 'token',
  TOKEN_FILE: 'token-file',
  AGENT_TOKEN: 'agent-token',
  AGENT_TOKEN_FILE: 'agent-token-file',
  VPN_AUTH: 'vpn-auth',
  VPN_AUTH_FILE: 'vpn-auth-file',
  KUBECONFIG_OUTPUT: 'write-kubeconfig',
  LB_SERVER_PORT: 'lb-server-port',
  NODE_NAME_FROM_CLOUD_PROVIDER_METADATA: 'node-name-from-cloud-provider-metadata',
};

/**
 * Collects the effective configuration: environment (weakest: the product uses it only for what nothing else sets),
 * then config.yaml, then config.yaml.d in name order with `key+` appending, then the arguments of the unit (strongest;
 * lists add up). The products turn their files into arguments and put them before the real ones, which gives this order
 * (products 9). A file that the product would refuse is a refusal here too: with half of the names a wrong certificate
 * would be made.
 *
 * @param wantedSecret the secret key of which the value itself is wanted
 */
export function readEffectiveConfig(
  product: Product,
  unit: Unit,
  reader: FileReader,
  wantedSecret?: string,
): EffectiveConfigAnswer {
  const values = new Map<string, Origin<string>[]>();
  const evidence: string[] = [];
  const keep = (key: string, value: Origin<string>): void => {
    const name = longName(key);
    const kept =
      secretKeys.has(name) && name !== wantedSecret ? { value: '(set)', origin: value.origin } : told(name, value);
    if (keptKeys.has(name) || secretKeys.has(name)) values.set(name, [...(values.get(name) ?? []), kept]);
  };

  const prefix = `${product.toUpperCase()}_`;
  const environment = new Map<string, Origin<string>>();
  for (const [suffix, key] of Object.entries(environmentKeys)) {
    const variable = unit.environment.get(prefix + suffix);
    if (variable !== undefined && variable.value !== '') environment.set(key, variable);
  }
  for (const [key, value] of environment) keep(key, value);

  const { flags } = readCommandLine(unit.command);
  const configPath =
    nonEmpty(unit.environment.get(`${prefix}CONFIG_FILE`)) ??
    flags.findLast((flag) => flag.name === 'config')?.value ??
    ({ value: `/etc/rancher/${product}/config.yaml`, origin: 'default' } as const);
  let refused: { readonly problem: string; readonly hint: string } | undefined;
  const isRemote = /^https?:/i.test(configPath.value);
  if (isRemote) {
    refused = {
      problem: `${product} takes its configuration from a URL (${configPath.origin}), but certmend does not use the network`,
      hint: `Save that configuration as a file on the node and point --config at it.`,
    };
  }

  const merged = new Map<string, readonly Origin<string>[]>();
  for (const path of isRemote ? [] : configFiles(configPath.value, reader)) {
    const file = readConfigFile(path, reader);
    if (file.state === 'broken') {
      refused ??= {
        problem: `${file.where} ${file.problem}, so the data directory and the names of this node are not known`,
        hint: `Correct ${path}; ${product} itself does not start with it either.`,
      };
      continue;
    }
    if (file.state === 'absent') continue;
    evidence.push(`configuration: ${path}`);
    for (const item of file.items) mergeItem(merged, item, path);
  }
  // A value from a file comes after one from the environment, so that the last one is the one in force.
  for (const [key, origins] of merged) for (const value of origins) keep(key, value);
  for (const flag of flags) if (flag.name !== 'config') keep(flag.name, flag.value);
  return refused === undefined
    ? { ok: true, config: { values, evidence } }
    : { ok: false, ...refused, evidence, rest: { values, evidence } };
}

/** Of a datastore only its kind: the rest of the address has the password. */
function told(key: string, { value, origin }: Origin<string>): Origin<string> {
  if (key !== 'datastore-endpoint' || value === '') return { value, origin };
  const scheme = /^([a-z][a-z0-9]{1,15}):\/\//i.exec(value)?.[1];
  return { value: scheme?.toLowerCase() ?? '(set)', origin };
}

/** The value in force for a key that has one, with its origin. */
export function lastValue(config: EffectiveConfig, key: string): Origin<string> | undefined {
  return nonEmpty(config.values.get(key)?.at(-1));
}

/** All values of a list key, split at commas as the product does, blanks dropped. */
export function listValues(config: EffectiveConfig, key: string): readonly Origin<string>[] {
  return (config.values.get(key) ?? []).flatMap(({ value, origin }) =>
    value
      .split(',')
      .map((part) => ({ value: part.trim(), origin }))
      .filter((part) => part.value !== ''),
  );
}

/** A switch as the product's parser reads it, with YAML 1.1's words for true. */
export function isOn(config: EffectiveConfig, key: string): boolean {
  return /^(1|t|true|y|yes|on)$/i.test(lastValue(config, key)?.value ?? '');
}

function nonEmpty(value: Origin<string> | undefined): Origin<string> | undefined {
  return value === undefined || value.value === '' ? undefined : value;
}

function configFiles(path: string, reader: FileReader): readonly string[] {
  const directory = `${path}.d`;
  const dropIns = (reader.list(directory) ?? [])
    .filter((name) => /\.ya?ml$/i.test(name))
    .map((name) => `${directory}/${name}`)
    .filter((file) => {
      const state = reader.stat(file);
      return !(state.state === 'present' && state.type === 'directory');
    });
  return [path, ...dropIns];
}

/** Last value wins; `key+` appends to what is there (the product's own rule, products 9). */
function mergeItem(merged: Map<string, readonly Origin<string>[]>, item: ConfigItem, path: string): void {
  const key = longName(item.key.replace(/\+$/, ''));
  const values = item.values.map(({ value, line }) => ({ value, origin: `${path}:${String(line)}` }));
  merged.set(key, item.key.endsWith('+') ? [...(merged.get(key) ?? []), ...values] : values);
}
