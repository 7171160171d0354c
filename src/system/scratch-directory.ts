import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownPaths } from '../disk/own-paths.ts';
import { diskError } from '../disk/disk-error.ts';
import { systemClock } from './clock.ts';

const prefix = 'certmend-rehearsal-';
/** A rehearsal takes seconds; what is older was left by a kill. */
const abandonedAfterMs = 3_600_000;

/**
 * Makes a 0700 directory for a copy of the node's certificates and keys (P9), on the node's own disk where possible:
 * keys should not travel to a shared temporary directory when they need not.
 *
 * @param root the directory given with --root
 */
export function makeScratchDirectory(root: string): { readonly directory: string; readonly remove: () => void } {
  const directory = makeIn(join(root, ownPaths.stateDirectory)) ?? makeIn(tmpdir());
  if (directory === undefined) {
    throw diskError(
      Object.assign(new Error('no scratch directory'), { code: 'EACCES' }),
      'make',
      ownPaths.stateDirectory,
    );
  }
  return {
    directory,
    remove: () => {
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function makeIn(parent: string): string | undefined {
  try {
    mkdirSync(parent, { recursive: true, mode: 0o700 });
    removeAbandoned(parent);
    return mkdtempSync(join(parent, prefix));
  } catch {
    return undefined;
  }
}

function removeAbandoned(parent: string): void {
  for (const name of readdirSync(parent)) {
    const path = join(parent, name);
    if (name.startsWith(prefix) && statSync(path).mtimeMs < systemClock().now() - abandonedAfterMs) {
      rmSync(path, { recursive: true, force: true });
    }
  }
}
