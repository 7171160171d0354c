import type { Assessment } from '../assess/assessment.ts';
import type { Inventory } from '../inventory/inventory.ts';
import type { BrakeState, StandbyVerdict } from './plan.ts';

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
