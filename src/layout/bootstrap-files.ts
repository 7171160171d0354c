import type { Entry } from './entry.ts';

/**
 * The files of an entry that a server restores from its datastore when they are missing: all that
 * `--repair-bootstrap` may take away. A token is none of them.
 */
export function bootstrapFiles(entry: Entry): readonly string[] {
  switch (entry.kind) {
    case 'authority':
      if (entry.optional || entry.reissuedAtStart) return [];
      return entry.keyPath === undefined ? [entry.certificatePath] : [entry.certificatePath, entry.keyPath];
    case 'key':
      return entry.role === 'service-account' ? [entry.path] : [];
    case 'document':
      return entry.restoredByProduct === true ? [entry.path] : [];
    case 'leaf':
    case 'listener':
    case 'kubeconfig':
      return [];
  }
}
