import type { AuditRecord } from './audit.ts';
import { journalPriority } from './audit-text.ts';
import { messageId } from './message-id.ts';

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
  return {
    MESSAGE: record.hint === undefined ? record.message : `${record.message}; what to do: ${record.hint}`,
    PRIORITY: String(journalPriority[record.priority]),
    MESSAGE_ID: messageId(record.reason ?? record.event),
    SYSLOG_IDENTIFIER: 'certmend',
    OBJECT_SYSTEMD_UNIT: units,
    CERTMEND_EVENT: record.event,
    CERTMEND_REASON: record.reason,
    CERTMEND_ENTRY: record.entry,
    CERTMEND_PATH: record.path,
    CERTMEND_GENERATION: record.generation === undefined ? undefined : String(record.generation),
    CERTMEND_FINGERPRINT: record.fingerprintNew,
    CERTMEND_FINGERPRINT_OLD: record.fingerprintOld,
    CERTMEND_HINT: record.hint,
  };
}
