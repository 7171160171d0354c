import type { ClockBelief, Finding } from '../assessment.ts';
import { instant } from '../../time/rfc3339.ts';

/** The finding about a clock that is not believed; undefined when it is. */
export function clockFinding(clock: ClockBelief, now: number): Finding | undefined {
  if (clock.believed) return undefined;
  const [sentence = 'the clock is not believed'] = clock.evidence;
  const remedy =
    'nothing is issued or replaced until the clock is synchronised or corrected; if it is right, confirm it with --believe-clock';
  return {
    code: clock.verdict === 'behind' ? 'ClockBehind' : 'ClockAheadSuspect',
    id: undefined,
    path: undefined,
    severity: 'warning',
    message: `${sentence}; ${remedy}`,
    evidence: { now: instant(now), ...(clock.bound === undefined ? {} : { bound: instant(clock.bound) }) },
    answer: 'wait',
  };
}
