import type { LiveDecision } from '../plan/decide-live.ts';
import type { StateRenewal } from '../state/state.ts';
import { distanceText, wholeSeconds } from '../time/span.ts';
import { instantOf, rfc3339 } from '../time/rfc3339.ts';

/** What the daemon does about certificates of the service that runs, as documents have it. */
export interface LiveReport {
  /** `ahead`: nothing is due before `at`; `due`: at the daemon's next check; `waiting`: until `at`; `given-up`: it was taken back. */
  readonly state: LiveDecision['is'];
  /** When it will be done, or tried again; null when it is due now, or will not be. */
  readonly at: string | null;
  /** What it waits for. */
  readonly waitsFor: 'window' | 'budget' | 'pause' | null;
  /** The entry that expires first of those that can be renewed. */
  readonly first: string | null;
  /** When the next maintenance window opens; null where there are none: any time is one then. */
  readonly nextWindow: string | null;
  /**
   * It was done under the start that the service is in, and its static pods have the files mounted one by one: the next
   * start recreates them, since their hash has changed (products 1.7).
   */
  readonly recreatesPods: boolean;
  readonly last: Pick<StateRenewal, 'at' | 'phase' | 'outcome' | 'generation'> | null;
}

/** @param input.nextWindow milliseconds since the epoch */
export function liveReport(input: {
  readonly decision: LiveDecision;
  readonly nextWindow: number | undefined;
  readonly renewal: StateRenewal | null;
  readonly recreatesPods?: boolean | undefined;
}): LiveReport {
  const { decision, nextWindow, renewal } = input;
  const at = 'from' in decision ? decision.from : 'until' in decision ? decision.until : undefined;
  return {
    state: decision.is,
    at: textOf(at),
    waitsFor: 'for' in decision ? decision.for : null,
    first: 'first' in decision ? decision.first : null,
    nextWindow: textOf(nextWindow),
    recreatesPods: input.recreatesPods ?? false,
    last:
      renewal === null
        ? null
        : { at: renewal.at, phase: renewal.phase, outcome: renewal.outcome, generation: renewal.generation },
  };
}

function textOf(at: number | undefined): string | null {
  return at === undefined ? null : rfc3339(at);
}

const waits: Readonly<Record<NonNullable<LiveReport['waitsFor']>, string>> = {
  window: 'due, waits for a maintenance window',
  budget: 'due, waits for the daily limit of rotations',
  pause: 'an attempt failed, the next one',
};

/**
 * One clause: whether, and when, certificates are renewed while the service runs.
 * @param now milliseconds since the epoch
 */
export function liveText(report: LiveReport, now: number): string {
  const { recreatesPods, last } = report;
  const pods = recreatesPods
    ? `; renewed ${wholeSeconds(last?.at ?? '')}, and the next start of the service recreates its static pods once`
    : '';
  return `${stateText(report, now)}${pods}`;
}

function stateText({ state, at, waitsFor, nextWindow, first }: LiveReport, now: number): string {
  const when = at === null ? '' : ` ${dated(at, now)}`;
  switch (state) {
    case 'off':
      return 'off: certificates are only renewed when the service starts';
    case 'watching':
      return 'done: being watched until everything is healthy with it';
    case 'ahead': {
      const window =
        nextWindow === null ? '' : `, in a maintenance window (the next one opens ${wholeSeconds(nextWindow)})`;
      return `by the daemon from${when} on${window}: ${first ?? ''} expires first`;
    }
    case 'due':
      return 'due: at the next check of the daemon';
    case 'waiting':
      return `${waits[waitsFor ?? 'pause']}:${when}`;
    case 'given-up':
      return at === null
        ? 'was rolled back, and is not tried again: restart the service'
        : `was rolled back, one more try from${when} on`;
  }
}

function dated(at: string, now: number): string {
  return `${wholeSeconds(at)} (${distanceText((instantOf(at) ?? now) - now)})`;
}
