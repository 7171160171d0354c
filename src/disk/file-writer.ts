/**
 * Every mutation certmend ever makes to a file system goes through this port, one system call each, synchronous, so
 * that tests can cut, fail and count them. Paths are absolute node paths. Every method throws a node `ErrnoException`.
 * The adapter is `system/files/node-file-writer.ts`.
 */
export interface FileWriter {
  /** open(O_CREAT|O_EXCL|O_NOFOLLOW|O_WRONLY, mode); returns a raw descriptor. */
  create(path: string, mode: number): number;
  /** open(O_WRONLY|O_NOFOLLOW), at the start of what is there; returns a raw descriptor. */
  openExisting(path: string): number;
  write(descriptor: number, bytes: Uint8Array): void;
  /** ftruncate */
  truncate(descriptor: number, length: number): void;
  setOwner(descriptor: number, uid: number, gid: number): void;
  setMode(descriptor: number, mode: number): void;
  /** futimens: when it was last changed, and read, in milliseconds since the epoch. */
  setTimes(descriptor: number, modifiedAtMs: number): void;
  sync(descriptor: number): void;
  close(descriptor: number): void;
  rename(from: string, to: string): void;
  /** Hard link; throws EEXIST, EXDEV, EPERM. */
  link(existing: string, created: string): void;
  unlink(path: string): void;
  makeDirectory(path: string, mode: number): void;
  removeDirectory(path: string): void;
  /** open(O_DIRECTORY), fsync, close. */
  syncDirectory(path: string): void;
}

/** Reads that the write side needs and that are about the file system, not about certificates. */
export interface Storage {
  /** Free space and inodes of the file system that holds the path (or its nearest existing parent). */
  free(path: string): { readonly bytes: number; readonly inodes: number };
}

/**
 * Restores the SELinux label of files that were created; does nothing where SELinux is off. Never throws.
 * @returns what went wrong, as one clause for a person; undefined when nothing did
 */
export type Relabel = (paths: readonly string[]) => string | undefined;
