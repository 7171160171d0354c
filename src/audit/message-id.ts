import { createHash } from 'node:crypto';

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
