import { rfc3339 } from '../time/rfc3339.ts';
import type { StandbyVerdict } from '../plan/plan.ts';
import { apiVersion, type DocumentHeader } from './document.ts';
import { printable } from '../terminal/paper.ts';

export interface StandbyReport extends DocumentHeader<'StandbyReport'> {
  readonly at: string;
  readonly root: string;
  readonly state: StandbyVerdict['state'];
  readonly generation: number | null;
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  /** Why it is not ready; null when it is. */
  readonly reason: string | null;
  /** True when this very run made it. */
  readonly made: boolean;
}

/** @param input.now milliseconds since the epoch */
export function standbyReport(input: {
  readonly root: string;
  readonly now: number;
  readonly verdict: StandbyVerdict;
  readonly made: boolean;
}): StandbyReport {
  const { root, now, verdict, made } = input;
  const ready = verdict.state === 'ready' ? verdict : undefined;
  return {
    apiVersion,
    kind: 'StandbyReport',
    at: rfc3339(now),
    root,
    state: verdict.state,
    generation: verdict.state === 'missing' ? null : verdict.generation,
    notBefore: ready === undefined ? null : rfc3339(ready.notBefore),
    notAfter: ready === undefined ? null : rfc3339(ready.notAfter),
    reason: verdict.state === 'ready' ? null : verdict.reason,
    made,
  };
}

export function standbyText(report: StandbyReport): string {
  if (report.state === 'ready') {
    const made = report.made ? 'was made and proven' : 'is ready and has just been proven';
    return `standby generation ${String(report.generation)} ${made}; good until ${report.notAfter ?? 'unknown'}\n`;
  }
  return `no standby is ready: ${printable(report.reason ?? 'unknown')}\n  what to do: certmend standby prepare\n`;
}
