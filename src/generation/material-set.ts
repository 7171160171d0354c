import { mayWrite } from '../layout/written-files.ts';
import type { FileState } from '../disk/file-reader.ts';
import type { Inventory, LeafItem } from '../inventory/inventory.ts';
import type { MaterialFile } from '../issue/material.ts';
import { effectiveEnd } from '../assess/chain.ts';
import { parseCertificates, type Certificate } from '../x509/certificate.ts';

/**
 * Completes fresh material to a whole set: what is not fresh is the live pair, byte for byte, as long as both its files
 * are readable and fit, and the credential kubeconfigs that are there. Table order, key before certificate, which is
 * the order of the commit.
 */
export function composeGeneration(input: {
  readonly inventory: Inventory;
  readonly fresh: readonly MaterialFile[];
}): readonly MaterialFile[] {
  const fresh = new Map(input.fresh.map((file) => [file.path, file]));
  return input.inventory.items.flatMap((item): MaterialFile[] => {
    if (item.kind === 'leaf' && mayWrite(item.entry)) {
      const made = [fresh.get(item.entry.keyPath), fresh.get(item.entry.certificatePath)].filter(
        (file) => file !== undefined,
      );
      return made.length > 0 ? made : fits(item) ? livePair(item) : [];
    }
    if (item.kind === 'kubeconfig' && item.entry.writable) {
      const { id, path } = item.entry;
      return one(fresh.get(path) ?? live(item.file, { id, path, role: 'kubeconfig' }));
    }
    return [];
  });
}

/** The set that is live now, as it is, so that it can come back: every readable file, also of a pair that is damaged. */
export function adoptLive(inventory: Inventory): readonly MaterialFile[] {
  return inventory.items.flatMap((item): MaterialFile[] => {
    if (item.kind === 'leaf' && mayWrite(item.entry)) return livePair(item);
    if (item.kind === 'kubeconfig' && item.entry.writable)
      return one(live(item.file, { id: item.entry.id, path: item.entry.path, role: 'kubeconfig' }));
    return [];
  });
}

function livePair({ entry, keyFile, certificateFile }: LeafItem): MaterialFile[] {
  const { id, keyPath, certificatePath } = entry;
  return [
    ...one(live(keyFile, { id, path: keyPath, role: 'key' })),
    ...one(live(certificateFile, { id, path: certificatePath, role: 'certificate' })),
  ];
}

function live(file: FileState, what: Pick<MaterialFile, 'id' | 'path' | 'role'>): MaterialFile | undefined {
  if (file.state !== 'regular') return undefined;
  const { bytes, mode, uid, gid } = file;
  return { ...what, bytes, mode, uid, gid };
}

function fits({ key, certificates }: LeafItem): boolean {
  const leaf = certificates.ok ? certificates.value[0] : undefined;
  return leaf !== undefined && key.ok && key.value.spkiDer.equals(leaf.spkiDer);
}

function one(file: MaterialFile | undefined): MaterialFile[] {
  return file === undefined ? [] : [file];
}

export interface SetValidity {
  /** Latest notBefore and earliest effective notAfter over the leaves; ms since the epoch. */
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Leaf entry id to the certificates of the authority's file on this node; empty when there is none. */
export type AnchorsOf = (id: string) => readonly Certificate[];

/**
 * When a whole set is good: from when its youngest leaf is, until the first leaf is worth nothing to its peers, which is
 * the end of the best chain that it has (assess/chain.ts). What does not parse counts for nothing here: verify/ judges.
 * Undefined when there is no certificate at all.
 * @param now milliseconds since the epoch
 * @param anchorsOf what the peers trust; without it, what each leaf carries is taken for that
 */
export function validityOf(
  files: readonly MaterialFile[],
  now: number,
  anchorsOf?: AnchorsOf,
): SetValidity | undefined {
  const leaves = files
    .filter(({ role }) => role === 'certificate')
    .flatMap(({ id, bytes }) => {
      const [leaf, ...carried] = certificatesIn(bytes);
      if (leaf === undefined) return [];
      const end = effectiveEnd(leaf, anchorsOf?.(id) ?? carried, carried, now);
      return [{ notBefore: leaf.notBefore, end }];
    });
  if (leaves.length === 0) return undefined;
  return {
    notBefore: Math.max(...leaves.map(({ notBefore }) => notBefore)),
    notAfter: Math.min(...leaves.map(({ end }) => end)),
  };
}

/** The anchors of a node, by leaf. */
export function anchorsOn({ items }: Inventory): AnchorsOf {
  const authorities = new Map<string, readonly Certificate[]>();
  const issuers = new Map<string, string>();
  for (const item of items) {
    if (item.kind === 'authority' && item.certificates.ok) authorities.set(item.entry.id, item.certificates.value);
    if (item.kind === 'leaf') issuers.set(item.entry.id, item.entry.issuer);
  }
  return (id) => authorities.get(issuers.get(id) ?? '') ?? [];
}

/** Lower-case hexadecimal SHA-256 fingerprint of the first certificate of a file; undefined when there is none. */
export function fingerprintOf(bytes: Uint8Array): string | undefined {
  return certificatesIn(bytes)[0]?.fingerprint256;
}

function certificatesIn(bytes: Uint8Array): readonly Certificate[] {
  const parsed = parseCertificates(Buffer.from(bytes));
  return parsed.ok ? parsed.value : [];
}
