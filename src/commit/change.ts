/**
 * What a commit does to the node, file by file. Made by activate/change-set.ts from the plan, the generation and the
 * inventory the decision was made on; executed by commit/; written into the journal as it is.
 */
export type Change = PutChange | RemoveChange;

export interface PutChange {
  readonly op: 'put';
  readonly path: string;
  readonly id: string;
  /**
   * Node path of the durable copy to stage from: recovery stages again from here. Null only for an empty file (the
   * listener's trigger), which needs no copy.
   */
  readonly source: string | null;
  readonly sha256: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /**
   * `in-place`: the new bytes are written over the old ones, for a consumer that has the very file mounted and would
   * never see another take its name (products 1.7). Needs a file that is there, and keeps its mode and owner.
   */
  readonly how?: 'in-place' | undefined;
  /** What must be there now (P10). */
  readonly expects: Expectation;
}

export interface RemoveChange {
  readonly op: 'remove';
  readonly path: string;
  readonly id: string;
  /** The one change that may concern a protected file: a person asked for a damaged one to be taken away (quarantine). */
  readonly bootstrap?: true | undefined;
  readonly expects: Expectation;
}

/** `other`: something that is not a readable regular file (FIFO, symlink, too large); compared by its description. */
export type Expectation =
  | { readonly state: 'absent' }
  | { readonly state: 'file'; readonly sha256: string }
  | { readonly state: 'other'; readonly detail: string };
