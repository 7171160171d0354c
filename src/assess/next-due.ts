import type { CertificateRow } from './assessment.ts';
import type { AssessSettings } from './context.ts';
import { dayMs } from './figures.ts';

/** The next date on which something changes for a certificate. */
export interface Due {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly what: DueKind;
}

/** `valid`: it begins; `renewal`: it enters the window; `warning`, `critical`: an authority's; `end`: it expires. */
export type DueKind = 'valid' | 'renewal' | 'warning' | 'critical' | 'end';

/** The first such date after `now` (ms); undefined when there is none (expired, no certificate). */
export function nextDue(row: CertificateRow, now: number, settings: AssessSettings): Due | undefined {
  const end = row.effectiveNotAfter;
  if (end === undefined || row.notBefore === undefined) return undefined;
  const dates: Due[] = [{ at: row.notBefore, what: 'valid' }];
  if (row.role === 'authority') {
    dates.push({ at: end - settings.authorityWarningDays * dayMs, what: 'warning' });
    dates.push({ at: end - settings.authorityCriticalDays * dayMs, what: 'critical' });
  } else if (row.role !== 'unknown') {
    dates.push({ at: end - settings.renewBeforeDays * dayMs, what: 'renewal' });
  }
  dates.push({ at: end, what: 'end' });
  return dates.filter((date) => date.at > now).toSorted((left, right) => left.at - right.at)[0];
}

/** The earliest date over all rows, with its entry: what a status line shows. */
export function earliestDue(
  rows: readonly CertificateRow[],
  now: number,
  settings: AssessSettings,
): (Due & { readonly id: string }) | undefined {
  let earliest: (Due & { readonly id: string }) | undefined;
  for (const row of rows) {
    const due = nextDue(row, now, settings);
    if (due !== undefined && (earliest === undefined || due.at < earliest.at)) earliest = { ...due, id: row.id };
  }
  return earliest;
}
