import type { FileReader } from '../disk/file-reader.ts';
import { ownPaths } from '../disk/own-paths.ts';
import type { Layout } from '../layout/layout.ts';
import { nodeTraces } from '../layout/detect/detect-directories.ts';
import type { LoadedState } from '../state/load-state.ts';
import type { Ports } from './ports.ts';

/** What says that this node has run before: files of the product, and what certmend remembers of this data directory. */
export function tracesOf({ reader }: Ports, layout: Layout, loaded: LoadedState): readonly string[] {
  if (layout.role === 'agent') return [];
  const files = nodeTraces(layout.dataDir, reader).map((name) => `${layout.dataDir}/server/${name}`);
  return [
    ...files,
    ...kubeconfig(layout, reader),
    ...remembered(loaded, layout),
    ...generations(reader.list(ownPaths.generations), loaded),
  ];
}

/**
 * The server writes it when it first comes up, outside of its data directory: it is there though that is not mounted.
 * One in another place may be a person's, of another cluster.
 */
function kubeconfig({ entries, product }: Layout, reader: FileReader): readonly string[] {
  const own = entries.flatMap((entry) => (entry.kind === 'kubeconfig' ? [entry.path] : []));
  return own.filter((path) => path.startsWith(`/etc/rancher/${product}/`) && reader.stat(path).state === 'present');
}

function remembered(loaded: LoadedState, layout: Layout): readonly string[] {
  if (loaded.kind !== 'loaded') return [];
  const { node, authorities } = loaded.state;
  const isSame = node.dataDir === layout.dataDir && node.layout === layout.name;
  return isSame && Object.keys(authorities).length > 0 ? [`the state of certmend (${ownPaths.state})`] : [];
}

/** With a state they belong to the node that it names; without one they are all that is left of it. */
function generations(names: readonly string[] | undefined, loaded: LoadedState): readonly string[] {
  const numbered = (names ?? []).some((name) => /^\d+$/.test(name));
  return numbered && loaded.kind !== 'loaded' ? [`a generation in ${ownPaths.generations}`] : [];
}
