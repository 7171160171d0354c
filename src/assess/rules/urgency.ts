import type { Severity } from '../assessment.ts';
import { dayMs } from '../../time/units.ts';

/** Days before an end at which it is told anew; from the last one on each day is a step. */
const stepDays = [30, 14, 7] as const;

/** How pressing an end is. */
export interface Urgency {
  readonly severity: Severity;
  /** Days: the step that has been reached, 30, 14, 7, 6 … 1, and 0 once it is over. A smaller one than before is news. */
  readonly step: number | undefined;
}

/**
 * What is left, as steps: who was told of a hundred days has to be told again of thirty, and of the last ones daily.
 * @param left milliseconds until the end; negative when it is over
 * @param criticalDays with so many days left, or fewer, it is critical
 */
export function urgencyOf(left: number, criticalDays: number): Urgency {
  const days = left / dayMs;
  const severity = days <= criticalDays ? 'critical' : 'warning';
  if (days <= 0) return { severity, step: 0 };
  if (days <= 7) return { severity, step: Math.ceil(days) };
  return { severity, step: stepDays.findLast((step) => days <= step) };
}
