import type { StandbyVerdict } from '../plan/plan.ts';
import { apiVersion, type DocumentHeader } from './document.ts';

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
    at: new Date(now).toISOString(),
    root,
    state: verdict.state,
    generation: verdict.state === 'missing' ? null : verdict.generation,
    notBefore: ready === undefined ? null : new Date(ready.notBefore).toISOString(),
    notAfter: ready === undefined ? null : new Date(ready.notAfter).toISOString(),
    reason: verdict.state === 'ready' ? null : verdict.reason,
    made,
  };
}
