import { dirname } from 'node:path';
import { type FileReader, type FileState, requireReadable } from '../disk/file-reader.ts';
import { CertmendError, exitStatus } from '../error.ts';
import type { Change, Expectation, PutChange } from './change.ts';

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
