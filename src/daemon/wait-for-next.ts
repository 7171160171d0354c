import type { State } from '../state/state.ts';
import type { Loaded, Notifier, Waker } from './ports.ts';
import { isDeepStrictEqual } from 'node:util';
import type { FileReader } from '../disk/file-reader.ts';
import { savedState } from './saved-state.ts';

/** Changes mostly come in bursts (the product writes eighteen pairs): wait for the end of one, milliseconds. */
const settleMs = 5000;
/** A file that changes all the time must not keep the daemon busy, milliseconds. */
const shortestGapMs = 30_000;
/** What another certmend saved is told at once; it saves more than once on its way, and crash loops make many of it, milliseconds. */
const savedSettleMs = 200;
const shortestSavedGapMs = 2000;
/** The wall clock may drift this far from the monotonic one before it counts as set, milliseconds. */
const clockStepMs = 60_000;

interface Waiting {
  readonly loaded: Loaded;
  readonly shown: State | undefined;
}

/** Waits until the next check is due, feeding the watchdog and answering signals meanwhile. */
export async function waitForNext<Known extends Waiting>(
  memory: Known,
  delayMs: number,
  ports: {
    readonly notifier: Notifier;
    readonly waker: Waker;
    readonly reload: (before: Known) => Promise<Known>;
    /** What goes on beside the checks: when it wants to be looked after, in milliseconds, and how that is done. */
    readonly beside: {
      readonly nextMs: () => number | undefined;
      readonly turn: (before: Known) => Promise<Known>;
    };
  },
): Promise<Known> {
  const { notifier, waker, beside } = ports;
  const { clock } = memory.loaded.look();
  const started = clock.monotonic();
  let due = started + delayMs;
  let after = memory;
  let [wall, mono] = [clock.now(), started];
  while (!waker.stopping.aborted && clock.monotonic() < due) {
    const left = due - clock.monotonic();
    const cause = await waker.wait(Math.min(left, notifier.watchdogEveryMs ?? left, beside.nextMs() ?? left));
    if (cause !== 'stop') after = await beside.turn(after);
    switch (cause) {
      case 'stop':
        return after;
      case 'reload':
        after = await ports.reload(after);
        due = clock.monotonic();
        break;
      case 'changed':
        due = Math.min(due, Math.max(clock.monotonic() + settleMs, started + shortestGapMs));
        break;
      case 'saved':
        if (isOvertaken(after.shown, after.loaded.look().reader))
          due = Math.min(due, Math.max(clock.monotonic() + savedSettleMs, started + shortestSavedGapMs));
        break;
      case 'elapsed':
        if (notifier.watchdogEveryMs !== undefined) await notifier.alive();
        break;
    }
    // After a suspend or a step of the clock everything that was known about time is old.
    if (Math.abs(clock.now() - wall - (clock.monotonic() - mono)) > clockStepMs) return after;
    [wall, mono] = [clock.now(), clock.monotonic()];
  }
  return after;
}

/**
 * Whether another certmend has saved something since, that the daemon's own last word does not know: a commit of the boot
 * hook, a refusal, a rollback by a person. The daemon's own saves are none. The state is compared, not the file: what the
 * daemon saved and what came right after it cannot be told apart by their times.
 *
 * @param shown the state of the last check; undefined when there was none
 */
export function isOvertaken(shown: State | undefined, reader: FileReader): boolean {
  const saved = savedState(reader);
  return shown === undefined || saved === undefined || !isDeepStrictEqual(told(shown), told(saved));
}

function told({ health, generations, brake, transaction }: State): unknown {
  const { active, standby, previous } = generations;
  const reasons = health.reasons.map(({ code, id }) => ({ code, id }));
  return { level: health.level, reasons, active, standby, previous, brake, transaction };
}
