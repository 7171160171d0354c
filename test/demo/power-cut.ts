import { existsSync } from 'node:fs';
import type { Certmend } from './certmend.ts';
import { journalFile, leafHashes } from './leaf-set.ts';

export interface Cut {
  /** Per file of the set, in the order of the commit: is it of the new set? */
  readonly isNew: readonly boolean[];
}

/** In the middle of the set, between a key and its certificate. */
const rename = 14;

/**
 * Kills a rotation (SIGKILL) while it puts the new files in place: right before one of its renames, so that the machine
 * may be as busy as it likes. The program has no switch for this: it is the runtime that is told to do it.
 *
 * @returns undefined when the rotation got away
 */
export function cutRotation(certmend: Certmend, root: string): Cut | undefined {
  const before = leafHashes(root);
  const { signal } = certmend.runKilled({ rename, part: '/server/tls/' }, 'rotate', '--yes');
  const isNew = [...leafHashes(root)].map(([file, hash]) => before.get(file) !== hash);
  const inTheMiddle = signal === 'SIGKILL' && isNew.includes(true) && isNew.includes(false);
  return inTheMiddle && existsSync(journalFile(root)) ? { isNew } : undefined;
}
