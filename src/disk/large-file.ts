/** Reading in the middle of a file. Offsets and lengths in bytes. */
export interface RandomAccess {
  readonly size: number;
  /**
   * Exactly so many bytes.
   * @throws RangeError beyond the end, a node ErrnoException when the disk fails
   */
  read(offset: number, length: number): Buffer;
}

/** An open file that is too large to be read whole: a datastore. */
export interface LargeFile extends RandomAccess {
  readonly inode: number;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeMs: number;
  /** Takes the exclusive flock(2) that bbolt takes, until `close`; false when somebody has it. */
  lock(): boolean;
  close(): void;
}

/** The port to large files; paths are node paths. The adapter is `system/files/large-files.ts`. */
export interface LargeFiles {
  /** A regular file, following no link in its own place. Throws a node ErrnoException. */
  open(path: string): LargeFile;
  /** Id of a process that holds a lock on the file, of whatever kind, as the kernel lists them; undefined when none does. */
  lockHolder(path: string): number | undefined;
}
