import type { HealthLevel } from '../assess/assessment.ts';
import type { CheckedCertificate, CheckReport } from './document.ts';
import { residualText, wholeSeconds } from './duration.ts';
import { headLine, rootFact } from './head-line.ts';
import type { Ink, Paper } from './paper.ts';
import { reasonLines } from './reason-lines.ts';
import { type Cell, type Column, renderTable } from './table.ts';

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
  const facts = [
    ...counts(certificates),
    nodeName === '' ? layout : `${layout} on ${nodeName}`,
    ...rootFact(root),
    wholeSeconds(at),
  ];
  const isNothing = certificates.length === 0 && health.level === 'ok';
  const head = isNothing
    ? headLine('nothing found', 'yellow', facts, paper)
    : headLine(healthWord[health.level], healthInk[health.level], facts, paper);
  const table = renderTable(columns, certificates.map(rowOf), paper);
  const reasons = health.reasons.length === 0 ? '' : `\n${reasonLines(health.reasons, paper)}`;
  return `${head}\n${table}${reasons}`;
}

/** Certificates as the status line counts them, then the rows: keys, documents and kubeconfigs have one too. */
function counts(rows: CheckReport['certificates']): readonly string[] {
  const certificates = rows.filter(({ role, fingerprint256 }) => counted.has(role) && fingerprint256 !== null).length;
  return [
    `${String(certificates)} ${certificates === 1 ? 'certificate' : 'certificates'}`,
    `${String(rows.length)} ${rows.length === 1 ? 'entry' : 'entries'}`,
  ];
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
