/** What the current context of a kubeconfig says, not yet looked into. Data is base64 and goes before a path. */
export interface KubeconfigFields {
  readonly server: string;
  readonly authorityPath?: string | undefined;
  readonly authorityData?: string | undefined;
  readonly clientCertificatePath?: string | undefined;
  readonly clientCertificateData?: string | undefined;
  readonly clientKeyPath?: string | undefined;
  readonly clientKeyData?: string | undefined;
}

/**
 * Reads a kubeconfig that is, byte for byte but for the values, what the products write: with references to files
 * (`deps.go:KubeConfig`) or with embedded data (`clientaccess/kubeconfig.go`, through client-go). Undefined for every
 * other text, also where YAML would read it alike; the values are such that YAML reads them as they stand. A node has
 * six to nine of them, and loading the YAML library for them would triple the time of a healthy boot.
 */
export function readPlainKubeconfig(text: string): KubeconfigFields | undefined {
  const [, server, authorityPath, clientCertificatePath, clientKeyPath] = referencesShape.exec(text) ?? [];
  if (server !== undefined) return { server, authorityPath, clientCertificatePath, clientKeyPath };
  const [, authorityData, embeddedServer, clientCertificateData, clientKeyData] = embeddedShape.exec(text) ?? [];
  if (embeddedServer === undefined) return undefined;
  return { server: embeddedServer, authorityData, clientCertificateData, clientKeyData };
}

const url = String.raw`(https://(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5})`;
const path = String.raw`(/[A-Za-z0-9._/@+-]*)`;
const base64 = String.raw`([A-Za-z0-9+/]+={0,2})`;

const referencesShape = shape(
  'apiVersion: v1',
  'clusters:',
  '- cluster:',
  `    server: ${url}`,
  `    certificate-authority: ${path}`,
  '  name: local',
  'contexts:',
  '- context:',
  '    cluster: local',
  '    namespace: default',
  '    user: user',
  '  name: Default',
  'current-context: Default',
  'kind: Config',
  String.raw`preferences: \{\}`,
  'users:',
  '- name: user',
  '  user:',
  `    client-certificate: ${path}`,
  `    client-key: ${path}`,
);

/** client-go left `preferences` out at some point; both forms are about. */
const embeddedShape = shape(
  'apiVersion: v1',
  'clusters:',
  '- cluster:',
  `    certificate-authority-data: ${base64}`,
  `    server: ${url}`,
  '  name: default',
  'contexts:',
  '- context:',
  '    cluster: default',
  '    user: default',
  '  name: default',
  'current-context: default',
  String.raw`kind: Config(?:\npreferences: \{\})?`,
  'users:',
  '- name: default',
  '  user:',
  `    client-certificate-data: ${base64}`,
  `    client-key-data: ${base64}`,
);

function shape(...lines: readonly string[]): RegExp {
  return new RegExp(`^${lines.join('\\n')}\\n?$`);
}
