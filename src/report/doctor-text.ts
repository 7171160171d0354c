import type { HealthLevel } from '../assess/assessment.ts';
import type { DoctorReport } from './doctor-report.ts';
import { type Ink, paint, type Paper } from './paper.ts';
import { printable } from './printable.ts';

const ink: Readonly<Record<HealthLevel, Ink>> = { ok: 'green', warning: 'yellow', critical: 'red' };

export function doctorText(report: DoctorReport, paper: Paper): string {
  const widest = Math.max(...report.checks.map(({ check }) => check.length));
  const lines = report.checks.flatMap(({ check, level, message, hint }) => [
    `${paint(level.padEnd(8), ink[level], paper)}  ${check.padEnd(widest)}  ${printable(message)}`,
    ...(hint === null ? [] : [`${' '.repeat(widest + 12)}${paint(`what to do: ${printable(hint)}`, 'faint', paper)}`]),
  ]);
  return `${[...lines, ...dropInLines(report)].join('\n')}\n`;
}

/** Each file as it is to be written, ready to be copied, and what puts them in force. */
function dropInLines({ dropIns }: DoctorReport): readonly string[] {
  if (dropIns.length === 0) return [];
  const commands = [...new Set(dropIns.flatMap(({ then }) => then))];
  return [
    ...dropIns.flatMap(({ path, content, written }) => [
      '',
      `${printable(path)}${written ? ' was written:' : ':'}`,
      ...content
        .trimEnd()
        .split('\n')
        .map((line) => `    ${printable(line)}`),
    ]),
    ...(commands.length === 0 ? [] : ['', 'then:', ...commands.map((command) => `    ${printable(command)}`)]),
  ];
}
