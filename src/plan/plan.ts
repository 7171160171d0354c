import type { Assessment } from '../assess/assessment.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { ReasonCode, SaidReason } from '../reason.ts';

/** Everything a decision rests on. Times in milliseconds since the epoch. */
export interface DecideInput {
  readonly inventory: Inventory;
  readonly assessment: Assessment;
  readonly standby: StandbyVerdict;
  readonly brake: BrakeState;
  readonly now: number;
  readonly renewBeforeDays: number;
  /** The set that was live before this one, when it is still there. */
  readonly previous?: PreviousSet | undefined;
  /** `--repair-bootstrap`: damaged files of the bootstrap set are taken away. */
  readonly bootRepair?: boolean | undefined;
  readonly request?: RotationRequest | undefined;
}

export interface PreviousSet {
  readonly generation: number;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** A person asks for a rotation. */
export interface RotationRequest {
  readonly kind: 'rotate';
  /** Entry ids; empty means every leaf that certmend may write. */
  readonly ids: readonly string[];
  /** New certificates even when a standby is ready (`--reuse-key`). */
  readonly issueAfresh?: boolean | undefined;
}

/** The ordered answer to an assessment. Empty `actions` is the normal case. */
export interface Plan {
  readonly decision: Decision;
  readonly actions: readonly Action[];
  /** Why this decision, the deciding reason first; also filled when nothing is done (clock, brake). */
  readonly reasons: readonly SaidReason[];
  /** What is critical and stays so, whatever these actions do: a person has to see to it. Among the reasons too. */
  readonly left?: readonly SaidReason[] | undefined;
  /** Where the leaf material of `install` actions comes from; `none` when there are no such actions. */
  readonly source: Source;
}

/** `deferred`: the clock or another run must come first; `refused`: certmend will not, for safety. */
export type Decision = 'nothing-to-do' | 'rotate' | 'repair' | 'deferred' | 'refused';

/** `previous`: an earlier generation comes back (rollback, or the clock was corrected). */
export type Source =
  | { readonly kind: 'none' }
  | { readonly kind: 'issue' }
  | { readonly kind: 'standby'; readonly generation: number }
  | { readonly kind: 'previous'; readonly generation: number };

export type Action =
  /** Put a new pair in place of this leaf entry. */
  | { readonly kind: 'install'; readonly id: string; readonly reason: ReasonCode }
  /** Keep the damaged bytes; the file itself is replaced by an `install`, `write-kubeconfig` or taken away (`remove` true). */
  | {
      readonly kind: 'quarantine';
      readonly id: string;
      readonly path: string;
      readonly remove: boolean;
      readonly reason: ReasonCode;
      /** A damaged file of the bootstrap set, which a person asked to have taken away: the product restores it. */
      readonly bootstrap?: true | undefined;
    }
  | { readonly kind: 'regenerate-listener'; readonly id: string; readonly trigger: string; readonly reason: ReasonCode }
  | { readonly kind: 'write-kubeconfig'; readonly id: string; readonly path: string; readonly reason: ReasonCode };

/** What the plan needs to know of the standby generation (made by generation/ and verify/). */
export type StandbyVerdict =
  | { readonly state: 'missing'; readonly reason: string }
  | {
      readonly state: 'invalid';
      readonly generation: number;
      readonly reason: string;
      /** It could not be read this time, which is nothing against it: no use now, and not to be replaced for it. */
      readonly unread?: true;
    }
  | { readonly state: 'stale'; readonly generation: number; readonly reason: string }
  | {
      readonly state: 'ready';
      readonly generation: number;
      /** Earliest effective end over its leaves, ms since the epoch. */
      readonly notAfter: number;
      readonly notBefore: number;
    };

/** P8. */
export interface BrakeState {
  /** Instants of attempts since the last commit that came to none, ascending as they were made, ms since the epoch. */
  readonly attempts?: readonly number[];
  /** Instants of past rotations of the whole set that no person asked for, ms since the epoch. */
  readonly commits: readonly number[];
  /** Entry id to the instants of its repairs that no person asked for. */
  readonly repairs?: ReadonlyMap<string, readonly number[]> | undefined;
  readonly maxCommitsPerDay: number;
}
