import { shellWord } from './shell-word.ts';
import { CertmendError } from '../error.ts';
import type { ReasonCode } from '../reason.ts';

/** Runs one file-system operation and lets its failure name the operation and the file. */
export function onDisk<T>(operation: string, path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw diskError(error, operation, path);
  }
}

/**
 * A system call's error as one that a person can act on: exit status 73, code StorageFull (ENOSPC, EDQUOT),
 * StorageReadOnly (EROFS), StorageDenied (EACCES, EPERM) or StorageFailed. What is no system call's error comes back
 * as it is: it already says what it has to say, or it is a bug.
 */
export function diskError(error: unknown, operation: string, path: string): unknown {
  const errno = errnoOf(error);
  if (errno === undefined) return error;
  const { code, hint } = explain(errno, path);
  return new CertmendError(code, `cannot ${operation} ${path}: ${phrase[errno] ?? errno}`, { hint, cause: error });
}

/** The symbolic error number of a system call's error (`ENOSPC`); undefined for every other kind of error. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && 'syscall' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/** Is it this process or the system that is short of something? Then the error says nothing about the file. */
export function isShortage(error: unknown): boolean {
  return ['EMFILE', 'ENFILE', 'ENOMEM'].includes(errnoOf(error) ?? '');
}

const phrase: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the file system (ENOSPC)',
  EDQUOT: 'the disk quota is used up (EDQUOT)',
  EROFS: 'the file system is read-only (EROFS)',
  EACCES: 'permission denied (EACCES)',
  EPERM: 'operation not permitted (EPERM)',
  EIO: 'the disk returned an error (EIO)',
  EMFILE: 'certmend has too many open files (EMFILE)',
  ENFILE: 'the system has too many open files (ENFILE)',
  ENOMEM: 'out of memory (ENOMEM)',
  EBUSY: 'it is in use, for example as a mount point (EBUSY)',
  ELOOP: 'a symlink in the path leads outside, nowhere or to itself (ELOOP)',
  ENOTDIR: 'a part of the path is not a directory (ENOTDIR)',
};

function explain(errno: string, path: string): { readonly code: ReasonCode; readonly hint: string } {
  switch (errno) {
    case 'ENOSPC':
    case 'EDQUOT':
      return {
        code: 'StorageFull',
        hint: `free space and inodes on the file system of ${path} (df -h, df -i), then run certmend again`,
      };
    case 'EROFS':
      return {
        code: 'StorageReadOnly',
        hint: `find out why it is read-only (dmesg), then: mount -o remount,rw on the file system of ${path}`,
      };
    case 'EACCES':
    case 'EPERM':
      return {
        code: 'StorageDenied',
        hint: `run certmend as root; if it is, look for an immutable flag (lsattr) or a security policy on ${path}`,
      };
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOMEM':
      return {
        code: 'StorageFailed',
        hint: 'this says nothing about the file: find what uses up memory or open files (ulimit -n, /proc/sys/fs/file-nr), then run certmend again',
      };
    case 'EBUSY':
      return {
        code: 'StorageFailed',
        hint: `if something is mounted there (findmnt ${shellWord(path)}), umount it, then run certmend again`,
      };
    case 'ELOOP':
    case 'ENOTDIR':
      return { code: 'StorageFailed', hint: `check each part of the path: namei -l ${shellWord(path)}` };
    default:
      return { code: 'StorageFailed', hint: `check the disk and the mount that hold ${path} (dmesg, smartctl)` };
  }
}
