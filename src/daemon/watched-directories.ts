import { dirname } from 'node:path';
import type { Layout } from '../layout/layout.ts';

/** Where the files of the node lie whose change is worth a look before the next check is due. */
export function watchedDirectories(layout: Layout): readonly string[] {
  const files = layout.entries.flatMap((entry) => {
    switch (entry.kind) {
      case 'leaf':
      case 'authority':
        return [entry.certificatePath];
      case 'listener':
      case 'kubeconfig':
        return [entry.path];
      case 'key':
      case 'document':
        return [];
    }
  });
  return [...new Set(files.map((path) => dirname(path)))];
}
