import { dirname } from 'node:path';
import { type FileReader, type FileState, requireReadable } from '../disk/file-reader.ts';
import { CertmendError, exitStatus } from '../error.ts';

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
  /** The time that it is given: a restored file has that of the backup, which the product compares with its datastore. */
  readonly modifiedAtMs?: number | undefined;
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

/**
 * How a live file stands to a change. Hashes decide, never positions or times.
 * `done`: it is what the change wants. `before`: it is what the change expects to find. `foreign`: neither.
 */
export type Standing = 'done' | 'before' | 'foreign';

/**
 * @param within the data dir, as the inventory was read with: it decides what counts as an escaping symlink
 * @throws CertmendError StorageDenied, StorageFailed when it cannot be read: that is no standing at all
 */
export function standingOf(change: Change, reader: FileReader, within: string | undefined): Standing {
  const live = readLive(reader, change.path, within);
  requireReadable(change.path, live);
  if (change.op === 'put' ? isWanted(live, change) : live.state === 'absent') return 'done';
  if (meets(live, change.expects)) return 'before';
  // Right bytes, wrong mode or owner: not someone else's work, and putting it again mends it.
  return change.op === 'put' && live.state === 'regular' && live.sha256 === change.sha256 ? 'before' : 'foreign';
}

/** P10: every file is still what the decision was made on. */
export function requireExpected(changes: readonly Change[], reader: FileReader, within: string | undefined): void {
  for (const change of changes) {
    const live = readLive(reader, change.path, within);
    requireReadable(change.path, live);
    if (!meets(live, change.expects)) {
      throw new CertmendError(
        'ExternalChange',
        `${change.path} was changed by someone else while certmend was running; certmend changed nothing`,
        { exit: exitStatus.tryAgain, hint: 'run the command again: it will decide on the files as they are now' },
      );
    }
  }
}

/** Is the file exactly the one the change puts: bytes, mode and owner? */
export function isWanted(file: FileState, { sha256, mode, uid, gid }: PutChange): boolean {
  return (
    file.state === 'regular' && file.sha256 === sha256 && file.mode === mode && file.uid === uid && file.gid === gid
  );
}

/** Is the file what was expected? */
export function meets(file: FileState, expects: Expectation): boolean {
  switch (expects.state) {
    case 'absent':
      return file.state === 'absent';
    case 'file':
      return file.state === 'regular' && file.sha256 === expects.sha256;
    case 'other':
      return file.state === 'unreadable' && file.detail === expects.detail;
  }
}

export function readLive(reader: FileReader, path: string, within: string | undefined): FileState {
  // As inventory/ reads it: a symlink may lead out of the data dir only for a file that is outside of it by configuration.
  return within !== undefined && path.startsWith(`${within}/`) ? reader.read(path, within) : reader.read(path);
}

/** The distinct directories of the changes, in order. */
export function directoriesOf(changes: readonly Pick<Change, 'path'>[]): readonly string[] {
  return [...new Set(changes.map(({ path }) => dirname(path)))];
}
