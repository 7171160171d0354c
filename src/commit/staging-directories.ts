import { dirname } from 'node:path';
import { ownPaths } from '../disk/own-paths.ts';
import type { Entry } from '../layout/entry.ts';
import type { Layout } from '../layout/layout.ts';

/** Where a commit may have left something: beside every file of the layout, and in certmend's own directory. */
export function stagingDirectories(layout: Pick<Layout, 'entries'>): readonly string[] {
  const own = [ownPaths.stateDirectory, `${ownPaths.agentPart}/new`, `${ownPaths.agentPart}/old`];
  return [...new Set([...layout.entries.flatMap(pathsOf).map((path) => dirname(path)), ...own])];
}

/** Every path of an entry that certmend may have to write beside. */
function pathsOf(entry: Entry): readonly string[] {
  switch (entry.kind) {
    case 'leaf':
      return [entry.keyPath, entry.certificatePath];
    case 'listener':
      return [entry.path, entry.regenerateTrigger];
    case 'authority':
      return [entry.certificatePath];
    case 'kubeconfig':
    case 'key':
    case 'document':
      return [entry.path];
  }
}
