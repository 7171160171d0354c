import type { Assessment, CertificateRow, Health } from '../assess/assessment.ts';
import type { Layout } from '../layout/layout.ts';
import { rfc3339 } from '../state/rfc3339.ts';
import { apiVersion, type CheckedCertificate, type CheckReport } from './document.ts';

/** The `CheckReport` document of an assessment. */
export function checkReport(input: {
  readonly assessment: Assessment;
  readonly layout: Pick<Layout, 'name' | 'nodeName'>;
  readonly root: string;
}): CheckReport {
  const { assessment, layout, root } = input;
  return {
    apiVersion,
    kind: 'CheckReport',
    at: rfc3339(assessment.now),
    root,
    layout: layout.name,
    nodeName: layout.nodeName,
    health: assessment.health,
    certificates: assessment.rows.map((row) => checkedCertificate(row, assessment.now)),
  };
}

/**
 * The same document for a directory that belongs to no layout.
 * @param input.now milliseconds since the epoch
 */
export function directoryReport(input: {
  readonly rows: readonly CertificateRow[];
  readonly health: Health;
  readonly now: number;
  readonly root: string;
  readonly directory: string;
}): CheckReport {
  const { rows, health, now, root, directory } = input;
  return {
    apiVersion,
    kind: 'CheckReport',
    at: rfc3339(now),
    root,
    layout: directory,
    nodeName: '',
    health,
    certificates: rows.map((row) => checkedCertificate(row, now)),
  };
}

function checkedCertificate(row: CertificateRow, now: number): CheckedCertificate {
  const end = row.effectiveNotAfter ?? row.notAfter;
  return {
    id: row.id,
    path: row.path,
    role: row.role,
    subject: row.subject ?? null,
    issuer: row.issuer ?? null,
    usages: row.usages,
    notBefore: row.notBefore === undefined ? null : rfc3339(row.notBefore),
    notAfter: row.notAfter === undefined ? null : rfc3339(row.notAfter),
    effectiveNotAfter: end === undefined ? null : rfc3339(end),
    // Down, so that one that has just ended shows as past.
    residualSeconds: end === undefined ? null : Math.floor((end - now) / 1000),
    status: row.status,
    findings: row.findings,
    fingerprint256: row.fingerprint256 ?? null,
  };
}
