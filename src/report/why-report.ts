import { isEndOfLeaf } from '../assess/restart.ts';
import type { Assessment } from '../assess/assessment.ts';
import type { Explanation } from '../assess/explain.ts';
import type { Entry } from '../layout/entry.ts';
import type { Plan } from '../plan/plan.ts';
import { rfc3339 } from '../state/rfc3339.ts';
import { apiVersion, type DocumentHeader } from './document.ts';

/** The decision about one entry: what was asked, with which figures, what came out, and what would be done. */
export interface WhyReport extends DocumentHeader<'Explanation'> {
  readonly at: string;
  readonly root: string;
  readonly id: string;
  readonly entryKind: string;
  readonly path: string;
  readonly consumer: string | null;
  /** What certmend may do with the file, by the layout. */
  readonly writing: 'protected' | 'reissued-by-the-product' | 'issued-by-certmend' | 'never-written';
  readonly status: string | null;
  readonly subject: string | null;
  readonly issuer: string | null;
  readonly notBefore: string | null;
  readonly notAfter: string | null;
  readonly rules: readonly {
    readonly rule: string;
    readonly asks: string;
    readonly outcome: string;
    readonly code: string | null;
    readonly inputs: Readonly<Record<string, string>>;
  }[];
  readonly findings: readonly {
    readonly code: string;
    readonly severity: string;
    readonly message: string;
    readonly answer: string;
  }[];
  /** What the plan of this moment would do with it. */
  readonly actions: readonly { readonly kind: string; readonly reason: string }[];
  readonly clock: { readonly believed: boolean; readonly evidence: readonly string[] };
  readonly next: { readonly at: string; readonly what: string } | null;
  /** What is done is done at a start of this unit … */
  readonly unit: string;
  /** … and it runs, and has to be restarted before this instant, when this very entry ends; null when it has not. */
  readonly restartBefore: string | null;
}

export function whyReport(input: {
  readonly root: string;
  readonly explanation: Explanation;
  readonly entry: Entry | undefined;
  readonly plan: Plan;
  readonly assessment: Assessment;
  readonly unit: string;
}): WhyReport {
  const { root, explanation, entry, plan, assessment, unit } = input;
  const { id, kind, path, rules, findings, row, nextDue } = explanation;
  return {
    apiVersion,
    kind: 'Explanation',
    at: rfc3339(assessment.now),
    root,
    id,
    entryKind: kind,
    path,
    consumer: entry?.consumer ?? null,
    writing: writingOf(entry),
    status: row?.status ?? null,
    subject: row?.subject ?? null,
    issuer: row?.issuer ?? null,
    notBefore: row?.notBefore === undefined ? null : rfc3339(row.notBefore),
    notAfter: row?.notAfter === undefined ? null : rfc3339(row.notAfter),
    rules: rules.map(({ rule, asks, outcome, code, inputs }) => ({ rule, asks, outcome, code: code ?? null, inputs })),
    findings: findings.map(({ code, severity, message, answer }) => ({ code, severity, message, answer })),
    actions: plan.actions
      .filter((action) => action.id === id)
      .map(({ kind: action, reason }) => ({ kind: action, reason })),
    clock: { believed: assessment.clock.believed, evidence: assessment.clock.evidence },
    next: nextDue === undefined ? null : { at: rfc3339(nextDue.at), what: nextDue.what },
    unit,
    restartBefore: restartBefore(explanation, assessment),
  };
}

/** This entry's own end: another one's may come before. */
function restartBefore({ row, findings }: Explanation, { restart }: Assessment): string | null {
  const isDue = findings.some(({ code }) => isEndOfLeaf(code));
  const end = row?.effectiveNotAfter;
  return restart === undefined || !isDue || end === undefined || end < restart.before ? null : rfc3339(end);
}

function writingOf(entry: Entry | undefined): WhyReport['writing'] {
  if (entry === undefined || entry.protected) {
    return entry === undefined ? 'never-written' : 'protected';
  }
  if (entry.reissuedAtStart) {
    return 'reissued-by-the-product';
  }
  return entry.kind === 'leaf' || (entry.kind === 'kubeconfig' && entry.writable)
    ? 'issued-by-certmend'
    : 'never-written';
}
