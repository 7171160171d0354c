import { shellWord } from './shell-word.ts';
import { CertmendError } from '../error.ts';
import type { FileReader, FileState } from './file-reader.ts';

/** Undefined unless the disk or a permission kept the file from being read: then nothing is known of what is in it. */
export function unreadClause(file: FileState): string | undefined {
  return file.state === 'unreadable' && (file.problem === 'denied' || file.problem === 'io') ? file.detail : undefined;
}

/**
 * Only bytes that were read can be damaged, and only a look that worked can find that there is nothing. Who would
 * replace, forget or give up on account of a file asks here first.
 *
 * @param outcome what did not happen, as a clause: `nothing was changed`
 * @throws CertmendError StorageDenied, StorageFailed (exit 73, retry): it may be readable the next time
 */
export function requireReadable(path: string, file: FileState, outcome = 'nothing was changed'): void {
  const clause = unreadClause(file);
  if (clause !== undefined) throw unread(path, clause, outcome);
}

/**
 * Names in a directory; none when there is no such directory.
 *
 * @throws CertmendError StorageFailed (exit 73, retry) when it is there and cannot be listed: that is not an empty one
 */
export function namesIn(reader: FileReader, directory: string): readonly string[] {
  const names = reader.list(directory);
  if (names !== undefined) return names;
  const at = reader.stat(directory);
  if (at.state === 'absent') return [];
  if (at.state === 'present' && at.type !== 'directory' && at.type !== 'symlink') return [];
  throw unread(directory, at.state === 'present' ? 'cannot be listed' : at.detail, 'nothing was changed');
}

/** The error of a file that could not be read. @param clause what `unreadClause` says */
export function unread(path: string, clause: string, outcome: string): CertmendError {
  const isDenied = /\b(?:EACCES|EPERM)\b/.test(clause);
  return new CertmendError(isDenied ? 'StorageDenied' : 'StorageFailed', `${path} ${clause}; ${outcome}`, {
    hint: isDenied
      ? `run certmend as root; if it is, check the permissions and the security policy: namei -l ${shellWord(path)}`
      : `check the disk and the mount that hold ${path} (dmesg, smartctl); certmend tries again at its next run`,
  });
}
