import type { Entry } from './entry.ts';

/** The files of an entry that certmend may put in place or take away: all that a commit, or its recovery, ever writes. */
export function writtenFiles(entry: Entry): readonly string[] {
  if (entry.protected || entry.reissuedAtStart) return [];
  switch (entry.kind) {
    case 'leaf':
      return [entry.keyPath, entry.certificatePath];
    case 'listener':
      return [entry.path, entry.regenerateTrigger];
    case 'kubeconfig':
      return entry.writable ? [entry.path] : [];
    case 'key':
      return [entry.path];
    case 'authority':
    case 'document':
      return [];
  }
}
