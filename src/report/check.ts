import { firstStart, newNode } from './status-line.ts';
import type { Assessment, CertificateRow, Health, HealthLevel } from '../assess/assessment.ts';
import type { Layout } from '../layout/layout.ts';
import { rfc3339 } from '../time/rfc3339.ts';
import { apiVersion, type CheckedCertificate, type CheckReport } from './document.ts';
import { residualText, wholeSeconds } from '../time/span.ts';
import { headLine, rootFact, reasonLines } from '../terminal/report-lines.ts';
import type { Ink, Paper } from '../terminal/paper.ts';
import { renderTable, type Cell, type Column } from '../terminal/table.ts';

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
    served: row.served === undefined ? null : { ...row.served, notAfter: rfc3339(row.served.notAfter) },
  };
}

/** The columns of `rke2 certificate check`, and FINDINGS. */
const columns: readonly Column[] = [
  { title: 'ENTRY', least: 28 },
  { title: 'SUBJECT', least: 14, rank: 2 },
  { title: 'USAGES', rank: 1 },
  { title: 'EXPIRES' },
  { title: 'RESIDUAL TIME', align: 'right' },
  { title: 'STATUS' },
  { title: 'FINDINGS', least: 12 },
];

/** The human form of a `CheckReport`: one line of health, the table, then each reason once, in words. */
export function checkText(report: CheckReport, paper: Paper): string {
  const { health, certificates, layout, nodeName, at, root } = report;
  const isNew = health.level === 'ok' && certificates.length > 0 && certificateCount(certificates) === 0;
  const facts = [
    ...(isNew ? [firstStart] : counts(certificates)),
    nodeName === '' ? layout : `${layout} on ${nodeName}`,
    ...rootFact(root),
    wholeSeconds(at),
  ];
  const isNothing = certificates.length === 0 && health.level === 'ok';
  const head = isNothing
    ? headLine('nothing found', 'yellow', facts, paper)
    : headLine(isNew ? newNode : healthWord[health.level], isNew ? 'yellow' : healthInk[health.level], facts, paper);
  const table = renderTable(columns, certificates.map(rowOf), paper);
  const reasons = health.reasons.length === 0 ? '' : `\n${reasonLines(health.reasons, paper)}`;
  return `${head}\n${table}${reasons}`;
}

/** Certificates as the status line counts them, then the rows: keys, documents and kubeconfigs have one too. */
function counts(rows: CheckReport['certificates']): readonly string[] {
  const certificates = certificateCount(rows);
  return [
    `${String(certificates)} ${certificates === 1 ? 'certificate' : 'certificates'}`,
    `${String(rows.length)} ${rows.length === 1 ? 'entry' : 'entries'}`,
  ];
}

function certificateCount(rows: CheckReport['certificates']): number {
  return rows.filter(({ role, fingerprint256 }) => counted.has(role) && fingerprint256 !== null).length;
}

const counted: ReadonlySet<string> = new Set(['leaf', 'listener', 'authority']);

const healthWord: Readonly<Record<HealthLevel, string>> = {
  ok: 'healthy',
  warning: 'WARNING',
  critical: 'CRITICAL',
};

export const healthInk: Readonly<Record<HealthLevel, Ink>> = { ok: 'green', warning: 'yellow', critical: 'red' };

const statusInk: Readonly<Record<string, Ink>> = {
  OK: 'green',
  WARNING: 'yellow',
  EXPIRED: 'red',
  'NOT YET VALID': 'yellow',
  DAMAGED: 'red',
  MISSING: 'red',
};

function rowOf(certificate: CheckedCertificate): readonly Cell[] {
  const { id, subject, usages, effectiveNotAfter, residualSeconds, status, findings } = certificate;
  return [
    { text: id },
    { text: subject ?? '' },
    { text: usages.join(',') },
    { text: effectiveNotAfter?.slice(0, 10) ?? '' },
    { text: residualSeconds === null ? '' : residualText(residualSeconds * 1000) },
    { text: status, ink: statusInk[status] },
    { text: findings.join(' '), ink: 'faint' },
  ];
}
