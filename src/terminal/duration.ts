const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

/**
 * A length of time in the one or two units that matter: `212 d`, `1 d 5 h`, `3 h 10 min`, `12 min`, `40 s`.
 * Rounded towards zero: nothing is shown as longer than it is.
 * @param ms milliseconds; the sign is left out
 */
export function durationText(ms: number): string {
  const length = Math.abs(ms);
  if (length >= 2 * day) return `${whole(length / day)} d`;
  if (length >= day) return two(length, day, 'd', hour, 'h');
  if (length >= hour) return two(length, hour, 'h', minute, 'min');
  return length >= minute ? `${whole(length / minute)} min` : `${whole(length / second)} s`;
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
