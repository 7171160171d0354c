import type { Item } from './inventory.ts';

/** Files of an authority, a service-account key or a document that are there and cannot be parsed; node paths. */
export function unparsablePaths(item: Item): readonly string[] {
  switch (item.kind) {
    case 'authority':
      return [
        ...unparsablePath(item.entry.certificatePath, item.certificateFile, item.certificates),
        ...unparsablePath(item.entry.keyPath, item.keyFile, item.key),
      ];
    case 'key':
      return unparsablePath(item.entry.path, item.file, item.keys);
    case 'document':
      return unparsablePath(item.entry.path, item.file, item.content);
    case 'leaf':
    case 'listener':
    case 'kubeconfig':
      return [];
  }
}

function unparsablePath(
  path: string | undefined,
  file: { readonly state: string } | undefined,
  content: { readonly ok: boolean } | undefined,
): readonly string[] {
  return path !== undefined && file?.state === 'regular' && content?.ok === false ? [path] : [];
}
