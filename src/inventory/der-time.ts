import { tag, type Element } from './der.ts';

/**
 * Instant of a UTCTime or GeneralizedTime in milliseconds since the epoch, in the only forms RFC 5280 4.1.2.5 allows:
 * `YYMMDDHHMMSSZ`, where 50 to 99 are of the twentieth century, and `YYYYMMDDHHMMSSZ`. Undefined for anything else.
 */
export function instantOf(bytes: Buffer, element: Element): number | undefined {
  const text = bytes.toString('latin1', element.content, element.end);
  if (element.tag === tag.generalizedTime) return /^\d{14}Z$/.test(text) ? instant(text) : undefined;
  if (element.tag !== tag.utcTime || !/^\d{12}Z$/.test(text)) return undefined;
  return instant((text < '50' ? '20' : '19') + text);
}

/** @param digits `YYYYMMDDHHMMSSZ` */
function instant(digits: string): number | undefined {
  const field = (from: number, to: number): number => Number(digits.slice(from, to));
  const [year, month, day] = [field(0, 4), field(4, 6), field(6, 8)];
  const [hour, minute, second] = [field(8, 10), field(10, 12), field(12, 14)];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  // Not Date.UTC: it moves the years 0 to 99 to the twentieth century.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.setUTCHours(hour, minute, second);
}
