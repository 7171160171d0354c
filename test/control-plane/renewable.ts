import type { Tree } from '../fixtures/tree.ts';
import { fingerprintOnDisk } from './renew-by-hand.ts';

/** Ids of the leaves that certmend may write. */
export function renewable({ leaves }: Tree): readonly string[] {
  return leaves.filter(({ reissuedAtStart }) => !reissuedAtStart).map(({ id }) => id);
}

/** Fingerprints of what is on the disk, in their order. */
export function renewablePrints(tree: Tree): readonly string[] {
  return renewable(tree).map((id) => fingerprintOnDisk(tree, id));
}
