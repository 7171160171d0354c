import { printable } from './printable.ts';
import type { StandbyReport } from './standby-report.ts';

export function standbyText(report: StandbyReport): string {
  if (report.state === 'ready') {
    const made = report.made ? 'was made and proven' : 'is ready and was proven just now';
    return `standby generation ${String(report.generation)} ${made}; good until ${report.notAfter ?? 'unknown'}\n`;
  }
  return `no standby is ready: ${printable(report.reason ?? 'unknown')}\n  what to do: certmend standby prepare\n`;
}
