import { dayMs, minuteMs } from './units.ts';

/** A time of each week when what runs may be touched. */
export interface MaintenanceWindow {
  /** As it was written. */
  readonly text: string;
  /** 0 is Monday, as in systemd's calendar; each day on which the window begins. */
  readonly weekdays: ReadonlySet<number>;
  /** Minute of the day. */
  readonly from: number;
  /** Minute, counted from the beginning of the same day: more than 1440 is on the next one. */
  readonly to: number;
  /** A name of the IANA time zone database; undefined is the machine's own zone. */
  readonly zone: string | undefined;
}

const dayMinutes = 24 * 60;
const names = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
const shape = /^(?:(?<days>[a-z.,]+) +)?(?<from>\d{2}:\d{2})-(?<to>\d{2}:\d{2})(?: +(?<zone>[a-z][a-z0-9_+/-]*))?$/i;

/**
 * Reads `Sat..Sun 02:00-06:00`, `Mon,Wed 22:00-04:00 Europe/Berlin`, `02:00-03:00 UTC`: weekdays and time zone in the words
 * of systemd.time(7), both may be left out. An end that is not after the beginning is on the next day.
 *
 * @returns undefined when the text is no window, or names a zone that this machine does not know
 */
export function parseWindow(text: string): MaintenanceWindow | undefined {
  const { days, from, to, zone } = shape.exec(text.trim())?.groups ?? {};
  const weekdays = parseWeekdays(days);
  const [begin, end] = [minuteOf(from), minuteOf(to)];
  if (weekdays === undefined || begin === undefined || begin === dayMinutes || end === undefined || begin === end)
    return undefined;
  if (zone !== undefined && !isZone(zone)) return undefined;
  return { text: text.trim(), weekdays, from: begin, to: end > begin ? end : end + dayMinutes, zone };
}

/** @param at milliseconds since the epoch */
export function isOpen({ weekdays, from, to, zone }: MaintenanceWindow, at: number): boolean {
  const { weekday, minute } = wallClock(at, zone);
  const isToday = weekdays.has(weekday) && minute >= from && minute < to;
  return isToday || (weekdays.has((weekday + 6) % 7) && minute + dayMinutes < to);
}

/**
 * When the next of these windows opens, which is `at` itself while one is open.
 * @param at milliseconds since the epoch
 * @returns milliseconds since the epoch; undefined when there is no window
 */
export function nextOpening(windows: readonly MaintenanceWindow[], at: number): number | undefined {
  if (windows.some((window) => isOpen(window, at))) return at;
  const openings = windows.flatMap((window) => openingAfter(window, at));
  return openings.toSorted((left, right) => left - right)[0];
}

/** A week holds each weekday, the next one what a change of the clocks leaves out, and a day more what it moves. */
const mostDays = 15;

/** No clock is set forward by more. */
const mostSkipped = 120;

function openingAfter(window: MaintenanceWindow, at: number): readonly number[] {
  const begun = at - (at % minuteMs);
  const { minute } = wallClock(begun, window.zone);
  for (let days = 0; days <= mostDays; days += 1) {
    const near = begun + (window.from - minute) * minuteMs + days * dayMs;
    // Where the clocks are changed in between, it is an hour off.
    const ahead = wallClock(near, window.zone).minute - window.from;
    // By less than half a day either way, across midnight too.
    const shift = ((ahead + 1.5 * dayMinutes) % dayMinutes) - dayMinutes / 2;
    const opening = near - shift * minuteMs;
    const first = firstOpen(window, opening);
    if (first !== undefined && first > at) return [first];
  }
  return [];
}

/** Where the clocks skip the minute at which it begins, it begins with the first minute after it that there is. */
function firstOpen(window: MaintenanceWindow, opening: number): number | undefined {
  if (isOpen(window, opening)) return opening;
  if (wallClock(opening, window.zone).minute === window.from) return undefined;
  for (let skipped = 1; skipped <= mostSkipped; skipped += 1) {
    const at = opening + skipped * minuteMs;
    if (isOpen(window, at)) return at;
  }
  return undefined;
}

function wallClock(at: number, zone: string | undefined): { readonly weekday: number; readonly minute: number } {
  const parts = formatFor(zone).formatToParts(at);
  const of = (type: string): string => parts.find((part) => part.type === type)?.value ?? '';
  const weekday = names.findIndex((name) => name.startsWith(of('weekday').toLowerCase()));
  return { weekday, minute: Number(of('hour')) * 60 + Number(of('minute')) };
}

function formatFor(zone: string | undefined): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-US', {
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone: zone,
  });
}

function isZone(zone: string): boolean {
  try {
    formatFor(zone);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function parseWeekdays(text: string | undefined): ReadonlySet<number> | undefined {
  if (text === undefined) return new Set(names.keys());
  const found = new Set<number>();
  for (const part of text.split(',')) {
    const range = part.split('..').map(weekdayOf);
    const [first, last] = [range[0], range.at(-1)];
    if (first === undefined || last === undefined || range.length > 2) return undefined;
    for (let day = first; ; day = (day + 1) % names.length) {
      found.add(day);
      if (day === last) break;
    }
  }
  return found;
}

/** The whole name or its first three letters, as systemd has them. */
function weekdayOf(word: string): number | undefined {
  const lower = word.toLowerCase();
  const at = names.findIndex((name) => name === lower || name.slice(0, 3) === lower);
  return at < 0 ? undefined : at;
}

function minuteOf(text: string | undefined): number | undefined {
  const [hours = Number.NaN, minutes = Number.NaN] = (text ?? '').split(':').map(Number);
  const minute = hours * 60 + minutes;
  return minutes < 60 && minute <= dayMinutes ? minute : undefined;
}
