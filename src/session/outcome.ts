import type { SaidReason } from '../reason.ts';
import type { Plan } from '../plan/plan.ts';
import type { Survey } from '../survey/survey.ts';

/** What a run of the road came to; PrestartReport is made from it. */
export interface Outcome {
  readonly decision: 'nothing-to-do' | 'rotated' | 'repaired' | 'refused' | 'deferred';
  readonly generation: number | undefined;
  /** Where installed leaf material came from; undefined when none was installed. */
  readonly origin: 'standby' | 'issued' | 'previous' | undefined;
  readonly reasons: readonly SaidReason[];
  /** Of these, what is critical still: a person has to see to it. */
  readonly left: readonly SaidReason[];
  /** Node paths that were written, created or taken away. */
  readonly changed: readonly string[];
  /** Sentences a person should read although nothing failed: a recovered transaction, a label that could not be set. */
  readonly notes: readonly string[];
  /** What the node looked like when the decision was made. */
  readonly survey: Survey;
}

/**
 * The outcome of a plan that changes nothing. One place for all who come to it, with or without the lock: the same node
 * is told the same words and the same decision at every start.
 * @param notes sentences beside the reasons
 */
export function unchanged(plan: Plan, survey: Survey, notes: readonly string[] = []): Outcome {
  const isHeldBack = plan.decision === 'refused' || plan.decision === 'deferred';
  return {
    decision: isHeldBack ? plan.decision : 'nothing-to-do',
    generation: undefined,
    origin: undefined,
    // Nothing is due, and what a person should know of the node all the same is in its health.
    reasons: isHeldBack ? plan.reasons : survey.assessment.health.reasons,
    left: [],
    changed: [],
    notes,
    survey,
  };
}
