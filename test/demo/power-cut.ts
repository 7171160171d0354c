import { execFileSync } from 'node:child_process';
import { existsSync, rmSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { Certmend } from './certmend.ts';
import { journalFile, leafHashes, leftovers, certificateFile } from './leaf-set.ts';

export interface Cut {
  /** Per file of the set, in the order of the commit: is it of the new set? */
  readonly isNew: readonly boolean[];
}

/** Places in the order of a commit: when the certificate there is new, the process is killed. */
const moments = [6, 5, 3, 0, 0, 0, 0, 0];
/** Of them, how many must hit between the first and the last rename. */
const enoughTries = 5;

/**
 * Kills a rotation (SIGKILL) while it puts the new files in place. The program has no switch for this: the demo watches
 * the node's directory, and when a certificate in the middle of the set has been replaced the process is killed. All the
 * renames together take less than a millisecond, so on a busy machine a rotation may get away; then the node is put back
 * as it was and the next one is tried, earlier. After some tries a cut between the last rename and the end of the commit
 * will do.
 *
 * @returns undefined when every rotation got away
 */
export async function cutRotation(certmend: Certmend, root: string): Promise<Cut | undefined> {
  const before = leafHashes(root);
  const copy = `${root}.before`;
  copyNode(root, copy);
  try {
    for (const [tries, place] of moments.entries()) {
      await killInTheMiddle(certmend, root, place);
      const isNew = [...leafHashes(root)].map(([file, hash]) => before.get(file) !== hash);
      const inTheMiddle = isNew.includes(true) && (isNew.includes(false) || tries >= enoughTries);
      if (inTheMiddle && existsSync(journalFile(root))) return { isNew };
      rmSync(root, { recursive: true });
      copyNode(copy, root);
    }
    return undefined;
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** With modes, times and links. */
function copyNode(from: string, to: string): void {
  execFileSync('cp', ['-a', from, to]);
}

async function killInTheMiddle(certmend: Certmend, root: string, place: number): Promise<void> {
  const file = certificateFile(root, place);
  const inode = statSync(file).ino;
  const child = certmend.start('rotate', '--yes');
  const ended = once(child, 'exit');
  while (child.exitCode === null && leftovers(root).length === 0) await pause(2);
  // Nothing else may run in between: each look takes microseconds.
  const deadline = performance.now() + 10_000;
  while (child.exitCode === null && statSync(file).ino === inode && performance.now() < deadline);
  child.kill('SIGKILL');
  await ended;
}
