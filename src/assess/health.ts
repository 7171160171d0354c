import type { ReasonCode } from '../reason.ts';
import type { Finding, Health, Severity } from './assessment.ts';

const severityRank: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, note: 2 };

/** What makes the others follow comes first: a wrong clock, then an authority, then the rest. */
function causeRank(code: ReasonCode): number {
  if (code.startsWith('Clock')) return 0;
  if (
    code.startsWith('Authority') ||
    code === 'ProtectedFileDamaged' ||
    code === 'CertificatesLost' ||
    code === 'ConfigurationUnreadable'
  )
    return 1;
  // An order with a date, before each of the certificates that it is about.
  return code === 'RestartDue' ? 2 : 3;
}

/** The health that follows from findings: the worst severity, and every finding that is more than a note, worst first. */
export function healthOf(findings: readonly Finding[]): Health {
  const reasons = findings
    .filter((finding) => finding.severity !== 'note')
    .toSorted(
      (left, right) =>
        severityRank[left.severity] - severityRank[right.severity] || causeRank(left.code) - causeRank(right.code),
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
