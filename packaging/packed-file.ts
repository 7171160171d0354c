import { chmodSync, copyFileSync, lutimesSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A file of a package, before any package manager has seen it. Owner and group are root's. */
export interface PackedFile {
  /** Where it is on the node. */
  readonly path: string;
  readonly content: string | Uint8Array | { readonly copyOf: string };
  readonly mode?: 0o755 | 0o644;
  /** Belongs to the administrator once it is installed: upgrades keep what was edited. */
  readonly isConfiguration?: boolean;
}

/** A directory of a package that is there even when it is empty. */
export interface PackedDirectory {
  readonly path: string;
}

/**
 * Writes the files below `root`, with the modes they will have and one time for all.
 *
 * @param epoch seconds since 1970
 */
export function writeTree(
  root: string,
  files: readonly PackedFile[],
  directories: readonly PackedDirectory[],
  epoch: number,
): void {
  for (const { path } of directories) makeDirectory(join(root, path));
  for (const { path, content, mode } of files) {
    const target = join(root, path);
    makeDirectory(dirname(target));
    if (typeof content === 'string' || content instanceof Uint8Array) writeFileSync(target, content);
    else copyFileSync(content.copyOf, target);
    chmodSync(target, mode ?? 0o644);
  }
  setTimes(root, epoch);
}

/** Every directory gets 0755, whatever the umask of the builder is. */
function makeDirectory(path: string): void {
  const first = mkdirSync(path, { recursive: true });
  for (let made = path; first !== undefined && made.length >= first.length; made = dirname(made))
    chmodSync(made, 0o755);
}

function setTimes(directory: string, epoch: number): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) setTimes(path, epoch);
    else lutimesSync(path, epoch, epoch);
  }
  lutimesSync(directory, epoch, epoch);
}
