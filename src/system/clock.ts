import { existsSync } from 'node:fs';
import type { Synchronisation } from '../assess/assessment.ts';

/* The clock of this machine, and whether it is known to be right. */

/** Time, from outside. The only file that may ask for it; every stage gets it as a parameter. */
export interface Clock {
  /** Milliseconds since the epoch. May step in either direction at any time. */
  now(): number;
  /** Milliseconds since some moment of its own; never steps. For deadlines. */
  monotonic(): number;
  /**
   * Waits, an hour at most whatever is asked: look at the clock again afterwards and decide anew.
   * @param ended ends the wait early
   */
  sleep(ms: number, ended?: AbortSignal): Promise<void>;
}

/**
 * A timer beyond 2^31 ms fires at once, and one that was started before a suspend or a clock step means nothing after
 * it. Nobody sleeps longer than this.
 */
export const longestSleepMs = 3_600_000;

export function systemClock(): Clock {
  return {
    now: () => Date.now(),
    // Not performance.now(): the module behind it takes a millisecond to load.
    monotonic: () => Number(process.hrtime.bigint()) / 1e6,
    sleep: (ms, ended) =>
      new Promise((resolve) => {
        if (ended?.aborted === true) {
          resolve();
          return;
        }
        const finish = (): void => {
          clearTimeout(timer);
          ended?.removeEventListener('abort', finish);
          resolve();
        };
        const timer = setTimeout(finish, Math.min(Math.max(ms, 0), longestSleepMs));
        ended?.addEventListener('abort', finish);
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
    sleep: (ms, ended) => base.sleep(ms, ended),
  };
}

/** Touched by systemd-timesyncd after each successful synchronisation (systemd-timesyncd.service(8)); /run ends with the boot. */
const timesyncFlag = '/run/systemd/timesync/synchronized';
/** Runtime directory of systemd-timesyncd: there while it runs. */
const timesyncDirectory = '/run/systemd/timesync';

/**
 * Whether a time service on this host says that the clock is right. Files only, since nothing else may be asked at
 * boot (P3): chrony and ntpd say it over their sockets alone, so under them the answer is `unknown`, and a clock that
 * jumped by years stays suspect until a person vouches for it (`--believe-clock`).
 * @param root other than `/`: the tree has no running clock, the answer is `unknown`
 */
export function readSynchronisation(root: string): Synchronisation {
  return root === '/' ? synchronisationFrom(existsSync) : 'unknown';
}

/** The rule apart from the disk. */
export function synchronisationFrom(exists: (path: string) => boolean): Synchronisation {
  if (exists(timesyncFlag)) return 'synchronised';
  return exists(timesyncDirectory) ? 'not-synchronised' : 'unknown';
}
