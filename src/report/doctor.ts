import { rfc3339 } from '../time/rfc3339.ts';
import type { HealthLevel } from '../assess/assessment.ts';
import { apiVersion, type DocumentHeader } from './document.ts';
import { paint, type Ink, type Paper, printable } from '../terminal/paper.ts';

export interface DoctorReport extends DocumentHeader<'DoctorReport'> {
  readonly at: string;
  readonly root: string;
  readonly level: HealthLevel;
  readonly checks: readonly {
    readonly check: string;
    readonly level: HealthLevel;
    readonly message: string;
    readonly hint: string | null;
  }[];
  /** Files of systemd's that the node needs: those that `--write-drop-ins` wrote, or would write. */
  readonly dropIns: readonly {
    readonly path: string;
    readonly content: string;
    readonly written: boolean;
    /** Commands that put it in force; none under another root, where nothing runs. */
    readonly then: readonly string[];
  }[];
}

/** @param input.now milliseconds since the epoch */
export function doctorReport(input: {
  readonly root: string;
  readonly now: number;
  readonly checks: readonly {
    readonly check: string;
    readonly level: HealthLevel;
    readonly message: string;
    readonly hint: string | undefined;
  }[];
  readonly dropIns: readonly { readonly path: string; readonly content: string; readonly then: readonly string[] }[];
  readonly isWritten: boolean;
}): DoctorReport {
  const levels = new Set(input.checks.map(({ level }) => level));
  return {
    apiVersion,
    kind: 'DoctorReport',
    at: rfc3339(input.now),
    root: input.root,
    level: levels.has('critical') ? 'critical' : levels.has('warning') ? 'warning' : 'ok',
    checks: input.checks.map(({ check, level, message, hint }) => ({ check, level, message, hint: hint ?? null })),
    dropIns: input.dropIns.map(({ path, content, then }) => ({
      path,
      content,
      written: input.isWritten,
      then: input.root === '/' ? then : [],
    })),
  };
}

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
