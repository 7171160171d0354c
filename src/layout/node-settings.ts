import { isIPv6, normalAddress, addressOctets, addressText } from '../x509/general-name.ts';
import { type EffectiveConfig, isOn, lastValue, listValues } from './effective-config.ts';
import type { FileReader } from '../disk/file-reader.ts';
import type { HostFacts, LayoutHints, Setting } from './layout.ts';
import type { Origin } from '../disk/origin.ts';
import { factsOf, type KnownLayout } from './names.ts';

/** The settings of one node that its table needs, read out of the effective configuration, defaults filled in. */
export interface NodeSettings {
  readonly dataDir: string;
  /** Lower-cased; empty when it cannot be known from files. */
  readonly nodeName: string;
  /** Name the kubelet registers with: the node name, with an id behind it under `with-node-id`. */
  readonly kubeletName: string;
  readonly tlsSans: readonly string[];
  /** From `node-ip`; without it the host's default addresses. */
  readonly nodeAddresses: readonly string[];
  readonly externalAddresses: readonly string[];
  readonly advertiseAddress: string | undefined;
  /** The API service's own address. */
  readonly serviceAddress: string | undefined;
  readonly clusterDomain: string;
  /** `127.0.0.1`, or `[::1]` in a cluster whose services are IPv6 only. */
  readonly loopback: string;
  /** Port of the API server process itself, and the one local clients use. */
  readonly apiServerPort: number;
  readonly localApiPort: number;
  /** Where the supervisor listens: the listener's certificate is served there. */
  readonly supervisorPort: number;
  /** Where a supervisor is reached from this node: its own, or a load balancer in front of the servers'. */
  readonly reachedSupervisorPort: number;
  /** Where people and agents find the API server. */
  readonly publicApiPort: number;
  readonly kubeconfigPath: string;
  /** `disable-etcd` and its siblings that are on. */
  readonly disabled: ReadonlySet<string>;
  readonly hasTokenSetting: boolean;
  readonly tokenFiles: readonly string[];
  /** Entry id to the argument that makes the component use another file than the product's. */
  readonly replaced: ReadonlyMap<string, Origin<string>>;
  readonly settings: readonly Setting[];
  readonly evidence: readonly string[];
}

const disableKeys = ['disable-etcd', 'disable-apiserver', 'disable-controller-manager', 'disable-scheduler'] as const;

/** Component argument, and the entry that is out of use when it is given. */
const replacingArguments: readonly (readonly [key: string, argument: string, id: string])[] = [
  ['kube-apiserver-arg', 'tls-cert-file', 'serving-kube-apiserver'],
  ['kube-apiserver-arg', 'proxy-client-cert-file', 'client-auth-proxy'],
  ['kube-apiserver-arg', 'etcd-certfile', 'etcd/client'],
  ['kube-scheduler-arg', 'tls-cert-file', 'kube-scheduler/kube-scheduler'],
  ['kube-controller-manager-arg', 'tls-cert-file', 'kube-controller-manager/kube-controller-manager'],
  ['etcd-arg', 'cert-file', 'etcd/server-client'],
  ['etcd-arg', 'peer-cert-file', 'etcd/peer-server-client'],
  ['kubelet-arg', 'tls-cert-file', 'agent/serving-kubelet'],
];

/** Derives the settings as the product does (products 1.4, 1.5, 1.8). Values it would refuse are left out with evidence. */
export function readNodeSettings(
  layout: KnownLayout,
  config: EffectiveConfig,
  hints: LayoutHints,
  host: HostFacts,
  reader: FileReader,
): NodeSettings {
  const settings: Setting[] = [];
  const evidence: string[] = [];
  const show = (key: string, { value, origin }: Origin<string>): string => {
    settings.push({ key, value, origin });
    return value;
  };
  const single = (key: string, fallback: string): string =>
    show(key, lastValue(config, key) ?? { value: fallback, origin: 'default' });
  const list = (key: string): readonly string[] => listValues(config, key).map((item) => show(key, item));
  const addresses = (key: string): readonly string[] =>
    list(key).flatMap((text) => {
      const address = normalAddress(text);
      if (address === undefined) evidence.push(`${key}: ${text} is not an address and is ignored`);
      return address ?? [];
    });
  const port = (key: string, fallback: number): number => {
    const text = lastValue(config, key);
    if (text === undefined || !/^\d{1,5}$/.test(text.value)) return fallback;
    return Number(show(key, text));
  };

  const dataDir = readDataDir(layout, config, hints);
  show('data-dir', dataDir);

  const fromCloud = isOn(config, 'node-name-from-cloud-provider-metadata');
  if (fromCloud) evidence.push('the node name comes from the cloud provider at run time and is not known from files');
  const named = lastValue(config, 'node-name') ?? { value: host.hostname, origin: 'host name' };
  const nodeName = fromCloud ? '' : named.value.toLowerCase();
  if (nodeName !== '') show('node-name', { value: nodeName, origin: named.origin });
  const kubeletName = withNodeId(nodeName, config, reader, evidence);

  const tlsSans = layout.role === 'server' ? list('tls-san') : [];
  const explicitAddresses = addresses('node-ip');
  const externalAddresses = addresses('node-external-ip');
  const chosenLater =
    lastValue(config, 'vpn-auth') ?? lastValue(config, 'vpn-auth-file') ?? lastValue(config, 'flannel-iface');
  if (chosenLater !== undefined) {
    evidence.push(
      `${chosenLater.origin}: an interface or a VPN gives the node its address at run time; no default is required`,
    );
  }
  const defaultAddresses = chosenLater === undefined ? host.defaultAddresses : [];
  const nodeAddresses =
    explicitAddresses.length > 0 ? explicitAddresses : defaultAddresses.flatMap((text) => normalAddress(text) ?? []);

  const advertised = lastValue(config, 'advertise-address');
  const advertiseAddress =
    advertised === undefined
      ? (externalAddresses[0] ?? explicitAddresses[0])
      : normalAddress(show('advertise-address', advertised));

  const datastore = lastValue(config, 'datastore-endpoint');
  if (layout.role === 'server' && datastore !== undefined) show('datastore-endpoint', datastore);

  const cidrs = listValues(config, 'service-cidr');
  const defaultCidr = isIPv6(nodeAddresses[0] ?? '') ? 'fd00:43::/112' : '10.43.0.0/16';
  const services = (cidrs.length > 0 ? cidrs : [{ value: defaultCidr, origin: 'default' }]).map((cidr) =>
    layout.role === 'server' ? show('service-cidr', cidr) : cidr.value,
  );
  const serviceAddress = firstServiceAddress(services[0] ?? '');
  if (serviceAddress === undefined) evidence.push(`service-cidr: ${services[0] ?? ''} is not a network`);

  const disabled = new Set<string>(disableKeys.filter((key) => isOn(config, key)));
  for (const key of disabled) single(key, '');

  const ports = factsOf(layout.product).ports(port);
  const remoteApi = layout.role === 'agent' || disabled.has('disable-apiserver');

  return {
    dataDir: dataDir.value,
    nodeName,
    kubeletName,
    tlsSans,
    nodeAddresses,
    externalAddresses,
    advertiseAddress,
    serviceAddress,
    clusterDomain: layout.role === 'server' ? single('cluster-domain', 'cluster.local') : 'cluster.local',
    loopback: services.every((cidr) => isIPv6(cidr.split('/')[0] ?? '')) ? '[::1]' : '127.0.0.1',
    apiServerPort: ports.apiServer,
    localApiPort: remoteApi ? ports.balancer : ports.apiServer,
    supervisorPort: ports.supervisor,
    reachedSupervisorPort: layout.role === 'agent' ? ports.supervisorBalancer : ports.supervisor,
    publicApiPort: ports.publicApi,
    kubeconfigPath:
      lastValue(config, 'write-kubeconfig')?.value ?? `/etc/rancher/${layout.product}/${layout.product}.yaml`,
    disabled,
    hasTokenSetting: lastValue(config, 'token') !== undefined || lastValue(config, 'token-file') !== undefined,
    tokenFiles: ['token-file', 'agent-token-file', 'vpn-auth-file'].flatMap(
      (key) => lastValue(config, key)?.value ?? [],
    ),
    replaced: replacedEntries(config, settings),
    settings,
    evidence,
  };
}

/** The data directory in force, absolute and without a slash at its end. */
export function readDataDir(layout: KnownLayout, config: EffectiveConfig, hints: LayoutHints): Origin<string> {
  const chosen =
    hints.dataDir === undefined
      ? (lastValue(config, 'data-dir') ?? { value: `/var/lib/rancher/${layout.product}`, origin: 'default' })
      : { value: hints.dataDir, origin: 'certmend configuration' };
  // A relative directory is relative to the root for a service started by systemd.
  const parts: string[] = [];
  for (const part of chosen.value.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return { value: `/${parts.join('/')}`, origin: chosen.origin };
}

function withNodeId(name: string, config: EffectiveConfig, reader: FileReader, evidence: string[]): string {
  if (name === '' || !isOn(config, 'with-node-id')) return name;
  const file = reader.read('/etc/rancher/node/id');
  const id = file.state === 'regular' ? file.bytes.toString('latin1').trim() : '';
  if (/^[0-9a-f]{1,64}$/.test(id)) return `${name}-${id}`;
  evidence.push('with-node-id is on but /etc/rancher/node/id cannot be read: the kubelet name is not known');
  return '';
}

function replacedEntries(config: EffectiveConfig, settings: Setting[]): ReadonlyMap<string, Origin<string>> {
  const replaced = new Map<string, Origin<string>>();
  for (const [key, argument, id] of replacingArguments) {
    for (const { value, origin } of config.values.get(key) ?? []) {
      if (!value.replace(/^--?/, '').startsWith(`${argument}=`)) continue;
      replaced.set(id, { value, origin });
      settings.push({ key, value, origin });
    }
  }
  return replaced;
}

/** First usable address of a CIDR (network + 1), which the cluster's own API service gets; undefined when it is none. */
export function firstServiceAddress(cidr: string): string | undefined {
  const [address = '', length = '', ...rest] = cidr.split('/');
  const bytes = addressOctets(address);
  if (bytes === undefined || rest.length > 0 || !/^\d{1,3}$/.test(length)) return undefined;
  const bits = bytes.length * 8;
  const prefix = Number(length);
  // A network of one address has no usable one beside the network itself.
  if (prefix > bits - 1) return undefined;
  const network = [...bytes].map(
    (byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))) & 0xff,
  );
  const last = network.length - 1;
  network[last] = (network[last] ?? 0) + 1;
  return addressText(Buffer.from(network));
}
