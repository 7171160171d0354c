import { basename, dirname, join } from 'node:path';

/*
 * Names of what a commit keeps beside the files it replaces, hidden and unmistakable, so that a rename never leaves the
 * directory and a crash leaves nothing that could be taken for anything else.
 */

/** The new file before it goes live: `.client-admin.crt.certmend-0123456789abcdef`. */
export function stagedPath(path: string, transaction: string): string {
  return join(dirname(path), `.${basename(path)}.certmend-${transaction}`);
}

/** A second name of the live file that will go: undo gives it its own name back, inode and all. */
export function keepsakePath(path: string, transaction: string): string {
  return `${stagedPath(path, transaction)}.old`;
}

/** What recovery stages anew. Never trusted when found: only the first staging is known to be on the disk. */
export function restagedPath(path: string, transaction: string): string {
  return `${stagedPath(path, transaction)}.again`;
}

/** Name under which journal and state file are made before they take their place. */
export function temporaryName(path: string, transaction: string): string {
  return basename(stagedPath(path, transaction));
}

/** True for every name above, of any transaction. */
export function isStrayName(name: string): boolean {
  return /^\..+\.certmend-[0-9a-f]{16}(?:\.old|\.again)?$/.test(name);
}
