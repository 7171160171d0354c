import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { dataDir } from './make-node.ts';

/** The pairs that certmend may issue on an RKE2 server, in the order in which a commit replaces them. */
const pairs = [
  'client-admin',
  'client-supervisor',
  'client-controller',
  'client-scheduler',
  'client-kube-apiserver',
  'client-rke2-cloud-controller',
  'serving-kube-apiserver',
  'kube-scheduler/kube-scheduler',
  'kube-controller-manager/kube-controller-manager',
  'client-auth-proxy',
  'etcd/client',
  'etcd/server-client',
  'etcd/peer-server-client',
];

/** There while a commit is open. */
export function journalFile(root: string): string {
  return join(root, '/var/lib/certmend/journal.json');
}

/** SHA-256 of each file of the set, key before certificate. */
export function leafHashes(root: string): ReadonlyMap<string, string> {
  const files = pairs.flatMap((pair) => [`${pair}.key`, `${pair}.crt`]);
  return new Map(files.map((file) => [file, hashOf(join(root, dataDir, 'server/tls', file))]));
}

/** Asked of node's own crypto, not of certmend. */
export function keysFit(root: string): boolean {
  return pairs.every((pair) => {
    const stem = join(root, dataDir, 'server/tls', pair);
    const certificate = new X509Certificate(readFileSync(`${stem}.crt`));
    return certificate.checkPrivateKey(createPrivateKey(readFileSync(`${stem}.key`)));
  });
}

/** Contents, mode and time of what certmend must never write: authorities, secrets, tokens, the product's configuration. */
export function protectedMarks(root: string): string {
  const below = (pattern: string): string[] =>
    globSync(pattern, { cwd: join(root, dataDir) }).map((file) => join(root, dataDir, file));
  const files = [
    ...below('server/tls/**/*-ca*.{crt,key}'),
    ...below('server/tls/service*.key'),
    ...below('server/cred/{passwd,ipsec.psk,encryption-*}'),
    ...below('server/*token'),
    ...below('agent/*'),
    ...globSync('etc/rancher/**/*.yaml', { cwd: root }).map((file) => join(root, file)),
  ];
  return files
    .toSorted()
    .filter((file) => existsSync(file) && statSync(file).isFile())
    .map((file) => `${file} ${statSync(file).mode} ${statSync(file).mtimeMs} ${hashOf(file)}`)
    .join('\n');
}

/** What a commit keeps beside the files it replaces, while it lasts. */
export function leftovers(root: string): readonly string[] {
  return globSync('**/.*.certmend-*', { cwd: join(root, 'var/lib') });
}

function hashOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
