import { type KubeconfigFields, readPlainKubeconfig } from './plain-kubeconfig.ts';
import { posix } from 'node:path';
import { yamlText, isStackExhausted, loadYaml, isTameYaml } from '../yaml/yaml-library.ts';
import { decodeBase64 } from '../x509/pem.ts';
import { parseCertificates, type CertificateMemory, type Certificate } from '../x509/certificate.ts';
import type { CredentialSource, KubeconfigDocument } from './inventory.ts';
import { type Parsed, damaged, parsed } from '../x509/parsed.ts';
import { fieldsOf, textOf } from '../yaml/json-value.ts';
import { parseFirstPrivateKey } from '../x509/private-key.ts';

export interface KubeconfigSurroundings {
  /** Directory of the file: relative references start there, as for kubectl. */
  readonly directory?: string | undefined;
  readonly memory?: CertificateMemory | undefined;
}

/** Cluster and user of the current context, with client certificate. No problem quotes the file: it may hold a key. */
export function parseKubeconfig(bytes: Buffer, surroundings: KubeconfigSurroundings = {}): Parsed<KubeconfigDocument> {
  if (bytes.length === 0) return damaged('is empty');
  const text = yamlText(bytes);
  if (text === undefined) return damaged('is not text');
  const fields = readPlainKubeconfig(text) ?? readFields(text);
  return typeof fields === 'string' ? damaged(fields) : lookInto(fields, surroundings);
}

/** @returns the fields, or a clause that says what is wrong */
function readFields(text: string): KubeconfigFields | string {
  if (!isTameYaml(text)) return 'is too large or too deeply nested';
  const document = yamlOf(text);
  if (document === undefined) return 'is not valid YAML';
  const config = fieldsOf(document);
  if (config === undefined) return 'is not a mapping';
  if (config['kind'] !== undefined && config['kind'] !== 'Config') return 'is not of kind Config';
  const context = named(config['contexts'], textOf(config['current-context']), 'context');
  if (context === undefined) return 'has no current context';
  const cluster = named(config['clusters'], textOf(context['cluster']), 'cluster');
  const server = textOf(cluster?.['server']);
  if (cluster === undefined || server === undefined) return 'has no cluster for its current context';
  const user = named(config['users'], textOf(context['user']), 'user');
  if (user === undefined) return 'has no user for its current context';
  return {
    server,
    authorityPath: textOf(cluster['certificate-authority']),
    authorityData: textOf(cluster['certificate-authority-data']),
    clientCertificatePath: textOf(user['client-certificate']),
    clientCertificateData: textOf(user['client-certificate-data']),
    clientKeyPath: textOf(user['client-key']),
    clientKeyData: textOf(user['client-key-data']),
  };
}

function yamlOf(text: string): unknown {
  // Outside of the `catch`: that the library cannot be loaded says nothing about the file.
  const { parseDocument } = loadYaml();
  try {
    // Unique keys are looked for by comparing each with each: a big mapping would take for ever.
    const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, logLevel: 'silent' });
    return document.errors.length === 0 ? document.toJS({ maxAliasCount: 16 }) : undefined;
  } catch (error) {
    // Too deep for the stack; an alias to nothing, or too many. Its messages quote the text.
    if (isStackExhausted(error) || error instanceof ReferenceError) return undefined;
    throw error;
  }
}

/** Value of `field` in the list's item that has the name: how kubeconfigs write maps. */
function named(list: unknown, name: string | undefined, field: string): Readonly<Record<string, unknown>> | undefined {
  if (!Array.isArray(list) || name === undefined) return undefined;
  const item = list.map(fieldsOf).find((candidate) => candidate?.['name'] === name);
  return fieldsOf(item?.[field]);
}

function lookInto(fields: KubeconfigFields, { directory, memory }: KubeconfigSurroundings): Parsed<KubeconfigDocument> {
  const resolve = (path: string): string =>
    directory === undefined || posix.isAbsolute(path) ? path : posix.join(directory, path);
  const certificates = (pem: Buffer): Parsed<readonly Certificate[]> => parseCertificates(pem, memory);
  const authority = credential(fields.authorityData, fields.authorityPath, certificates);
  const clientCertificate = credential(fields.clientCertificateData, fields.clientCertificatePath, certificates);
  const clientKey = credential(fields.clientKeyData, fields.clientKeyPath, parseFirstPrivateKey);
  if (!authority.ok || !clientCertificate.ok || !clientKey.ok) {
    return damaged(
      ...problemsOf('certificate authority', authority),
      ...problemsOf('client certificate', clientCertificate),
      ...problemsOf('client key', clientKey),
    );
  }
  const source = (found: Found<readonly Certificate[]>): CredentialSource<Certificate> =>
    'path' in found ? { path: resolve(found.path) } : { embedded: found.content };
  return parsed({
    server: fields.server,
    authority: source(authority.value),
    clientCertificate: source(clientCertificate.value),
    clientKey: 'path' in clientKey.value ? { path: resolve(clientKey.value.path) } : { key: clientKey.value.content },
  });
}

type Found<T> = { readonly path: string } | { readonly content: T };

function credential<T>(
  data: string | undefined,
  path: string | undefined,
  parse: (bytes: Buffer) => Parsed<T>,
): Parsed<Found<T>> {
  if (data !== undefined && data !== '') {
    const bytes = decodeBase64(data);
    if (bytes === undefined) return damaged('is not valid base64');
    const content = parse(bytes);
    return content.ok ? parsed({ content: content.value }) : content;
  }
  return path === undefined || path === '' ? damaged('is not there') : parsed({ path });
}

function problemsOf(name: string, part: Parsed<unknown>): readonly string[] {
  return part.ok ? [] : part.problems.map((problem) => `${name} ${problem}`);
}
