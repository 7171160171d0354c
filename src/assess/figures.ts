/** How figures are written in messages and evidence: one way everywhere, so that they can be searched for. */

export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

/** Figures by name, as text: what a rule looked at. */
export type Figures = Readonly<Record<string, string>>;

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

/**
 * A length of time in the largest unit that still says something: `400 days`, `1 day`, `5 hours`, `3 minutes`. Rounded
 * down, since a person who reads "1 day" must have that day.
 * @param ms milliseconds; the sign is ignored
 */
export function span(ms: number): string {
  const length = Math.abs(ms);
  if (length >= dayMs) return counted(Math.floor(length / dayMs), 'day');
  if (length >= hourMs) return counted(Math.floor(length / hourMs), 'hour');
  return counted(Math.floor(length / minuteMs), 'minute');
}

function counted(count: number, unit: string): string {
  return count === 1 ? `1 ${unit}` : `${count} ${unit}s`;
}

/** A list for a sentence: `a, b and c`. */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`;
}

/** File modes as people type them: `0644`. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
