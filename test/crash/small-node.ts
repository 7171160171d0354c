import { createHash, X509Certificate, createPrivateKey } from 'node:crypto';
import type { Change, Expectation } from '../../src/commit/change.ts';
import type { JournalNode, Transaction } from '../../src/commit/journal-format.ts';
import type { RecoveryOutcome } from '../../src/commit/recover.ts';
import type { FileReader } from '../../src/disk/file-reader.ts';
import type { FileWriter } from '../../src/disk/file-writer.ts';
import type { MaterialFile } from '../../src/issue/material.ts';
import type { Entry, EntryBase } from '../../src/layout/entry.ts';
import type { Placed } from '../../src/layout/backed-up-paths.ts';
import { openssl } from '../fixtures/openssl.ts';
import { builtModule } from '../cli/built-module.ts';

const { commitChanges } = builtModule<typeof import('../../src/commit/commit.ts')>('src/commit/commit.ts');
const { recover } = builtModule<typeof import('../../src/commit/recover.ts')>('src/commit/recover.ts');
const { writeDurably } = builtModule<typeof import('../../src/disk/durable-write.ts')>('src/disk/durable-write.ts');
const { makeOwnDirectory } = builtModule<typeof import('../../src/disk/own-files.ts')>('src/disk/own-files.ts');
const { ownPaths } = builtModule<typeof import('../../src/disk/own-paths.ts')>('src/disk/own-paths.ts');
const { createGenerationStore } =
  builtModule<typeof import('../../src/generation/store.ts')>('src/generation/store.ts');
const { storedPath } = builtModule<typeof import('../../src/generation/manifest.ts')>('src/generation/manifest.ts');

/*
 * A node small enough to be cut at every call: pairs in two directories, one with a missing key, a kubeconfig whose
 * directory is missing, a certificate that is written over, a damaged key that has to go, the listener's trigger, and files that must never be touched.
 */

export const dataDir = '/var/lib/rancher/rke2';
const tls = `${dataDir}/server/tls`;
export const transactionId = '00112233445566aa';
export const transaction: Transaction = {
  id: transactionId,
  generation: 2,
  previous: null,
  reason: 'LeafExpired',
  startedAt: '2027-12-05T00:00:00.000Z',
};

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

interface Pair {
  readonly key: Buffer;
  readonly certificate: Buffer;
}

function makePair(commonName: string): Pair {
  const both = openssl([
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'],
    ...['-subj', `/CN=${commonName}`, '-days', '365', '-sha256'],
  ]);
  const block = (label: string): Buffer =>
    Buffer.from(new RegExp(`-----BEGIN ${label}-[^]*END ${label}-----\n`).exec(both)?.[0] ?? '');
  return { key: block('PRIVATE KEY'), certificate: block('CERTIFICATE') };
}

const pairPaths = [`${tls}/client-admin`, `${tls}/client-controller`, `${tls}/etcd/client`] as const;
const oldPairs = pairPaths.map((_, index) => makePair(`old-${String(index)}`));
const newPairs = pairPaths.map((_, index) => makePair(`new-${String(index)}`));
const kubeconfig = `${dataDir}/server/cred/admin.kubeconfig`;
const legacyKey = `${tls}/client-kubelet.key`;
const trigger = `${tls}/dynamic-cert-regenerate`;

/** Contents and mode before and after, by path; undefined: no such file. Protected ones are the same in both. */
type Tree = ReadonlyMap<string, { readonly bytes: Buffer; readonly mode: number } | undefined>;

const untouched: [string, { bytes: Buffer; mode: number }][] = [
  [`${tls}/server-ca.key`, { bytes: Buffer.from('authority key\n'), mode: 0o600 }],
  [`${tls}/server-ca.crt`, { bytes: Buffer.from('authority\n'), mode: 0o644 }],
  [`${dataDir}/server/token`, { bytes: Buffer.from('token\n'), mode: 0o600 }],
];

function tree(pairs: readonly Pair[], rest: [string, { bytes: Buffer; mode: number } | undefined][]): Tree {
  return new Map([
    ...pairs.flatMap(({ key, certificate }, index): [string, { bytes: Buffer; mode: number }][] => [
      [`${pairPaths[index] ?? ''}.key`, { bytes: key, mode: 0o600 }],
      [`${pairPaths[index] ?? ''}.crt`, { bytes: certificate, mode: 0o644 }],
    ]),
    ...rest,
    ...untouched,
  ]);
}

export const oldTree = tree(oldPairs, [
  [`${pairPaths[1]}.key`, undefined],
  [kubeconfig, undefined],
  [legacyKey, { bytes: Buffer.from('not a key\n'), mode: 0o600 }],
  [trigger, undefined],
]);

export const newTree = tree(newPairs, [
  [kubeconfig, { bytes: Buffer.from('apiVersion: v1\n'), mode: 0o600 }],
  [legacyKey, undefined],
  [trigger, { bytes: Buffer.alloc(0), mode: 0o600 }],
]);

const base: Omit<EntryBase, 'id'> = {
  optional: false,
  protected: false,
  consumer: 'rke2',
  reload: 'product-start',
  writeMode: 'rename',
  reissuedAtStart: false,
};

export const node: JournalNode = { machineId: 'm', nodeName: 'n' };

export const layout: Placed = {
  name: 'rke2-server',
  product: 'rke2',
  unit: 'rke2-server.service',
  evidence: [],
  dataDir,
  entries: [
    ...pairPaths.map((path): Entry => ({
      ...base,
      kind: 'leaf',
      id: path.slice(tls.length + 1),
      keyPath: `${path}.key`,
      certificatePath: `${path}.crt`,
      issuer: 'server-ca',
      identity: { commonName: 'x', organizations: [], dnsNames: [], ipAddresses: [] },
      extendedKeyUsages: ['clientAuth'],
      chainInFile: true,
      certificateMode: 0o644,
      keyMode: 0o600,
      port: undefined,
    })),
    {
      ...base,
      kind: 'authority',
      id: 'server-ca',
      protected: true,
      certificatePath: `${tls}/server-ca.crt`,
      keyPath: `${tls}/server-ca.key`,
      copyOf: undefined,
    },
    { ...base, kind: 'key', id: 'client-kubelet', path: legacyKey, role: 'legacy-shared' },
    {
      ...base,
      kind: 'kubeconfig',
      id: 'admin.kubeconfig',
      path: kubeconfig,
      mode: 0o600,
      style: 'references',
      client: 'client-admin',
      authority: 'server-ca',
      server: 'https://127.0.0.1:6443',
      writable: true,
    },
    {
      ...base,
      kind: 'listener',
      id: 'rke2-serving',
      path: `${tls}/dynamic-cert.json`,
      issuer: 'server-ca',
      identity: { commonName: 'rke2', organizations: [], dnsNames: [], ipAddresses: [] },
      regenerateTrigger: trigger,
      port: undefined,
    },
  ],
  protectedPaths: untouched.map(([path]) => path),
};

const material: readonly Omit<MaterialFile, 'uid' | 'gid'>[] = [...newTree].flatMap(([path, file]) =>
  file === undefined || path === trigger || layout.protectedPaths.includes(path)
    ? []
    : [
        {
          path,
          id: path === kubeconfig ? 'admin.kubeconfig' : path.slice(tls.length + 1, -4),
          role: path === kubeconfig ? 'kubeconfig' : path.endsWith('.key') ? 'key' : 'certificate',
          ...file,
        },
      ],
);

function expectation(path: string): Expectation {
  const file = oldTree.get(path);
  return file === undefined ? { state: 'absent' } : { state: 'file', sha256: sha256(file.bytes) };
}

/** Its consumer has the very file mounted: it is written over while the others are replaced. */
export const writtenOver = `${tls}/etcd/client.crt`;

/** The ports of one simulated process. */
export interface Machine {
  readonly reader: FileReader;
  readonly writer: FileWriter;
  readonly owner: Owner;
}

export interface Twist {
  /** Runs in place of the state being saved. */
  readonly saveState?: () => void;
}

/** Makes the generation durable, as a run of certmend does before it commits. */
export function prepare({ reader, writer, owner }: Machine): readonly Change[] {
  const manifest = createGenerationStore({ reader, writer }).write({
    number: 2,
    origin: 'issued',
    createdAt: Date.UTC(2027, 11, 5),
    binding: {
      machineId: 'm',
      nodeName: 'n',
      layout: 'rke2-server',
      dataDir,
      authorities: {},
      identities: sha256(Buffer.alloc(0)),
    },
    files: material.map((file) => ({ ...file, ...owner })),
  });
  return [
    ...manifest.files.map(({ path, id, sha256: digest, mode, stored }): Change => {
      const source = storedPath(2, { stored });
      const how = path === writtenOver ? { how: 'in-place' as const } : {};
      return { op: 'put', path, id, source, sha256: digest, mode, ...owner, ...how, expects: expectation(path) };
    }),
    { op: 'remove', path: legacyKey, id: 'client-kubelet', expects: expectation(legacyKey) },
    {
      op: 'put',
      path: trigger,
      id: 'rke2-serving',
      source: null,
      sha256: sha256(Buffer.alloc(0)),
      mode: 0o600,
      ...owner,
      expects: { state: 'absent' },
    },
  ];
}

export function saveGeneration({ reader, writer }: Machine, generation: number): void {
  makeOwnDirectory(reader, writer);
  const temporaryName = `.dynamic-cert.json.certmend-${transactionId}`;
  writeDurably(writer, ownPaths.state, Buffer.from(String(generation)), { mode: 0o600, temporaryName });
}

/** The whole write side of a rotation: prepare, commit. */
export function rotate(machine: Machine, twist: Twist = {}): void {
  commit(machine, prepare(machine), twist);
}

export function commit(
  machine: Machine,
  changes: readonly Change[],
  twist: Twist = {},
): ReturnType<typeof commitChanges> {
  const { reader, writer } = machine;
  return commitChanges({
    transaction,
    node,
    changes,
    protectedPaths: layout.protectedPaths,
    within: dataDir,
    reader,
    writer,
    storage: { free: () => ({ bytes: 1e9, inodes: 1e6 }) },
    relabel: () => undefined,
    saveState: () => {
      saveGeneration(machine, 2);
      twist.saveState?.();
    },
  });
}

export function recoverNode(machine: Machine): RecoveryOutcome {
  return recover({
    ...machine,
    layout,
    node,
    relabel: () => undefined,
    saveState: ({ generation }) => {
      saveGeneration(machine, generation);
    },
  });
}

/**
 * What the node's files are, judged from outside: by their bytes and modes, and by whether node:crypto says that every
 * key fits its certificate. `old`, `new`, or what is wrong.
 */
export function judge(read: (path: string) => { bytes: Buffer; mode: number } | undefined): string {
  const differences = (wanted: Tree): readonly string[] =>
    [...wanted].flatMap(([path, file]) => {
      const live = read(path);
      const same = file === undefined ? live === undefined : live?.mode === file.mode && live.bytes.equals(file.bytes);
      return same ? [] : [path];
    });
  const fromOld = differences(oldTree);
  const fromNew = differences(newTree);
  if (fromOld.length > 0 && fromNew.length > 0)
    return `mixed: not old ${fromOld.join(' ')}; not new ${fromNew.join(' ')}`;
  for (const path of pairPaths) {
    const key = read(`${path}.key`);
    const certificate = read(`${path}.crt`);
    if (key !== undefined && certificate !== undefined)
      if (!fits(key.bytes, certificate.bytes)) return `mixed: the key of ${path} does not fit`;
  }
  return fromNew.length === 0 ? 'new' : 'old';
}

const asked = new Map<string, boolean>();

/** Asked of node:crypto once for each two files: the enumerations look at the same ones a hundred thousand times. */
function fits(key: Buffer, certificate: Buffer): boolean {
  const question = `${key.toString('latin1')}${certificate.toString('latin1')}`;
  const answer = asked.get(question) ?? new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  asked.set(question, answer);
  return answer;
}

/** Of all paths, those that nobody but a crash would have left. */
export function strays(paths: readonly string[]): readonly string[] {
  return paths.filter((path) => path.includes('.certmend-') || path === ownPaths.journal);
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
