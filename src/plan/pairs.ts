import { mayWrite } from '../layout/written-files.ts';
import { isReplaceable } from '../assess/file-fault.ts';
import { issuersOf } from '../assess/issuer.ts';
import { pairMountInTheWay } from '../assess/mounts.ts';
import type { Inventory, LeafItem } from '../inventory/inventory.ts';
import type { LeafEntry } from '../layout/entry.ts';

/** A leaf pair as something to be replaced. */
export interface Pair {
  readonly entry: LeafEntry;
  readonly item: LeafItem;
  /** Its authority can sign a new one now. */
  readonly issuable: boolean;
  /** Its authority can sign, or would if its key were here: material that exists already may go live. */
  readonly acceptable: boolean;
}

/**
 * The pairs that certmend may write, in table order. Left out: what is protected, what the product re-issues by itself,
 * what is optional and absent, and what cannot be replaced.
 * @param now milliseconds since the epoch
 */
export function writablePairs(inventory: Inventory, now: number): readonly Pair[] {
  const issuers = issuersOf(inventory, now);
  const pairs: Pair[] = [];
  for (const item of inventory.items) {
    if (item.kind !== 'leaf' || !isWritable(item) || pairMountInTheWay(item, inventory.mounted) !== undefined) continue;
    const issuer = issuers.get(item.entry.issuer);
    const problem = issuer?.problem;
    pairs.push({
      entry: item.entry,
      item,
      issuable: issuer !== undefined && problem === undefined,
      acceptable: issuer !== undefined && (problem === undefined || problem.onlyKey),
    });
  }
  return pairs;
}

function isWritable({ entry, certificateFile, keyFile }: LeafItem): boolean {
  return (
    mayWrite(entry) &&
    !(entry.optional && certificateFile.state === 'absent') &&
    isReplaceable(entry.certificatePath, certificateFile) &&
    isReplaceable(entry.keyPath, keyFile)
  );
}
