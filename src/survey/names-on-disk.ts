import type { Inventory, LeafItem } from '../inventory/inventory.ts';
import type { Entry } from '../layout/entry.ts';
import type { Layout } from '../layout/layout.ts';

/** Leaves that carry the names of the node, with the names that are theirs alone. */
const neighbours: Readonly<Record<string, { readonly from: readonly string[]; readonly never: RegExp }>> = {
  'serving-kube-apiserver': { from: ['etcd/server-client', 'etcd/peer-server-client'], never: /^kine\.sock$/ },
  'etcd/server-client': { from: ['etcd/peer-server-client', 'serving-kube-apiserver'], never: /^kubernetes(\.|$)/ },
  'etcd/peer-server-client': { from: ['etcd/server-client', 'serving-kube-apiserver'], never: /^kubernetes(\.|$)/ },
};

/**
 * The layout with the names that a damaged certificate's neighbours carry: where the product's configuration cannot be
 * read, they are all that is left of `tls-san` and the addresses on a first run.
 */
export function withNamesOnDisk(layout: Layout, inventory: Inventory): Layout {
  const leaves = new Map(
    inventory.items.filter((item): item is LeafItem => item.kind === 'leaf').map((item) => [item.entry.id, item]),
  );
  return { ...layout, entries: layout.entries.map((entry) => named(entry, leaves)) };
}

function named(entry: Entry, leaves: ReadonlyMap<string, LeafItem>): Entry {
  const rule = neighbours[entry.id];
  if (entry.kind !== 'leaf' || rule === undefined || leaves.get(entry.id)?.certificates.ok === true) return entry;
  const certificate = rule.from
    .map((id) => leaves.get(id)?.certificates)
    .flatMap((parsed) => (parsed?.ok === true ? parsed.value.slice(0, 1) : []))[0];
  if (certificate === undefined) return entry;
  const { identity } = entry;
  const dnsNames = certificate.dnsNames.filter((name) => !rule.never.test(name));
  return {
    ...entry,
    identity: {
      ...identity,
      dnsNames: [...new Set([...identity.dnsNames, ...dnsNames])],
      ipAddresses: [...new Set([...identity.ipAddresses, ...certificate.ipAddresses])],
    },
  };
}
