import type { PlanReason } from '../plan/plan.ts';
import type { Survey } from './survey.ts';

/** What a run of the road came to; PrestartReport is made from it. */
export interface Outcome {
  readonly decision: 'nothing-to-do' | 'rotated' | 'repaired' | 'refused' | 'deferred';
  readonly generation: number | undefined;
  /** Where installed leaf material came from; undefined when none was installed. */
  readonly origin: 'standby' | 'issued' | 'previous' | undefined;
  readonly reasons: readonly PlanReason[];
  /** Node paths that were written, created or taken away. */
  readonly changed: readonly string[];
  /** Sentences a person should read although nothing failed: a recovered transaction, a label that could not be set. */
  readonly notes: readonly string[];
  /** What the node looked like when the decision was made. */
  readonly survey: Survey;
}
