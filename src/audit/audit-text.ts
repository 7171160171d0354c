import type { AuditRecord, Priority } from './audit.ts';
import { type Ink, paint, type Paper } from '../terminal/paper.ts';

/** Numbers of sd-daemon(3), which are those of syslog(3). */
export const journalPriority: Readonly<Record<Priority, number>> = {
  critical: 2,
  error: 3,
  warning: 4,
  notice: 5,
  info: 6,
  debug: 7,
};

const ink: Readonly<Partial<Record<Priority, Ink>>> = {
  critical: 'red',
  error: 'red',
  warning: 'yellow',
  debug: 'faint',
};

/**
 * A record as one line for the journal, its priority in front, its fields behind: `<5>certmend: … (committed,
 * LeafExpired, generation 8)`. Never more than one line: journald would take the rest for another message.
 */
export function journalLine(record: AuditRecord): string {
  const { event, reason, entry, generation, hint } = record;
  const fields = [event, reason, entry, generation === undefined ? undefined : `generation ${String(generation)}`];
  const known = fields.filter((field) => field !== undefined).join(', ');
  const advice = hint === undefined ? '' : `; what to do: ${hint}`;
  return `<${String(journalPriority[record.priority])}>certmend: ${record.message}${advice} (${known})\n`;
}

/** A record for a person at a terminal, the hint on a line of its own. */
export function terminalLines({ priority, message, hint }: AuditRecord, paper: Paper): string {
  const said = paint(`certmend: ${message}`, ink[priority], paper);
  return hint === undefined ? `${said}\n` : `${said}\n  what to do: ${hint}\n`;
}
