import type { UnknownFile } from '../inventory/inventory.ts';
import { type CertificateRow, type Finding, type Health, healthOf } from './assessment.ts';
import { span } from '../time/span.ts';
import { instant } from '../time/rfc3339.ts';
import { dayMs } from '../time/units.ts';

/**
 * Judges certificate files that belong to no layout (`check --path DIR`): dates only. One row per certificate, since a
 * bundle is as good as its members; the id is the path, with `#2` and so on for the ones after the first.
 * @param now milliseconds since the epoch
 * @param warningDays a certificate with this many days left, or fewer, is a warning
 */
export function assessFiles(
  files: readonly UnknownFile[],
  now: number,
  warningDays: number,
): { readonly rows: readonly CertificateRow[]; readonly health: Health } {
  const rows: CertificateRow[] = [];
  const findings: Finding[] = [];
  for (const file of files) {
    for (const [index, certificate] of file.certificates.entries()) {
      const id = index === 0 ? file.path : `${file.path}#${index + 1}`;
      const { notBefore, notAfter } = certificate;
      const fault = judgeDates({ path: file.path, id, notBefore, notAfter, now, warningDays });
      if (fault !== undefined) findings.push(fault.finding);
      rows.push({
        id,
        path: file.path,
        role: certificate.isAuthority ? 'authority' : 'leaf',
        subject: certificate.commonName,
        issuer: certificate.issuerCommonName,
        usages: certificate.extendedKeyUsages ?? certificate.keyUsages ?? [],
        notBefore,
        notAfter,
        effectiveNotAfter: notAfter,
        status: fault?.status ?? 'OK',
        findings: fault === undefined ? [] : [fault.finding.code],
        fingerprint256: certificate.fingerprint256,
      });
    }
    const problems = file.problems ?? [];
    if (problems.length > 0) {
      const finding = unreadable(file.path, problems);
      findings.push(finding);
      if (file.certificates.length === 0) rows.push(damagedRow(file.path, finding));
    }
  }
  return { rows, health: healthOf(findings) };
}

interface Dates {
  readonly path: string;
  readonly id: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly now: number;
  readonly warningDays: number;
}

function judgeDates(
  dates: Dates,
): { readonly finding: Finding; readonly status: CertificateRow['status'] } | undefined {
  const { path, id, notBefore, notAfter, now, warningDays } = dates;
  const evidence = { notBefore: instant(notBefore), notAfter: instant(notAfter), now: instant(now) };
  const common = { id, path, evidence, answer: 'none' } as const;
  if (now > notAfter) {
    const message = `${path} expired ${span(now - notAfter)} ago, at ${instant(notAfter)}`;
    return { status: 'EXPIRED', finding: { ...common, code: 'LeafExpired', severity: 'critical', message } };
  }
  if (now < notBefore) {
    const message = `${path} is not valid before ${instant(notBefore)}, ${span(notBefore - now)} from now`;
    return { status: 'NOT YET VALID', finding: { ...common, code: 'LeafNotYetValid', severity: 'warning', message } };
  }
  if (notAfter - now > warningDays * dayMs) return undefined;
  const message = `${path} expires in ${span(notAfter - now)}, at ${instant(notAfter)}`;
  return { status: 'WARNING', finding: { ...common, code: 'LeafRenewDue', severity: 'warning', message } };
}

function unreadable(path: string, problems: readonly string[]): Finding {
  return {
    code: 'LeafUnreadable',
    id: path,
    path,
    severity: 'warning',
    message: `${path} looks like a certificate but cannot be read: ${problems.join('; ')}`,
    evidence: {},
    answer: 'none',
  };
}

function damagedRow(path: string, finding: Finding): CertificateRow {
  return {
    id: path,
    path,
    role: 'unknown',
    subject: undefined,
    issuer: undefined,
    usages: [],
    notBefore: undefined,
    notAfter: undefined,
    effectiveNotAfter: undefined,
    status: 'DAMAGED',
    findings: [finding.code],
    fingerprint256: undefined,
  };
}
