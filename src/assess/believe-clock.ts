import type { ClockBelief, Synchronisation } from './assessment.ts';
import { span } from '../time/span.ts';
import { instant } from '../time/rfc3339.ts';
import { dayMs, minuteMs } from '../time/units.ts';

/** What is known about time. All instants in milliseconds since the epoch. */
export interface ClockInput {
  readonly now: number;
  /** When this certmend was built: no honest clock is before it. */
  readonly buildDate: number;
  /** The latest instant that an earlier run believed; undefined on a first run. */
  readonly highWater: number | undefined;
  /** Authorities on disk. `notAfter` is that of the certificate that signs. */
  readonly authorities: readonly ClockAuthority[];
  readonly synchronisation: Synchronisation;
  /** A longer time without power than this is not believed without a second witness. */
  readonly maxOfflineGapDays: number;
  /** A person said that the clock is right (`--believe-clock`). */
  readonly operatorBelieves?: boolean | undefined;
}

export interface ClockAuthority {
  readonly id: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * How far the clock may lie behind the high-water mark. Time services step a clock that runs fast back by seconds to
 * minutes after boot, and without room for that each such step would stop certmend until real time caught up. Five
 * minutes stay far inside the hour by which new leaves are backdated, so no leaf issued at the mark is in the future.
 */
export const highWaterToleranceMs = 5 * minuteMs;

/**
 * Is the wall clock believed (P5, architecture, Clock)? Bounds are tried in the order below and the first that fails decides.
 *
 * 1. Build date: waived by nothing, since certmend cannot run before it was made.
 * 2. Latest notBefore of the authorities: waived only by a person. A synchronised clock does not waive it, because then
 *    an authority that starts in the future is what is wrong, and nothing can be issued from it anyway.
 * 3. High-water mark, less {@link highWaterToleranceMs}: waived by a synchronised clock, which is how a mark that was
 *    set by a clock that ran ahead is left behind.
 * 4. Longest offline gap since the newest instant known: waived by a synchronised clock. On a first run the newest
 *    instant known is the build date or the latest authority; later it is the mark, or a newer build.
 * 5. End of an authority: waived by a synchronised clock, and also when the mark or the build date already lies beyond
 *    that end: then the authority has expired for certain and the clock is not what is wrong.
 */
export function believeClock(input: ClockInput): ClockBelief {
  const { now, buildDate, highWater } = input;
  const waived = input.synchronisation === 'synchronised';
  const passed: string[] = [];

  if (now < buildDate) return behind(input, buildDate, `certmend was built at ${instant(buildDate)}`);
  passed.push(`not before the build date, ${instant(buildDate)}`);
  if (input.operatorBelieves === true) return believed(['an operator confirmed that the clock is right', ...passed]);

  const youngest = latestStart(input.authorities);
  if (youngest !== undefined) {
    if (now < youngest.notBefore)
      return behind(input, youngest.notBefore, `${youngest.id} is not valid before ${instant(youngest.notBefore)}`);
    passed.push(`not before the start of ${youngest.id}, ${instant(youngest.notBefore)}`);
  }
  if (waived) return believed(['the clock is synchronised', ...passed]);

  if (highWater !== undefined) {
    if (now < highWater - highWaterToleranceMs)
      return behind(input, highWater - highWaterToleranceMs, `it was already ${instant(highWater)} at an earlier run`);
    passed.push(`not before the last known time, ${instant(highWater)}`);
  }

  const reference = newestKnown(input, youngest);
  const latest = reference + input.maxOfflineGapDays * dayMs;
  if (now > latest) {
    const sentence =
      `the clock says ${instant(now)}, ${span(now - reference)} after the last known time (${instant(reference)}), ` +
      `more than ${input.maxOfflineGapDays} days, and is not synchronised: it may run ahead`;
    return { believed: false, verdict: 'ahead-suspect', bound: latest, evidence: [sentence, ...passed] };
  }
  passed.push(`${span(now - reference)} after the last known time, within ${input.maxOfflineGapDays} days`);

  const certain = Math.max(buildDate, highWater ?? buildDate);
  const ended = earliestEnd(input.authorities.filter((authority) => authority.notAfter >= certain));
  if (ended !== undefined && now > ended.notAfter) {
    const sentence =
      `the clock says ${instant(now)}, past the expiry of ${ended.id} (${instant(ended.notAfter)}), and is not ` +
      `synchronised: either the clock runs ahead or ${ended.id} has expired; the last known time is ${instant(reference)}`;
    return { believed: false, verdict: 'ahead-suspect', bound: ended.notAfter, evidence: [sentence, ...passed] };
  }
  return believed(passed.reverse());
}

function believed(evidence: readonly string[]): ClockBelief {
  return { believed: true, verdict: 'believed', bound: undefined, evidence };
}

function behind(input: ClockInput, bound: number, witness: string): ClockBelief {
  const sentence = `the clock says ${instant(input.now)}, but ${witness}: it is behind by at least ${span(bound - input.now)}`;
  return { believed: false, verdict: 'behind', bound, evidence: [sentence] };
}

function newestKnown(input: ClockInput, youngest: ClockAuthority | undefined): number {
  // With a mark, an authority's start adds nothing but the word of whoever's clock made it.
  return Math.max(input.buildDate, input.highWater ?? youngest?.notBefore ?? input.buildDate);
}

function latestStart(authorities: readonly ClockAuthority[]): ClockAuthority | undefined {
  return authorities.reduce<ClockAuthority | undefined>(
    (found, next) => (found === undefined || next.notBefore > found.notBefore ? next : found),
    undefined,
  );
}

function earliestEnd(authorities: readonly ClockAuthority[]): ClockAuthority | undefined {
  return authorities.reduce<ClockAuthority | undefined>(
    (found, next) => (found === undefined || next.notAfter < found.notAfter ? next : found),
    undefined,
  );
}
