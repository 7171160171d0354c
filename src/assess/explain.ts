import type { Item } from '../inventory/inventory.ts';
import type { Assessment, CertificateRow, Finding } from './assessment.ts';
import { authorityRules, authoritySubject } from './rules/authority.ts';
import { assessContext, type AssessContext, type AssessInput, type AssessSettings } from './context.ts';
import { keyRules, documentRules } from './rules/secret-file.ts';
import { kubeconfigRules, kubeconfigSubject } from './rules/kubeconfig.ts';
import { leafRules } from './rules/leaf/leaf.ts';
import { leafSubject } from './rules/leaf/subject.ts';
import { listenerRules, listenerSubject } from './rules/listener.ts';
import { traceOf, type RuleTrace } from './rules/rule.ts';
import { dayMs } from '../time/units.ts';

/** What `certmend why ENTRY` shows. */
export interface Explanation {
  readonly id: string;
  readonly kind: Item['kind'];
  readonly path: string;
  /** Every rule of this kind of entry, in the order asked, with the figures it looked at. */
  readonly rules: readonly RuleTrace[];
  /** What is reported of the entry: what the rules found, once the product's own habits are taken into account. */
  readonly findings: readonly Finding[];
  readonly row: CertificateRow | undefined;
  readonly nextDue: Due | undefined;
}

/**
 * The decision trace of one entry: asks the rules of the assessment again and keeps every answer.
 * @returns undefined when the layout has no entry of that id
 */
export function explain(id: string, input: AssessInput, assessment: Assessment): Explanation | undefined {
  const item = input.inventory.items.find((candidate) => candidate.entry.id === id);
  if (item === undefined) return undefined;
  const row = assessment.rows.find((candidate) => candidate.id === id);
  return {
    id,
    kind: item.kind,
    path: 'path' in item.entry ? item.entry.path : item.entry.certificatePath,
    rules: trace(item, assessContext(input)),
    findings: assessment.findings.filter((finding) => finding.id === id),
    row,
    nextDue: row === undefined ? undefined : nextDue(row, input.now, input.settings),
  };
}

function trace(item: Item, context: AssessContext): readonly RuleTrace[] {
  switch (item.kind) {
    case 'leaf':
      return traceOf(leafRules, leafSubject(item, context));
    case 'authority':
      return traceOf(authorityRules, authoritySubject(item, context));
    case 'listener':
      return traceOf(listenerRules, listenerSubject(item, context));
    case 'kubeconfig':
      return traceOf(kubeconfigRules, kubeconfigSubject(item, context));
    case 'key':
      return traceOf(keyRules, { item, context });
    case 'document':
      return traceOf(documentRules, { item, context });
  }
}

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
