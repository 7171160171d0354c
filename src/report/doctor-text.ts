import type { HealthLevel } from '../assess/assessment.ts';
import type { DoctorReport } from './doctor-report.ts';
import { type Ink, paint, type Paper } from './paper.ts';

const ink: Readonly<Record<HealthLevel, Ink>> = { ok: 'green', warning: 'yellow', critical: 'red' };

export function doctorText(report: DoctorReport, paper: Paper): string {
  const widest = Math.max(...report.checks.map(({ check }) => check.length));
  const lines = report.checks.flatMap(({ check, level, message, hint }) => [
    `${paint(level.padEnd(8), ink[level], paper)}  ${check.padEnd(widest)}  ${message}`,
    ...(hint === null ? [] : [`${' '.repeat(widest + 12)}${paint(`what to do: ${hint}`, 'faint', paper)}`]),
  ]);
  return `${lines.join('\n')}\n`;
}
