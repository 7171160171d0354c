import { createSecretKey, type X509Certificate } from 'node:crypto';
import type { AssessInput } from '../../src/assess/context.ts';
import type { ClockBelief } from '../../src/assess/assessment.ts';
import type { FileState } from '../../src/disk/file-reader.ts';
import type {
  AuthorityItem,
  DocumentItem,
  Inventory,
  Item,
  KeyItem,
  KubeconfigItem,
  LeafItem,
  ListenerItem,
} from '../../src/inventory/inventory.ts';
import type { Parsed } from '../../src/x509/parsed.ts';
import type { PrivateKey } from '../../src/x509/private-key.ts';
import type { Certificate } from '../../src/x509/certificate.ts';
import type { EntryBase, LeafEntry } from '../../src/layout/entry.ts';
import type { Layout } from '../../src/layout/layout.ts';

/**
 * A node in miniature, built by hand: two authorities, three leaves, one that the product re-issues, a listener, a
 * kubeconfig, keys and a document. Signatures are stand-ins (a certificate verifies with the key it names); the rules
 * about real signatures are tested on real ones in tree.test.ts.
 */

export const day = 86_400_000;
export const now = Date.parse('2026-06-01T00:00:00Z');
export const window = 120;
export const tls = '/var/lib/rancher/rke2/server/tls';

export const believed: ClockBelief = { believed: true, verdict: 'believed', evidence: [], bound: undefined };
export const behind: ClockBelief = { believed: false, verdict: 'behind', evidence: ['it is behind'], bound: now };
export const ahead: ClockBelief = { believed: false, verdict: 'ahead-suspect', evidence: ['it is ahead'], bound: now };

export interface CertificateShape {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** Common name of the issuer, which stands for its DER; itself when absent. */
  readonly issuer?: string;
  /** Name of its own key. */
  readonly key?: string;
  /** Name of the key that signed it; its issuer's when absent. */
  readonly signedWith?: string;
  readonly isAuthority?: boolean;
  readonly pathLength?: number;
  readonly keyUsages?: readonly string[] | undefined;
  readonly extendedKeyUsages?: readonly string[] | undefined;
  readonly subjectKeyIdentifier?: string | undefined;
  readonly authorityKeyIdentifier?: string | undefined;
}

export function certificate(shape: CertificateShape): Certificate {
  const issuer = shape.issuer ?? shape.commonName;
  const key = shape.key ?? `key of ${shape.commonName}`;
  const signedWith = shape.signedWith ?? `key of ${issuer}`;
  // Dates are left out, so that the chain in a leaf's file still is its authority's when a test moves the end of that.
  const text = JSON.stringify([shape.commonName, issuer, key, signedWith]);
  return {
    x509: { publicKey: key, verify: (publicKey: unknown) => publicKey === signedWith } as unknown as X509Certificate,
    der: Buffer.from(text),
    subjectDer: Buffer.from(shape.commonName),
    issuerDer: Buffer.from(issuer),
    spkiDer: Buffer.from(key),
    commonName: shape.commonName,
    organizations: shape.organizations ?? [],
    issuerCommonName: issuer,
    serialHex: '01',
    notBefore: shape.notBefore ?? now - 65 * day,
    notAfter: shape.notAfter ?? now + 300 * day,
    dnsNames: shape.dnsNames ?? [],
    ipAddresses: shape.ipAddresses ?? [],
    isAuthority: shape.isAuthority ?? false,
    pathLength: shape.pathLength,
    keyUsages: 'keyUsages' in shape ? shape.keyUsages : ['digitalSignature', 'keyEncipherment'],
    extendedKeyUsages: 'extendedKeyUsages' in shape ? shape.extendedKeyUsages : ['clientAuth'],
    subjectKeyIdentifier: shape.subjectKeyIdentifier,
    authorityKeyIdentifier: shape.authorityKeyIdentifier,
    fingerprint256: Buffer.from(text).toString('hex'),
  };
}

export function authorityCertificate(name: string, shape: Partial<CertificateShape> = {}): Certificate {
  return certificate({
    commonName: name,
    isAuthority: true,
    keyUsages: ['digitalSignature', 'keyCertSign'],
    extendedKeyUsages: undefined,
    subjectKeyIdentifier: `ski of ${name}`,
    notBefore: now - 400 * day,
    notAfter: now + 3250 * day,
    ...shape,
  });
}

export function leafCertificate(entry: LeafEntry, shape: Partial<CertificateShape> = {}): Certificate {
  return certificate({
    ...entry.identity,
    issuer: entry.issuer,
    key: `key of ${entry.id}`,
    extendedKeyUsages: entry.extendedKeyUsages,
    authorityKeyIdentifier: `ski of ${entry.issuer}`,
    ...shape,
  });
}

/** Nothing here ever uses a key: only the public half is compared. */
const noKey = createSecretKey(Buffer.alloc(32));

export function privateKey(name: string): PrivateKey {
  return { keyObject: noKey, algorithm: 'EC P-256', spkiDer: Buffer.from(name), form: 'sec1' };
}

export function regular(mode: number): FileState {
  return { state: 'regular', bytes: Buffer.alloc(0), sha256: '00', mode, uid: 0, gid: 0, mtimeMs: 0 };
}

export const absent: FileState = { state: 'absent' };

export function inPlaceOf(problem: Extract<FileState, { state: 'unreadable' }>['problem']): FileState {
  return { state: 'unreadable', problem, detail: `is a ${problem}` };
}

export function good<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

export const damaged: Parsed<never> = { ok: false, missing: false, problems: ['no PEM block'] };
export const missing: Parsed<never> = { ok: false, missing: true, problems: ['is absent'] };

const base: Omit<EntryBase, 'id'> = {
  optional: false,
  protected: false,
  consumer: 'kube-apiserver',
  reload: 'restart',
  writeMode: 'rename',
  reissuedAtStart: false,
};

export function authorityItem(id: string, change: Partial<AuthorityItem> = {}): AuthorityItem {
  return {
    kind: 'authority',
    entry: {
      ...base,
      kind: 'authority',
      id,
      protected: true,
      certificatePath: `${tls}/${id}.crt`,
      keyPath: `${tls}/${id}.key`,
      copyOf: undefined,
    },
    certificateFile: regular(0o644),
    keyFile: regular(0o600),
    certificates: good([authorityCertificate(id)]),
    key: good(privateKey(`key of ${id}`)),
    ...change,
  };
}

export function leafEntry(id: string, change: Partial<LeafEntry> = {}): LeafEntry {
  return {
    ...base,
    kind: 'leaf',
    id,
    certificatePath: `${tls}/${id}.crt`,
    keyPath: `${tls}/${id}.key`,
    issuer: 'client-ca',
    identity: { commonName: `system:${id}`, organizations: ['system:masters'], dnsNames: [], ipAddresses: [] },
    extendedKeyUsages: ['clientAuth'],
    chainInFile: true,
    certificateMode: 0o644,
    keyMode: 0o600,
    port: undefined,
    ...change,
  };
}

export function leafItem(entry: LeafEntry, shape: Partial<CertificateShape> = {}): LeafItem {
  return {
    kind: 'leaf',
    entry,
    certificateFile: regular(0o644),
    keyFile: regular(0o600),
    certificates: good([leafCertificate(entry, shape), authorityCertificate(entry.issuer)]),
    key: good(privateKey(`key of ${entry.id}`)),
  };
}

export const apiServer = leafEntry('serving-kube-apiserver', {
  issuer: 'server-ca',
  identity: {
    commonName: 'kube-apiserver',
    organizations: [],
    dnsNames: ['kubernetes', 'node-1'],
    ipAddresses: ['10.43.0.1', '::1'],
  },
  extendedKeyUsages: ['serverAuth'],
});
export const admin = leafEntry('client-admin');
export const scheduler = leafEntry('client-scheduler', {
  identity: { commonName: 'system:kube-scheduler', organizations: [], dnsNames: [], ipAddresses: [] },
});
export const kubelet = leafEntry('agent/client-kubelet', { reissuedAtStart: true, optional: true });

export const trigger = `${tls}/dynamic-cert-regenerate`;

export function listenerItem(shape: Partial<CertificateShape> = {}, change: Partial<ListenerItem> = {}): ListenerItem {
  return {
    kind: 'listener',
    entry: {
      ...base,
      kind: 'listener',
      id: 'dynamic-cert',
      optional: true,
      path: `${tls}/dynamic-cert.json`,
      issuer: 'server-ca',
      identity: { commonName: 'rke2', organizations: ['rke2'], dnsNames: [], ipAddresses: [] },
      regenerateTrigger: trigger,
      port: 9345,
    },
    file: regular(0o600),
    document: good({
      certificates: [
        certificate({
          commonName: 'rke2',
          issuer: 'server-ca',
          key: 'key of dynamic-cert',
          authorityKeyIdentifier: 'ski of server-ca',
          extendedKeyUsages: ['serverAuth'],
          ...shape,
        }),
      ],
      key: privateKey('key of dynamic-cert'),
      names: ['node-1'],
      isStatic: false,
    }),
    ...change,
  };
}

export function kubeconfigItem(change: Partial<KubeconfigItem> = {}): KubeconfigItem {
  return {
    kind: 'kubeconfig',
    entry: {
      ...base,
      kind: 'kubeconfig',
      id: 'cred/admin.kubeconfig',
      path: '/var/lib/rancher/rke2/server/cred/admin.kubeconfig',
      mode: 0o600,
      style: 'references',
      client: 'client-admin',
      authority: 'server-ca',
      server: 'https://127.0.0.1:6443',
      writable: true,
    },
    file: regular(0o600),
    document: good({
      server: 'https://127.0.0.1:6443',
      authority: { path: `${tls}/server-ca.crt` },
      clientCertificate: { path: `${tls}/client-admin.crt` },
      clientKey: { path: `${tls}/client-admin.key` },
    }),
    ...change,
  };
}

export function keyItem(role: KeyItem['entry']['role'], change: Partial<KeyItem> = {}): KeyItem {
  const id = role === 'legacy-shared' ? 'client-kubelet.key' : 'service.key';
  return {
    kind: 'key',
    entry: { ...base, kind: 'key', id, path: `${tls}/${id}`, role, protected: role !== 'legacy-shared' },
    file: regular(0o600),
    keys: good([privateKey(id)]),
    ...change,
  };
}

export function documentItem(change: Partial<DocumentItem> = {}): DocumentItem {
  return {
    kind: 'document',
    entry: {
      ...base,
      kind: 'document',
      id: 'cred/passwd',
      protected: true,
      path: '/var/lib/rancher/rke2/server/cred/passwd',
      format: 'lines',
      restoredByProduct: true,
    },
    file: regular(0o600),
    content: good(true),
    ...change,
  };
}

/** A healthy node; `changes` take the place of the items of the same id, or are added. */
export function node(...changes: readonly Item[]): Inventory {
  const items: Item[] = [
    authorityItem('server-ca'),
    authorityItem('client-ca'),
    leafItem(admin),
    leafItem(scheduler),
    leafItem(apiServer),
    leafItem(kubelet),
    listenerItem(),
    kubeconfigItem(),
    keyItem('service-account'),
    keyItem('legacy-shared'),
    documentItem(),
  ];
  for (const change of changes) {
    const index = items.findIndex((item) => item.entry.id === change.entry.id);
    if (index === -1) items.push(change);
    else items[index] = change;
  }
  return { layout: layoutOf(items), items, unknown: [], stray: [], pendingTriggers: [] };
}

function layoutOf(items: readonly Item[]): Layout {
  return {
    name: 'rke2-server',
    product: 'rke2',
    role: 'server',
    unit: 'rke2-server.service',
    dataDir: '/var/lib/rancher/rke2',
    nodeName: 'node-1',
    productRenewDays: window,
    productVersion: undefined,
    kubectl: `'/var/lib/rancher/rke2/bin/kubectl'`,
    entries: items.map((item) => item.entry),
    protectedPaths: [],
    scanDirectories: [],
    conversations: [],
    evidence: [],
    settings: [],
  };
}

export function inputFor(inventory: Inventory, change: Partial<AssessInput> = {}): AssessInput {
  return {
    inventory,
    now,
    clock: believed,
    remembered: { highWater: undefined, identities: new Map() },
    settings: { renewBeforeDays: window, leafCriticalDays: 14, authorityWarningDays: 365, authorityCriticalDays: 120 },
    serviceRunning: false,
    ...change,
  };
}
