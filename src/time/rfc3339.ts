const earliest = Date.parse('0000-01-01T00:00:00Z');
const latest = Date.parse('9999-12-31T23:59:59Z');

/**
 * RFC 3339 text in UTC, without a fraction when it is whole seconds. Instants outside the four-digit years that
 * RFC 3339 can say are moved to its nearest end: certificates with such times exist, and a report must still print.
 * @param instant milliseconds since the epoch
 */
export function rfc3339(instant: number): string {
  const inRange = Number.isFinite(instant) ? Math.min(Math.max(instant, earliest), latest) : latest;
  return new Date(inRange).toISOString().replace('.000Z', 'Z');
}

/** Milliseconds since the epoch of a text that {@link rfc3339} wrote; undefined for null and for anything else. */
export function instantOf(text: string | null): number | undefined {
  if (text === null) return undefined;
  const instant = Date.parse(text);
  return Number.isNaN(instant) ? undefined : instant;
}

/**
 * RFC 3339 in UTC, whole seconds.
 * @param ms milliseconds since the epoch; `unknown` when it is no instant
 */
export function instant(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'unknown' : date.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/**
 * The same for a line that people read: `2026-12-15 23:23 UTC`. Down to the minute, since a term that is a little too
 * early does no harm.
 */
export function minute(ms: number): string {
  return instant(ms)
    .replace('T', ' ')
    .replace(/:\d{2}Z$/, ' UTC');
}
