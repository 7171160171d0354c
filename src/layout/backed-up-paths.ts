import { ownPaths } from '../disk/own-paths.ts';
import type { Entry } from './entry.ts';
import type { Layout } from './layout.ts';
import { knownLayouts } from './names.ts';
import { environmentFiles } from './resolve-layout.ts';

/** What of a layout says where the files of a node are. */
export type Placed = Pick<Layout, 'name' | 'entries' | 'protectedPaths' | 'dataDir' | 'product' | 'unit' | 'evidence'>;

/** Directories of which everything is in a backup, each with a slash at its end. */
export function backedUpDirectories({ protectedPaths, dataDir, product }: Placed): readonly string[] {
  // The datastore is a live database: a copy of its files would be none.
  const datastore = `${dataDir}/server/db/`;
  const kept = protectedPaths.filter((path) => path.endsWith('/') && path !== datastore);
  return [...new Set([...kept, `/etc/rancher/${product}/`, `${ownPaths.configDirectory}/`])];
}

/**
 * Files that are in a backup by their own names, whether or not they are there: what the entries name, what is protected,
 * the configuration of the product and of certmend, and certmend's state.
 */
export function backedUpFiles(layout: Placed): readonly string[] {
  const { name: layoutName, entries, protectedPaths, unit, evidence } = layout;
  const known = knownLayouts.find(({ name }) => name === layoutName);
  const unitWord = unit.replace(/\.service$/, '');
  const configured = evidence.flatMap((line) => /^configuration: (\/.+)$/.exec(line)?.[1] ?? []);
  return [
    ...new Set([
      ...entries.flatMap(filesOf),
      ...protectedPaths.filter((path) => !path.endsWith('/')),
      ...configured,
      ...(known === undefined ? [] : environmentFiles(known.product, unit)).map((path) =>
        path.replaceAll('%N', unitWord),
      ),
      ownPaths.config,
      ownPaths.state,
    ]),
  ];
}

/** May a restore write this path? What a backup of this layout would hold, but for certmend's own state. */
export function isRestorable(path: string, layout: Placed): boolean {
  if (path === ownPaths.state) return false;
  return backedUpFiles(layout).includes(path) || backedUpDirectories(layout).some((above) => path.startsWith(above));
}

function filesOf(entry: Entry): readonly string[] {
  switch (entry.kind) {
    case 'leaf':
      return [entry.keyPath, entry.certificatePath];
    case 'authority':
      return entry.keyPath === undefined ? [entry.certificatePath] : [entry.keyPath, entry.certificatePath];
    case 'listener':
    case 'kubeconfig':
    case 'key':
    case 'document':
      return [entry.path];
  }
}
