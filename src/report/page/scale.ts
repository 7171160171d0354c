import { dayMs } from '../../time/units.ts';

/** A stretch of time from the left edge of a picture to the right one, milliseconds since the epoch. */
export interface Scale {
  readonly from: number;
  readonly to: number;
  readonly ticks: readonly Tick[];
}

export interface Tick {
  readonly at: number;
  readonly label: string;
}

export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/**
 * A scale on which most of the stretches, and now, can be told apart: one that lasts ten years among others of one year does
 * not press them together, its bar leaves the picture at the edge.
 * @param now milliseconds since the epoch
 */
export function scaleFor(stretches: readonly Stretch[], now: number): Scale {
  const ends = stretches.map(({ to }) => to).toSorted((a, b) => a - b);
  const median = ends[Math.floor(ends.length / 2)] ?? now;
  const furthest = Math.max(60 * dayMs, 4 * (median - now));
  const right = Math.min(Math.max(now + 30 * dayMs, ...ends), now + furthest);
  const reach = Math.max(400 * dayMs, right - now);
  const left = Math.max(Math.min(now - 7 * dayMs, ...stretches.map(({ from }) => from)), Math.min(now, median) - reach);
  const margin = (right - left) * 0.02;
  const [from, to] = [left - margin, right + margin];
  return { from, to, ticks: ticksBetween(from, to) };
}

/** Per cent of the width, kept within the picture, to a hundredth. */
export function placeOf(at: number, { from, to }: Scale): number {
  const share = (at - from) / (to - from);
  return Math.round(Math.min(Math.max(share, 0), 1) * 10_000) / 100;
}

const steps = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 12_000];
const mostTicks = 6;

/** At the beginnings of months, so many of them apart that their labels have room on a narrow screen. */
function ticksBetween(from: number, to: number): readonly Tick[] {
  const first = new Date(from);
  const months = (to - from) / (30.44 * dayMs);
  const step = steps.find((one) => months / one <= mostTicks) ?? 24_000;
  const begin = Math.floor((first.getUTCFullYear() * 12 + first.getUTCMonth()) / step) * step;
  return Array.from({ length: mostTicks + 2 }, (_, index) => begin + index * step).flatMap((month) => {
    const year = Math.floor(month / 12);
    const at = Date.UTC(year, month % 12);
    if (!(at > from && at < to)) return [];
    const label = step % 12 === 0 ? String(year) : `${year}-${String((month % 12) + 1).padStart(2, '0')}`;
    return [{ at, label }];
  });
}
