import type { Finding } from '../assess/assessment.ts';
import type { StandbyVerdict } from './plan.ts';

/**
 * What `check` and `status` say of the standby. A missing or stale one is a note: the node is well without it, since
 * the boot path issues afresh. An invalid one is a warning: it was made here and is not what it was.
 */
export function standbyFindings(verdict: StandbyVerdict): readonly Finding[] {
  switch (verdict.state) {
    case 'ready':
      return [];
    case 'missing':
      return [standbyFinding('StandbyMissing', 'note', verdict.reason, undefined)];
    case 'stale':
      return [standbyFinding('StandbyStale', 'note', verdict.reason, verdict.generation)];
    case 'invalid':
      return [standbyFinding('StandbyInvalid', 'warning', verdict.reason, verdict.generation)];
  }
}

function standbyFinding(
  code: 'StandbyMissing' | 'StandbyStale' | 'StandbyInvalid',
  severity: Finding['severity'],
  message: string,
  generation: number | undefined,
): Finding {
  return {
    code,
    id: undefined,
    path: undefined,
    severity,
    message: `${message}; make one with: certmend standby prepare`,
    evidence: generation === undefined ? {} : { generation: String(generation) },
    answer: 'none',
  };
}
