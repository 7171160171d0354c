import { reasons as reasonTable } from '../reason.ts';
import type { Finding, Health, Severity } from './assessment.ts';

const severityRank: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, note: 2 };

/** The health that follows from findings: the worst severity, and every finding that is more than a note, worst first. */
export function healthOf(findings: readonly Finding[]): Health {
  const reasons = findings
    .filter((finding) => finding.severity !== 'note')
    .toSorted(
      (left, right) =>
        severityRank[left.severity] - severityRank[right.severity] ||
        reasonTable[left.code].cause - reasonTable[right.code].cause,
    );
  const worst = reasons[0]?.severity;
  return {
    level: worst === undefined || worst === 'note' ? 'ok' : worst,
    reasons: reasons.map(({ code, id, message, severity, step }) => ({
      code,
      id,
      message,
      severity,
      ...(step === undefined ? {} : { step }),
    })),
  };
}
