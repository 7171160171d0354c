import { basename, dirname, isAbsolute, join, normalize } from 'node:path';
import type { FileReader } from '../disk/file-reader.ts';
import { realPath } from '../disk/real-path.ts';
import { CertmendError, exitStatus } from '../error.ts';
import type { Change } from './change.ts';

declare const guarded: unique symbol;

/**
 * Changes that went through `refuseProtected`. Staging and swapping take nothing else, so no code path can write a node
 * file without having asked (P2).
 */
export type GuardedChanges = readonly Change[] & { readonly [guarded]: true };

/**
 * The one guard in front of every write to the node: all changes pass, or none is begun. One kind of change may concern
 * a protected file: taking a damaged one of the bootstrap set away, which only `--repair-bootstrap` asks for.
 *
 * @param protectedPaths of the layout; one that ends in `/` protects everything below it
 * @throws CertmendError ProtectedPath (exit 77) naming the file; nothing was touched
 */
export function refuseProtected(
  changes: readonly Change[],
  protectedPaths: readonly string[],
  reader?: FileReader,
): GuardedChanges {
  for (const change of changes) {
    const { path } = change;
    const isReleased = change.op === 'remove' && change.bootstrap === true && change.expects.state === 'file';
    const isRefused = !isReleased && isShielded(path, protectedPaths, reader);
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
