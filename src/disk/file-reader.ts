import { shellWord } from './shell-word.ts';
import { CertmendError } from '../error.ts';

/**
 * Reads of the node's files. A port: the adapter is `system/files/node-file-reader.ts`. Paths are absolute node paths. Each throws CertmendError StorageFailed when this
 * process or the system is short of memory or open files: that says nothing about what is at a path.
 */
export interface FileReader {
  /**
   * Reads one regular file whole. Never throws for what a file can be, never blocks on a FIFO, never reads more than
   * `maxFileBytes`.
   * @param path absolute node path
   * @param within when given, a symlink (in any component below `within`) that leads outside of it is `unreadable`
   */
  read(path: string, within?: string): FileState;
  /**
   * The same for a file of certmend's own (state, journal, manifests, configuration), which is believed and acted on: it
   * and every directory and link on the way to it must belong to root or to the user that certmend runs as, and nobody
   * else may write them, or it is `unreadable` as `not-ours`. A sticky directory of all (/tmp) is no hindrance.
   */
  readOwn(path: string, within?: string): FileState;
  /** What is at the path, following no link in the last component; never opens it. */
  stat(path: string): PathState;
  /** Names in a directory, sorted; `undefined` when it is absent, not a directory or not readable. */
  list(directory: string): readonly string[] | undefined;
  /** Target of the symlink at the path; undefined when it is none. */
  readLink(path: string): string | undefined;
  /**
   * Those of the paths on which something is mounted, itself and not a directory above it: no rename reaches what lies there,
   * and none takes its place (EBUSY). Links are followed, but for one in the last component, whose place a rename takes.
   */
  mountedOver(paths: readonly string[]): ReadonlyMap<string, Mounted>;
}

/** May what is mounted be written to? */
export type Mounted = 'writable' | 'read-only';

/** Larger than any certificate bundle or kubeconfig seen in the field; a file beyond it is a finding, not read. */
export const maxFileBytes = 1024 * 1024;

export type FileState =
  | { readonly state: 'absent' }
  | {
      readonly state: 'regular';
      readonly bytes: Buffer;
      /** Lower-case hexadecimal SHA-256 of `bytes`. */
      readonly sha256: string;
      /** Permission bits only: `mode & 0o7777`. */
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
      readonly mtimeMs: number;
    }
  | {
      readonly state: 'unreadable';
      readonly problem: UnreadableProblem;
      /** One clause for a person: `is a directory`, `is 52428800 bytes, more than 1048576`, `cannot be read: EACCES`. */
      readonly detail: string;
      /**
       * `symlink-escapes`: the link that leads outside, the path itself or a directory on the way to it.
       * `dangling-symlink`, `symlink-loop`: the directory on the way that is one; undefined for the path itself.
       */
      readonly link?: string | undefined;
    };

export type UnreadableProblem =
  | 'directory'
  | 'special-file'
  | 'dangling-symlink'
  | 'symlink-loop'
  | 'symlink-escapes'
  | 'too-large'
  /** Somebody else owns it or may write it. */
  | 'not-ours'
  | 'denied'
  | 'io';

export type PathState =
  | { readonly state: 'absent' }
  | {
      readonly state: 'present';
      readonly type: 'file' | 'directory' | 'symlink' | 'other';
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
      readonly size: number;
      readonly mtimeMs: number;
    }
  | { readonly state: 'unreadable'; readonly detail: string };

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
