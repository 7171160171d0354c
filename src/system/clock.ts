/** Time, from outside. The only file that may ask for it; every stage gets it as a parameter. */
export interface Clock {
  /** Milliseconds since the epoch. May step in either direction at any time. */
  now(): number;
  /** Milliseconds since some moment of its own; never steps. For deadlines. */
  monotonic(): number;
  /** Waits, an hour at most whatever is asked: look at the clock again afterwards and decide anew. */
  sleep(ms: number): Promise<void>;
}

/**
 * A timer beyond 2^31 ms fires at once, and one that was started before a suspend or a clock step means nothing after
 * it. Nobody sleeps longer than this.
 */
export const longestSleepMs = 3_600_000;

export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep: (ms) =>
      new Promise((resolve) => {
        setTimeout(resolve, Math.min(Math.max(ms, 0), longestSleepMs));
      }),
  };
}

/**
 * The same clock shown earlier or later: what `--at` looks through.
 * @param offsetMs milliseconds added to `now`; the monotonic clock is not moved
 */
export function shiftedClock(base: Clock, offsetMs: number): Clock {
  return {
    now: () => base.now() + offsetMs,
    monotonic: () => base.monotonic(),
    sleep: (ms) => base.sleep(ms),
  };
}
