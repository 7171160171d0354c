import type { AuditRecord, CertificateChange } from './audit.ts';
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
