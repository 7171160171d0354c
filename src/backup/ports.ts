import type { FileReader } from '../disk/file-reader.ts';
import type { FileWriter } from '../disk/file-writer.ts';

/** Where archives are: not the node's own tree, so with ports of its own (the adapter is `system/files/archive-place.ts`). */
export interface ArchivePlace {
  /** As a person would name it. */
  readonly directory: string;
  readonly reader: FileReader;
  readonly writer: FileWriter;
  readonly archives: ArchiveReader;
  /** Of the user that certmend runs as. */
  readonly uid: number;
}

/** Archives are larger than any file that a FileReader reads. */
export interface ArchiveReader {
  /**
   * Size of the regular file at the path.
   * @throws CertmendError StorageFailed and siblings; BackupUnreadable for what is no regular file
   */
  size(path: string): number;
  /** Its bytes, a piece at a time, at most `limit`. @throws as `size` */
  pieces(path: string, limit: number): Iterable<Uint8Array>;
}
