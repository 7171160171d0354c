import type { Finding } from '../assess/assessment.ts';
import type { PlanReason } from './plan.ts';

/** Findings as reasons, critical ones first, each code and entry once. */
export function reasonsOf(findings: readonly Finding[]): readonly PlanReason[] {
  const sorted = [
    ...findings.filter((finding) => finding.severity === 'critical'),
    ...findings.filter((finding) => finding.severity !== 'critical'),
  ];
  return unique(sorted.map(({ code, id, message }) => ({ code, id, message })));
}

/** The authorities that stand in the way, each with the one finding that says what to do about it. */
export function blockersOf(blocked: readonly Finding[], all: readonly Finding[]): readonly PlanReason[] {
  return unique(
    blocked.flatMap((finding): PlanReason[] => {
      if (finding.blocked === undefined) return [];
      const { authority, by } = finding.blocked;
      const cause = all.find((candidate) => candidate.id === authority && candidate.code === by);
      return [{ code: by, id: authority, message: cause?.message ?? finding.message }];
    }),
  );
}

/** Everything critical that only a person can mend. An authority that is near its end stops nothing today. */
export function leftForOperator(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(
    (finding) =>
      finding.answer === 'operator' && finding.severity === 'critical' && finding.code !== 'AuthorityExpiring',
  );
}

export function unique(reasons: readonly PlanReason[]): readonly PlanReason[] {
  const seen = new Set<string>();
  return reasons.filter(({ code, id }) => {
    const key = `${code} ${id ?? ''}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
