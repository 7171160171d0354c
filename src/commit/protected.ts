import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import type { FileReader } from '../disk/file-reader.ts';
import { realPath } from '../disk/real-path.ts';
import { CertmendError, exitStatus } from '../error.ts';
import type { Change } from './change.ts';
import { type Door, lets } from './door.ts';

declare const guarded: unique symbol;

/**
 * Changes that went through `refuseProtected`. Staging and swapping take nothing else, so no code path can write a node
 * file without having asked (P2).
 */
export type GuardedChanges = readonly Change[] & { readonly [guarded]: true };

/**
 * The one guard in front of every write to the node: all changes pass, or none is begun. What concerns a protected path
 * passes only through a door, and only as far as that lets it.
 *
 * @param protectedPaths of the layout; one that ends in `/` protects everything below it
 * @param door of the command that a person gave; absent everywhere else
 * @throws CertmendError ProtectedPath (exit 77) naming the file; nothing was touched
 */
export function refuseProtected(
  changes: readonly Change[],
  protectedPaths: readonly string[],
  reader?: FileReader,
  door?: Door,
): GuardedChanges {
  for (const change of changes) {
    const { path } = change;
    const isRefused = !lets(door, change) && isShielded(path, protectedPaths, reader);
    if (!isAbsolute(path) || normalize(path) !== path || path.endsWith('/') || isRefused) {
      throw new CertmendError('ProtectedPath', `refused to write ${path}: it is protected; nothing was changed`, {
        exit: exitStatus.refused,
        hint: 'certmend never writes this file: please report this as a bug',
      });
    }
  }
  return changes as GuardedChanges;
}

/** Is the path one of the protected ones, or below one? By its name, and by where its directory really is. */
export function isShielded(path: string, protectedPaths: readonly string[], reader?: FileReader): boolean {
  if (isProtected(path, protectedPaths)) return true;
  if (reader === undefined) return false;
  const real = placeOf(path, reader);
  return isProtected(
    real,
    protectedPaths.map((shielded) =>
      shielded.endsWith('/') ? `${realPath(reader, shielded)}/` : placeOf(shielded, reader),
    ),
  );
}

/** The place whose entry a rename to the path changes: links on the way are followed, one at its end is replaced. */
function placeOf(path: string, reader: FileReader): string {
  return join(realPath(reader, dirname(path)), basename(path));
}

/** By name alone. */
export function isProtected(path: string, protectedPaths: readonly string[]): boolean {
  return protectedPaths.some((shielded) =>
    shielded.endsWith('/') ? `${path}/`.startsWith(shielded) : path === shielded,
  );
}
