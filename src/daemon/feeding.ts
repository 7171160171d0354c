import type { ClockPort } from '../survey/ports.ts';
import type { Notifier } from './ports.ts';

/**
 * Waits for work that takes as long as it takes and ends by itself (a program with a time limit of its own), and feeds
 * the watchdog meanwhile: systemd must not end the daemon because an operator's program is slow.
 */
export async function feeding<T>(notifier: Notifier, clock: Pick<ClockPort, 'sleep'>, work: Promise<T>): Promise<T> {
  const everyMs = notifier.watchdogEveryMs;
  if (everyMs === undefined) return work;
  const done = new AbortController();
  const ended = work.finally(() => {
    done.abort();
  });
  const feed = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(everyMs, done.signal);
      if (done.signal.aborted) return;
      await notifier.alive();
    }
  };
  const [result] = await Promise.all([ended, feed()]);
  return result;
}
