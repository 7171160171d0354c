import { dirname } from 'node:path';
import { type FileReader, type FileState, requireReadable } from '../disk/file-reader.ts';
import { backedUpDirectories, backedUpFiles } from '../layout/backed-up-paths.ts';
import { bootstrapFiles } from '../layout/bootstrap-files.ts';
import type { Layout } from '../layout/layout.ts';
import { maxTarFiles, whyNoMember } from './ustar.ts';

export type RegularFile = FileState & { readonly state: 'regular' };

/** What of a node goes into a backup. */
export interface Contents {
  /** By node path, sorted. */
  readonly files: ReadonlyMap<string, RegularFile>;
  readonly directories: readonly { readonly path: string; readonly mode: number }[];
  /** What is not in it although it belongs there; sentences. */
  readonly left: readonly string[];
}

/** Deeper than any directory of the products. */
const deepest = 6;

/**
 * Reads everything that belongs into a backup of the node, for a caller who holds the lock.
 *
 * @throws CertmendError StorageDenied, StorageFailed (73) for a file that is there and cannot be read: a backup without it
 * would pass for one
 */
export function readContents(layout: Layout, reader: FileReader): Contents {
  const left: string[] = [];
  const paths = new Set([
    ...backedUpFiles(layout),
    ...backedUpDirectories(layout).flatMap((directory) => filesBelow(directory.slice(0, -1), reader, deepest, left)),
  ]);
  const files = new Map<string, RegularFile>();
  for (const path of [...paths].sort()) {
    const file = reader.read(path);
    requireReadable(path, file, 'no backup was made');
    if (file.state === 'absent') continue;
    const problem =
      file.state === 'unreadable' ? `it ${file.detail}` : whyNoMember({ ...file, name: path.slice(1), mtime: 0 });
    if (file.state === 'unreadable' || problem !== undefined) left.push(`${path}: ${problem ?? 'it cannot be read'}`);
    else if (files.size >= maxTarFiles - 1) left.push(`${path}: there are more than ${String(maxTarFiles)} files`);
    else files.set(path, file);
  }
  for (const path of layout.entries.flatMap((entry) => (entry.optional ? [] : bootstrapFiles(entry))))
    if (reader.stat(path).state === 'absent') left.push(`${path}: it is not there`);
  return { files, directories: directoriesAbove([...files.keys()], reader), left };
}

function filesBelow(directory: string, reader: FileReader, depth: number, left: string[]): readonly string[] {
  const names = reader.list(directory) ?? [];
  return names.flatMap((name): readonly string[] => {
    const path = `${directory}/${name}`;
    const at = reader.stat(path);
    if (at.state !== 'present') return [];
    if (at.type !== 'directory') return [path];
    if (depth > 1) return filesBelow(path, reader, depth - 1, left);
    left.push(`${path}: it lies too deep`);
    return [];
  });
}

function directoriesAbove(paths: readonly string[], reader: FileReader): Contents['directories'] {
  const directories = new Set<string>();
  for (const path of paths) for (let at = dirname(path); at !== '/'; at = dirname(at)) directories.add(at);
  return [...directories].sort().flatMap((path) => {
    const at = reader.stat(path);
    return at.state === 'present' && at.type === 'directory' ? [{ path, mode: at.mode }] : [];
  });
}
