import type { RenewedValue } from './stored-value.ts';
import type { Workplace } from './work-files.ts';

/** One thing that a recovery writes, for a dry run: bytes of a file, or a row of a table. */
export interface Write {
  readonly path: string;
  readonly what: string;
  /** Bytes from the beginning of the file; undefined where it is a matter of rows. */
  readonly offset: number | undefined;
  readonly length: number;
}

/** A datastore of this node, held so that nobody else changes it while it is open. */
export interface Store {
  readonly kind: 'etcd' | 'sqlite';
  readonly place: Workplace;
  /** Bytes of the copies that a recovery makes. */
  readonly roomNeeded: number;
  /** The new value must be as long as the old one. */
  readonly isLengthFixed: boolean;
  /** Live keys that begin as those of bootstrap sets do. */
  readonly found: readonly { readonly key: string; readonly value: Buffer }[];
  writes(key: string, value: Buffer): readonly Write[];
  /**
   * Makes the copy with the new value, and reads that back from it.
   * @throws CertmendError RecoveryRefused when the copy does not hold it
   */
  makeCopy(key: string, renewed: RenewedValue, isReal: boolean): Copy;
  close(): void;
}

export interface Copy {
  readonly originalSha256: string;
  readonly newSha256: string;
  /** What the copy gives for the key. */
  readonly value: Buffer | undefined;
}
