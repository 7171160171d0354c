import type { SaidReason } from '../reason.ts';

/** Why a set may not go live: which entry, which file of it, what is wrong. */
export interface Failure extends SaidReason<string> {
  /** Absolute node path of the file. */
  readonly path: string;
}

/**
 * What came of verifying a set (P4). `verified` counts leaves, `handshakes` the TLS conversations that were held; `notes`
 * says in a sentence each which ones could not be held, or came to nothing, for the fault of a neighbour on disk.
 */
export type Verdict =
  | { readonly ok: true; readonly verified: number; readonly handshakes: number; readonly notes: readonly string[] }
  | { readonly ok: false; readonly failures: readonly Failure[] };
