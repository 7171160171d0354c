import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

declare const CERTMEND_BUNDLED: boolean;

/** What the build wrote beside the parts, for `sha256sum --check` too. */
const sums = 'SHA256SUMS';

/**
 * The files of the program that are missing or not as they were built. A file that cannot be read now says nothing.
 *
 * @returns none when the program was not built
 */
export function damagedParts(): readonly string[] {
  if (typeof CERTMEND_BUNDLED === 'undefined') return [];
  const directory = join(dirname(fileURLToPath(import.meta.url)), 'chunks');
  try {
    const lines = readFileSync(join(directory, sums), 'utf8').split('\n');
    return lines.flatMap((line) => {
      const [, digest, name] = /^([0-9a-f]{64}) {2}(\S+)$/.exec(line) ?? [];
      if (digest === undefined || name === undefined) return [];
      const path = join(directory, name);
      return createHash('sha256').update(readFileSync(path)).digest('hex') === digest ? [] : [path];
    });
  } catch {
    // Files are used up, or the disk is gone: whatever was thrown before has its own words.
    return [];
  }
}
