import type { HealthLevel } from '../assess/assessment.ts';
import { apiVersion, type DocumentHeader } from './document.ts';

export interface DoctorReport extends DocumentHeader<'DoctorReport'> {
  readonly at: string;
  readonly root: string;
  readonly level: HealthLevel;
  readonly checks: readonly {
    readonly check: string;
    readonly level: HealthLevel;
    readonly message: string;
    readonly hint: string | null;
  }[];
}

/** @param input.now milliseconds since the epoch */
export function doctorReport(input: {
  readonly root: string;
  readonly now: number;
  readonly checks: readonly {
    readonly check: string;
    readonly level: HealthLevel;
    readonly message: string;
    readonly hint: string | undefined;
  }[];
}): DoctorReport {
  const levels = new Set(input.checks.map(({ level }) => level));
  return {
    apiVersion,
    kind: 'DoctorReport',
    at: new Date(input.now).toISOString(),
    root: input.root,
    level: levels.has('critical') ? 'critical' : levels.has('warning') ? 'warning' : 'ok',
    checks: input.checks.map((check) => ({ ...check, hint: check.hint ?? null })),
  };
}
