import { dayMs } from '../assess/figures.ts';

/** A set that becomes due on the next day is not worth a commit. */
const marginDays = 1;

/**
 * Would a set of leaves, once live, be left alone by certmend and by the product? It must be valid already and outlast
 * the renewal window (architecture, Answers).
 * @param set milliseconds since the epoch: latest notBefore and earliest effective notAfter of its leaves
 */
export function isGoodForLonger(
  set: { readonly notBefore: number; readonly notAfter: number },
  now: number,
  renewBeforeDays: number,
): boolean {
  return set.notBefore <= now && set.notAfter > now + (renewBeforeDays + marginDays) * dayMs;
}
