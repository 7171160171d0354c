import { createHash } from 'node:crypto';
import type { AuditRecord, Priority, CertificateChange } from './audit.ts';
import { type Ink, paint, type Paper } from '../terminal/paper.ts';

/* An audit record in the forms in which it is told: a line of the journal, lines at a terminal, an entry with its fields. */

/** Numbers of sd-daemon(3), which are those of syslog(3). */
const journalPriority: Readonly<Record<Priority, number>> = {
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

/** The unit that certmend's own daemon is. */
const ownUnit = 'certmend.service';

/**
 * An audit record as fields of the journal; docs/audit.md lists them.
 *
 * The journal tells a record's unit from the process that sent it, and the sender is a child that has ended before the
 * journal looks. OBJECT_SYSTEMD_UNIT, sent by root, is what `journalctl -u` matches as well (journalctl(1)).
 *
 * @param unit the unit that the boot hook runs for
 */
export function journalFields(
  record: AuditRecord,
  unit: string | undefined,
): Readonly<Record<string, string | readonly string[] | undefined>> {
  const units = unit === undefined ? [ownUnit] : [ownUnit, unit.includes('.') ? unit : `${unit}.service`];
  /** A field that is there more than once: each of its values is found by itself (journalctl CERTMEND_ENTRY=server-ca). */
  const several = (value: (change: CertificateChange) => string | undefined): readonly string[] | undefined => {
    const values = record.changes?.flatMap((change) => value(change) ?? []);
    return values === undefined || values.length === 0 ? undefined : values;
  };
  return {
    MESSAGE: record.hint === undefined ? record.message : `${record.message}; what to do: ${record.hint}`,
    PRIORITY: String(journalPriority[record.priority]),
    MESSAGE_ID: messageId(explanationOf(record)),
    SYSLOG_IDENTIFIER: 'certmend',
    OBJECT_SYSTEMD_UNIT: units,
    CERTMEND_EVENT: record.event,
    CERTMEND_REASON: record.reason,
    CERTMEND_ENTRY: record.entry ?? several(({ entry }) => entry),
    CERTMEND_PATH: record.path ?? several(({ path }) => path),
    CERTMEND_GENERATION: record.generation === undefined ? undefined : String(record.generation),
    CERTMEND_FINGERPRINT: record.fingerprintNew ?? several(({ fingerprintNew }) => fingerprintNew),
    CERTMEND_FINGERPRINT_OLD: record.fingerprintOld ?? several(({ fingerprintOld }) => fingerprintOld),
    CERTMEND_HINT: record.hint,
  };
}

/**
 * What `journalctl -x` puts under a record. Of what is wrong it is the paragraph of the reason, which says what to do; of
 * what certmend did it is that of the event: under "the standby is ready" nobody wants to read why there was none.
 */
function explanationOf({ reason, event, priority }: AuditRecord): string {
  return journalPriority[priority] <= journalPriority.warning ? (reason ?? event) : event;
}

/**
 * The MESSAGE_ID of an audit record, by which `journalctl -x` finds what the catalog says about it: that of its reason
 * when it has one, else that of its event. A name keeps its id for ever; docs/audit.md lists them all.
 * @param name reason code or audit event
 * @returns 32 lower-case hexadecimal digits: a UUID of version 8 (RFC 9562), made from the name
 */
export function messageId(name: string): string {
  const digits = createHash('sha256').update(`certmend audit message: ${name}`).digest('hex');
  return `${digits.slice(0, 12)}8${digits.slice(13, 16)}8${digits.slice(17, 32)}`;
}
