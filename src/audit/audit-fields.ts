import { bounded } from '../state/state.ts';
import type { AuditRecord } from './audit.ts';
import { printable } from '../terminal/paper.ts';

/**
 * A record as it is logged: fields by name, nothing that was not asked for, no private key, one line each. Fields that
 * do not apply are left out.
 */
export function auditFields(record: AuditRecord): AuditRecord {
  const text = (value: string) => printable(withholdKeys(value));
  const optional = <Name extends string>(name: Name, value: string | undefined) =>
    (value === undefined ? {} : { [name]: text(value) }) as Partial<Record<Name, string>>;
  return {
    event: record.event,
    priority: record.priority,
    message: bounded(text(record.message)),
    ...(record.reason === undefined ? {} : { reason: record.reason }),
    ...optional('entry', record.entry),
    ...optional('path', record.path),
    ...(record.generation === undefined ? {} : { generation: record.generation }),
    ...optional('fingerprintOld', record.fingerprintOld),
    ...optional('fingerprintNew', record.fingerprintNew),
    ...(record.changes === undefined
      ? {}
      : {
          changes: record.changes.map(({ entry, path, fingerprintOld, fingerprintNew }) => ({
            entry: text(entry),
            path: text(path),
            ...optional('fingerprintOld', fingerprintOld),
            ...optional('fingerprintNew', fingerprintNew),
          })),
        }),
    ...optional('hint', record.hint),
  };
}

const pemKey = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:[^-]|-(?!----END))*(?:-----END [A-Z0-9 ]*PRIVATE KEY-----)?/g;

/**
 * The text without private keys (P9). Nothing should ever put one into a message; this is the last door before the
 * log, and an error text of somebody else's library may carry what it was given.
 */
export function withholdKeys(text: string): string {
  return text.includes('PRIVATE KEY') ? text.replace(pemKey, '[private key withheld]') : text;
}
