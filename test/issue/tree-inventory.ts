import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { takeInventory } from '../../src/inventory/take-inventory.ts';
import type { AuthorityEntry, EntryBase, LeafEntry } from '../../src/layout/entry.ts';
import type { Conversation, Layout } from '../../src/layout/layout.ts';
import { createFileReader } from '../../src/system/files/node-file-reader.ts';
import { makeTree, type Tree, type TreeLeaf, type TreeOptions } from '../fixtures/tree.ts';

/** A tree of its own for one test; gone when the test is over. */
export function treeFor(t: ExecutionContext, options: Omit<TreeOptions, 'directory'> = {}): Tree {
  const directory = mkdtempSync(join(tmpdir(), 'certmend-tree-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return makeTree({ ...options, directory });
}

/** The inventory of a tree, under a layout written out here: the tables of layout/ are tested elsewhere. */
export function inventoryOf(tree: Tree, changes: Partial<Layout> = {}): Inventory {
  return takeInventory({ ...layoutOf(tree), ...changes }, createFileReader(tree.root));
}

function layoutOf(tree: Tree): Layout {
  return {
    name: `${tree.product}-${tree.role}`,
    product: tree.product,
    role: tree.role,
    unit: `${tree.unit}.service`,
    dataDir: tree.dataDir,
    nodeName: tree.nodeName,
    productRenewDays: 120,
    productVersion: undefined,
    kubectl: 'kubectl',
    entries: [
      ...tree.authorities.map(({ id, certificatePath, keyPath }): AuthorityEntry => ({
        ...base(id, true, false),
        kind: 'authority',
        certificatePath,
        keyPath,
        copyOf: undefined,
      })),
      ...tree.leaves.map(leafEntry),
    ],
    protectedPaths: tree.protectedPaths,
    scanDirectories: [],
    conversations,
    evidence: [],
    settings: [],
  };
}

export const leafIds = (tree: Tree): string[] =>
  tree.leaves.filter((leaf) => !leaf.reissuedAtStart).map((leaf) => leaf.id);

function leafEntry(leaf: TreeLeaf): LeafEntry {
  return {
    ...base(leaf.id, false, leaf.reissuedAtStart),
    kind: 'leaf',
    certificatePath: leaf.certificatePath,
    keyPath: leaf.keyPath,
    issuer: leaf.issuer,
    identity: leaf,
    extendedKeyUsages: leaf.purposes.map((purpose) => (purpose === 'sslserver' ? 'serverAuth' : 'clientAuth')),
    chainInFile: true,
    certificateMode: 0o644,
    keyMode: 0o600,
    port: undefined,
  };
}

function base(id: string, isProtected: boolean, reissuedAtStart: boolean): EntryBase {
  return {
    id,
    optional: false,
    protected: isProtected,
    consumer: 'kube-apiserver',
    reload: 'restart',
    writeMode: 'rename',
    reissuedAtStart,
  };
}

function toApiServer(client: string, serverTrusts = 'client-ca'): Conversation {
  return { server: 'serving-kube-apiserver', client, serverTrusts, clientTrusts: 'server-ca', serverName: '127.0.0.1' };
}

/** API server with each of its clients, aggregation proxy, kubelet, etcd server with its client, etcd peer with peer. */
export const conversations: readonly Conversation[] = [
  ...['admin', 'supervisor', 'controller', 'scheduler', 'kube-apiserver', 'rke2-cloud-controller'].map((name) =>
    toApiServer(`client-${name}`),
  ),
  toApiServer('client-auth-proxy', 'request-header-ca'),
  {
    server: 'agent/serving-kubelet',
    client: 'client-kube-apiserver',
    serverTrusts: 'client-ca',
    clientTrusts: 'server-ca',
    serverName: 'node-1',
  },
  {
    server: 'etcd/server-client',
    client: 'etcd/client',
    serverTrusts: 'etcd/server-ca',
    clientTrusts: 'etcd/server-ca',
    serverName: 'localhost',
  },
  {
    server: 'etcd/peer-server-client',
    client: 'etcd/peer-server-client',
    serverTrusts: 'etcd/peer-ca',
    clientTrusts: 'etcd/peer-ca',
    serverName: '10.0.0.11',
  },
];
