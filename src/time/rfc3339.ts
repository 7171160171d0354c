import { parseDuration } from './units.ts';

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

const rfc3339Form = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/;
/** Last instant a Date can hold, ECMA-262 21.4.1.1. */
const lastInstant = 8.64e15;

/**
 * Reads a TIME of the command line: RFC 3339 (`2027-01-01T00:00:00Z`), a date alone (midnight UTC), or a distance from
 * now (`+400d`, `+36h`, `-2d`).
 * @param now milliseconds since the epoch
 * @returns milliseconds since the epoch; undefined when the text is no time
 */
export function parseInstant(text: string, now: number): number | undefined {
  const sign = text.startsWith('+') ? 1 : text.startsWith('-') ? -1 : 0;
  if (sign !== 0) {
    const distance = parseDuration(text.slice(1));
    const instant = distance === undefined ? undefined : now + sign * distance;
    return instant !== undefined && Math.abs(instant) <= lastInstant ? instant : undefined;
  }
  const match = rfc3339Form.exec(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  // Date.UTC would take 0 to 99 for 1900 to 1999, and rolls the 31st of a short month over: both must not pass.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const isReal = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60;
  // A leap second (60) is the first moment of the next minute, as everywhere in POSIX time.
  const offset = offsetMinutes(match[8] ?? 'Z');
  if (!isReal || second > 60 || offset === undefined) return undefined;
  const fraction = Math.trunc(Number(`0.${match[7] ?? '0'}`) * 1000);
  return date.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000 + fraction;
}

function offsetMinutes(zone: string): number | undefined {
  if (zone === 'Z' || zone === 'z') return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}
