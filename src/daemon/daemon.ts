import { dirname } from 'node:path';
import { CertmendError } from '../error.ts';
import type { Ports } from '../heal/ports.ts';
import type { Layout } from '../layout/layout.ts';
import { feeding } from './feeding.ts';
import { notifyHealth } from './notify-health.ts';
import type { DaemonPorts, Loaded, Notifier, Snapshot } from './ports.ts';
import { reconcile, type Check } from './reconcile.ts';
import type { KnownHealth } from './health-news.ts';
import { record, rememberTold } from './record.ts';
import { nextCheckMs } from './schedule.ts';
import { snapshotOf } from './snapshot.ts';
import { daemonLine } from './daemon-line.ts';

type Remarks = Readonly<Partial<Record<'configuration' | 'notification' | 'metrics' | 'check', string | undefined>>>;

/** What the loop carries from one turn to the next. */
interface Memory {
  readonly loaded: Loaded;
  /** Health as it was told last; undefined before the first check, which finds it in the state. */
  readonly known: KnownHealth | undefined;
  readonly standbyProblem: string | undefined;
  /** What the status line has to say besides the node's health: a refused configuration, a notification that failed. */
  readonly remarks: Remarks;
  /** Checks since the start; one that found another certmend at work is none. */
  readonly count: number;
  readonly line: string;
}

/** Changes mostly come in bursts (the product writes eighteen pairs): wait for the end of one, milliseconds. */
const settleMs = 5000;
/** A file that changes all the time must not keep the daemon busy, milliseconds. */
const shortestGapMs = 30_000;
/** The wall clock may drift this far from the monotonic one before it counts as set, milliseconds. */
const clockStepMs = 60_000;

/**
 * The daemon (design 11): check, tell, wait, for ever. One thing at a time; systemd's watchdog is fed by the progress
 * of this very loop, so that a loop that hangs is ended. Returns when it is told to stop.
 *
 * @throws CertmendError ConfigInvalid when the first configuration is refused; whatever is a bug
 */
export async function daemon(ports: DaemonPorts): Promise<void> {
  const { notifier, waker } = ports;
  let memory: Memory = {
    loaded: await ports.load(),
    known: undefined,
    standbyProblem: undefined,
    remarks: {},
    count: 0,
    line: '',
  };
  try {
    while (!waker.stopping.aborted) {
      const turn = await check(memory);
      const isFirst = memory.count === 0 && turn.memory.count > 0;
      await (isFirst ? notifier.ready(turn.memory.line) : say(notifier, memory, turn.memory));
      memory = turn.memory;
      if (turn.news !== undefined) {
        const told = await feeding(notifier, turn.news.ports.clock, announce(memory, turn.news, waker.stopping));
        await say(notifier, memory, told);
        memory = told;
      }
      if (turn.layout !== undefined) waker.watch(directoriesOf(turn.layout));
      ports.rest();
      memory = await waitForNext(ports, memory, turn.delayMs);
    }
  } finally {
    await notifier.stopping();
    waker.close();
    await ports.close();
  }
}

/** A change of health that the program of notify.exec is still to be told of. */
interface News {
  readonly ports: Ports;
  readonly result: Check & { readonly kind: 'checked' };
  readonly now: number;
}

interface Turn {
  readonly memory: Memory;
  readonly news?: News | undefined;
  readonly layout: Layout | undefined;
  readonly delayMs: number;
}

async function check(memory: Memory): Promise<Turn> {
  const ports = memory.loaded.look();
  const started = ports.clock.monotonic();
  const delay = (ended: 'checked' | 'failed' | 'busy'): number =>
    nextCheckMs({
      intervalMs: ports.config.daemon.checkIntervalMs,
      machineId: ports.host.machineId,
      count: memory.count,
      ended,
    });
  try {
    const result = await reconcile(ports, memory, memory.loaded.announce !== undefined);
    return {
      ...tellOutside(memory, ports, result, ports.clock.monotonic() - started),
      layout: result.survey?.layout,
      delayMs: delay(isHasty(result) ? 'busy' : 'checked'),
    };
  } catch (error) {
    if (!(error instanceof CertmendError)) throw error;
    if (error.code === 'LockHeld') {
      const line = memory.count === 0 ? 'waiting · another certmend is at work on this node' : memory.line;
      return { memory: { ...memory, line }, layout: undefined, delayMs: delay('busy') };
    }
    // The same trouble at each turn is one line in the journal, and stands in the status line all the time.
    if (memory.remarks.check !== error.message) {
      await record(ports, { event: 'failed', priority: 'error', message: error.message, hint: error.hint });
    }
    const remarks = { ...memory.remarks, check: error.message };
    const line = daemonLine(undefined, Object.values(remarks), memory.line);
    return {
      memory: { ...memory, remarks, line, count: memory.count + 1 },
      layout: undefined,
      delayMs: delay('failed'),
    };
  }
}

function isHasty(result: Check): boolean {
  return result.kind === 'checked' && result.isStandbyPostponed;
}

/** Figures and the line of `systemctl status`: what follows from a check at once, outside its lock. */
function tellOutside(
  memory: Memory,
  ports: Ports,
  result: Check,
  durationMs: number,
): { readonly memory: Memory; readonly news: News | undefined } {
  const now = ports.clock.now();
  const metrics = publish(memory.loaded, snapshotOf(result, { now, durationMs, checks: memory.count + 1 }));
  const remarks: Remarks = { ...memory.remarks, check: undefined, metrics };
  const after: Memory = {
    ...memory,
    remarks,
    count: memory.count + 1,
    line: daemonLine({ result, now }, Object.values(remarks), memory.line),
    ...(result.kind === 'checked' ? { known: result.known, standbyProblem: result.standbyProblem } : {}),
  };
  return {
    memory: after,
    news: result.kind === 'checked' && result.healthChanged ? { ports, result, now } : undefined,
  };
}

/** Runs the program of notify.exec. After READY and the status line: nobody waits for what an operator wrote. */
async function announce(memory: Memory, { ports, result, now }: News, stopping: AbortSignal): Promise<Memory> {
  if (memory.loaded.announce === undefined) return memory;
  const problem = await notifyHealth(memory.loaded.announce, {
    before: result.before,
    state: result.state,
    now,
    stopping,
  });
  if (stopping.aborted) return memory;
  const notification = problem === undefined ? undefined : `the program of notify.exec failed: ${problem}`;
  if (notification !== undefined) {
    const hint = 'run it by hand with a document of docs/operations.md on its standard input';
    await record(ports, { event: 'notification-failed', priority: 'warning', message: notification, hint });
  }
  if (problem === undefined) await rememberTold(ports, result.known);
  const remarks: Remarks = { ...memory.remarks, notification };
  return { ...memory, remarks, line: daemonLine({ result, now }, Object.values(remarks), memory.line) };
}

function publish(loaded: Loaded, snapshot: Snapshot): string | undefined {
  try {
    loaded.publish(snapshot);
    return undefined;
  } catch (error) {
    if (error instanceof CertmendError) return `no figures: ${error.message}`;
    throw error;
  }
}

/** Waits until the next check is due, feeding the watchdog and answering signals meanwhile. */
async function waitForNext(ports: DaemonPorts, memory: Memory, delayMs: number): Promise<Memory> {
  const { notifier, waker } = ports;
  const { clock } = memory.loaded.look();
  const started = clock.monotonic();
  let due = started + delayMs;
  let after = memory;
  let [wall, mono] = [clock.now(), started];
  while (!waker.stopping.aborted && clock.monotonic() < due) {
    const left = due - clock.monotonic();
    const cause = await waker.wait(Math.min(left, notifier.watchdogEveryMs ?? left));
    switch (cause) {
      case 'stop':
        return after;
      case 'reload':
        after = await reload(ports, after);
        due = clock.monotonic();
        break;
      case 'changed':
        due = Math.min(due, Math.max(clock.monotonic() + settleMs, started + shortestGapMs));
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

/** A bad new configuration leaves the old one at work, and says so until a good one comes. */
async function reload(ports: DaemonPorts, memory: Memory): Promise<Memory> {
  await ports.notifier.reloading();
  const old = memory.loaded;
  try {
    const loaded = await ports.load();
    await record(loaded.look(), {
      event: 'configuration-loaded',
      priority: 'notice',
      message: 'the configuration was loaded anew',
    });
    await ports.notifier.ready(memory.line);
    return { ...memory, loaded, remarks: { ...memory.remarks, configuration: undefined } };
  } catch (error) {
    if (!(error instanceof CertmendError)) throw error;
    const message = `the new configuration was refused and the old one stays at work: ${error.message}`;
    await record(old.look(), { event: 'configuration-refused', priority: 'error', message, hint: error.hint });
    const remarks = {
      ...memory.remarks,
      configuration: 'the new configuration was refused, see: journalctl -u certmend',
    };
    await ports.notifier.ready(memory.line);
    return { ...memory, remarks };
  }
}

async function say(notifier: Notifier, before: Memory, after: Memory): Promise<void> {
  if (after.line !== before.line) await notifier.status(after.line);
}

function directoriesOf(layout: Layout): readonly string[] {
  const files = layout.entries.flatMap((entry) => {
    switch (entry.kind) {
      case 'leaf':
      case 'authority':
        return [entry.certificatePath];
      case 'listener':
      case 'kubeconfig':
        return [entry.path];
      case 'key':
      case 'document':
        return [];
    }
  });
  return [...new Set(files.map((path) => dirname(path)))];
}
