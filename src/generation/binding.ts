import { mayWrite } from '../layout/written-files.ts';
import { createHash } from 'node:crypto';
import type { Inventory } from '../inventory/inventory.ts';
import type { LeafEntry } from '../layout/entry.ts';
import type { Binding } from './generation.ts';

/** What ties a generation to this node: made when it is made, compared before it goes live (architecture, Standby). */
export function bindingOf(inventory: Inventory, machineId: string): Binding {
  const { layout } = inventory;
  const leaves = layout.entries.filter((entry): entry is LeafEntry => entry.kind === 'leaf' && mayWrite(entry));
  return {
    machineId,
    nodeName: layout.nodeName,
    layout: layout.name,
    dataDir: layout.dataDir,
    authorities: authorityFingerprints(inventory, new Set(leaves.map(({ issuer }) => issuer))),
    identities: identitiesDigest(leaves),
  };
}

/**
 * Why a generation with `binding` has no place on the node that `node` describes, as a sentence; undefined when it has.
 * `elsewhere` tells another node's set from one that this node has outgrown.
 */
export function bindingMismatch(
  binding: Binding,
  node: Binding,
): { readonly elsewhere: boolean; readonly reason: string } | undefined {
  if (binding.machineId !== node.machineId)
    return { elsewhere: true, reason: 'it was made on another machine (machine-id differs)' };
  if (binding.nodeName !== node.nodeName)
    return { elsewhere: true, reason: `it was made for node ${binding.nodeName}, this is ${node.nodeName}` };
  if (binding.layout !== node.layout)
    return { elsewhere: true, reason: `it was made for layout ${binding.layout}, this node is ${node.layout}` };
  if (binding.dataDir !== node.dataDir)
    return { elsewhere: true, reason: `it was made for ${binding.dataDir}, this node uses ${node.dataDir}` };
  const ids = [...new Set([...Object.keys(binding.authorities), ...Object.keys(node.authorities)])].sort();
  const changed = ids.find((id) => binding.authorities[id] !== node.authorities[id]);
  if (changed !== undefined) return { elsewhere: false, reason: `authority ${changed} has changed since it was made` };
  if (binding.identities !== node.identities) {
    return {
      elsewhere: false,
      reason: 'the names or the set of certificates of this node have changed since it was made',
    };
  }
  return undefined;
}

function authorityFingerprints(inventory: Inventory, issuers: ReadonlySet<string>): Readonly<Record<string, string>> {
  const fingerprints = inventory.items.flatMap((item): [string, string][] => {
    if (item.kind !== 'authority' || !issuers.has(item.entry.id) || !item.certificates.ok) return [];
    const [first] = item.certificates.value;
    return first === undefined ? [] : [[item.entry.id, first.fingerprint256]];
  });
  return Object.fromEntries(fingerprints);
}

/** The order of names in a list carries no meaning, so it must not change the digest. */
function identitiesDigest(leaves: readonly LeafEntry[]): string {
  const rows = leaves.map(({ id, issuer, certificatePath, keyPath, identity, extendedKeyUsages }) => [
    id,
    issuer,
    certificatePath,
    keyPath,
    identity.commonName,
    [...identity.organizations].sort(),
    [...identity.dnsNames].sort(),
    [...identity.ipAddresses].sort(),
    [...extendedKeyUsages].sort(),
  ]);
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex');
}
