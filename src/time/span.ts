import { dayMs, hourMs, minuteMs, secondMs } from './units.ts';

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

/**
 * A length of time in the one or two units that matter: `212 d`, `1 d 5 h`, `3 h 10 min`, `12 min`, `40 s`.
 * Rounded towards zero: nothing is shown as longer than it is.
 * @param ms milliseconds; the sign is left out
 */
export function durationText(ms: number): string {
  const length = Math.abs(ms);
  if (length >= 2 * dayMs) return `${whole(length / dayMs)} d`;
  if (length >= dayMs) return two(length, dayMs, 'd', hourMs, 'h');
  if (length >= hourMs) return two(length, hourMs, 'h', minuteMs, 'min');
  return length >= minuteMs ? `${whole(length / minuteMs)} min` : `${whole(length / secondMs)} s`;
}

/** `in 212 d` or `35 d ago`. */
export function distanceText(ms: number): string {
  return ms < 0 ? `${durationText(ms)} ago` : `in ${durationText(ms)}`;
}

/** `212 d` or `-35 d`, for a column. */
export function residualText(ms: number): string {
  return ms < 0 ? `-${durationText(ms)}` : durationText(ms);
}

/** An instant of a document as it reads best: whole seconds. */
export function wholeSeconds(instant: string): string {
  return instant.replace(/\.\d+Z$/, 'Z');
}

function two(length: number, big: number, bigName: string, small: number, smallName: string): string {
  const rest = Math.trunc((length % big) / small);
  const head = `${whole(length / big)} ${bigName}`;
  return rest === 0 ? head : `${head} ${String(rest)} ${smallName}`;
}

function whole(value: number): string {
  return String(Math.trunc(value));
}
