import type { Finding } from '../assess/assessment.ts';
import { reasons as reasonTable, type ReasonCode, type SaidReason } from '../reason.ts';

/** Findings as reasons, critical ones first, each code and entry once. */
export function reasonsOf(findings: readonly Finding[]): readonly SaidReason[] {
  const sorted = [
    ...findings.filter((finding) => finding.severity === 'critical'),
    ...findings.filter((finding) => finding.severity !== 'critical'),
  ];
  return unique(sorted.map(({ code, id, message }) => ({ code, id, message })));
}

/** The authorities that stand in the way, each with the one finding that says what to do about it. */
export function blockersOf(blocked: readonly Finding[], all: readonly Finding[]): readonly SaidReason[] {
  return unique(
    blocked.flatMap((finding): SaidReason[] => {
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
    (finding) => finding.answer === 'operator' && finding.severity === 'critical' && !isAuthorityEnding(finding.code),
  );
}

function isAuthorityEnding(code: ReasonCode): boolean {
  const { about, nature } = reasonTable[code];
  return about === 'authority' && nature === 'ending';
}

/** What stands in the way of a good set on the day it is needed, though nothing is to be done today. */
function isLimit(code: ReasonCode): boolean {
  return reasonTable[code].nature === 'limit' || isAuthorityEnding(code);
}

/** The reasons of a plan, and behind them what a person should know of the sets that come after it. */
export function withLimits(reasons: readonly SaidReason[], findings: readonly Finding[]): readonly SaidReason[] {
  return unique([
    ...reasons,
    ...reasonsOf(findings.filter(({ code, severity }) => isLimit(code) && severity !== 'note')),
  ]);
}

/** Two names that cannot be used are two reasons. */
export function unique(reasons: readonly SaidReason[]): readonly SaidReason[] {
  const seen = new Set<string>();
  return reasons.filter(({ code, id, message }) => {
    const key = `${code} ${id ?? ''}${code === 'SanUnusable' ? message : ''}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
