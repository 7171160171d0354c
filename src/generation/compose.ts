import { mayWrite } from '../layout/written-files.ts';
import type { FileState } from '../disk/file-reader.ts';
import type { Inventory, LeafItem } from '../inventory/inventory.ts';
import type { MaterialFile } from '../issue/material.ts';

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
