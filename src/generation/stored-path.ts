import { join } from 'node:path';
import { ownPaths } from '../disk/own-paths.ts';
import type { ManifestFile } from './generation.ts';

/** Node path of a generation's directory. */
export function generationDirectory(number: number): string {
  return join(ownPaths.generations, String(number));
}

/** Node path of a generation's own copy of a file: what a commit stages from (`PutChange.source`). */
export function storedPath(number: number, file: Pick<ManifestFile, 'stored'>): string {
  return join(generationDirectory(number), file.stored);
}

/** Where a file is kept inside its generation: as on the node, below `files/`; below `outside/` when not in the data dir. */
export function storedName(path: string, dataDir: string): string {
  return path.startsWith(`${dataDir}/`) ? `files${path.slice(dataDir.length)}` : `outside${path}`;
}

/** Directories on the way to a stored file, outer before inner: `files`, `files/server`, `files/server/tls`. */
export function directoriesAbove(stored: string): readonly string[] {
  const parts = stored.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
