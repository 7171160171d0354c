import type { Transaction } from '../commit/journal-format.ts';
import type { RecoveryOutcome } from '../commit/recover.ts';
import type { Change } from '../commit/change.ts';
import type { Binding } from '../generation/generation.ts';
import type { GenerationStore } from '../generation/store.ts';
import type { Layout } from '../layout/layout.ts';
import type { ReasonCode } from '../reason.ts';
import type { AuditRecord } from '../audit/audit.ts';
import type { State } from '../state/state.ts';
import type { KnownNode } from '../survey/as-if-live.ts';
import type { Ports, WriteSide } from '../survey/ports.ts';
import type { Survey } from '../survey/survey.ts';

/**
 * What a command that writes holds: the lock, a recovered node, a survey made after both, and the state as it will be
 * saved. Every mutation of a command goes through here.
 */
export interface Session {
  readonly ports: Ports;
  readonly write: WriteSide;
  readonly survey: Survey;
  readonly store: GenerationStore;
  readonly binding: Binding;
  /** What recovery did before anything else was looked at. */
  readonly recovered: RecoveryOutcome;
  state(): State;
  node(): KnownNode;
  /** Replaces the state to be saved; `save` makes it durable. */
  remember(change: (state: State) => State): void;
  save(): void;
  /** Records one decision or change: audit log and the state's list of events (P7). */
  tell(record: AuditRecord): void;
  /**
   * Before anything of a change is made: the attempt is remembered, on the disk, so that whatever ends this run, the
   * next one knows of it. Nothing is begun that could not be remembered, or beside leftovers that stay.
   * @param attempt.byItself no person asked for it: it counts for the brake
   */
  begin(attempt: { readonly reason: ReasonCode; readonly byItself: boolean }): void;
  /** The attempt came to nothing: what it made is unheard of, but for what was told. Never throws. */
  abandon(): void;
  /** Reserves the number of the next generation; numbers are never used twice. */
  nextGeneration(): number;
  /**
   * The transaction that was begun, to be committed; `generation` is 0 when no set goes live.
   * @param previous the generation that holds what is live now
   */
  transaction(generation: number, previous: number | undefined, counts: Transaction['counts']): Transaction;
  commit(input: {
    readonly transaction: Transaction;
    readonly changes: readonly Change[];
    /** Of directories that have to be made. */
    readonly directoryModes?: ReadonlyMap<string, number> | undefined;
    /** The state that is true once the changes are live; saved inside the transaction. */
    readonly after: (state: State) => State;
  }): { readonly changed: readonly string[]; readonly warnings: readonly string[] };
}

export interface SessionOptions {
  readonly layout?: Layout | undefined;
  /** How long to wait for another certmend, milliseconds. */
  readonly lockWaitMs: number;
  /** On the monotonic clock, ms: no commit begins after it (P1: the unit must not wait for ever). */
  readonly deadline?: number | undefined;
  /** On the same clock: when this process is ended from outside. No commit begins that might not end before it. */
  readonly endedAt?: number | undefined;
}
