import { CertmendError } from '../error.ts';
import type { Ports } from '../survey/ports.ts';
import type { Layout } from '../layout/layout.ts';
import { statusLine } from '../report/status-line.ts';
import { savedState } from './saved-state.ts';
import type { State } from '../state/state.ts';
import { feeding } from './feeding.ts';
import { notifyHealth } from './notify-health.ts';
import type { DaemonPorts, Loaded, Notifier, Snapshot } from './ports.ts';
import { reconcile, type Check } from './reconcile.ts';
import type { KnownHealth } from './health-news.ts';
import { act } from './act.ts';
import { record, rememberTold } from './record.ts';
import { nextCheckMs, type CheckEnd } from './schedule.ts';
import { backupKeeper } from './keep-backups.ts';
import { snapshotOf } from './metrics.ts';
import { isOvertaken, waitForNext } from './wait-for-next.ts';
import { watchedDirectories } from './watched-directories.ts';
import { blindHead, daemonLine, createSpeaker } from './speaker.ts';

type Remarks = Readonly<
  Partial<Record<'configuration' | 'notification' | 'metrics' | 'check' | 'action', string | undefined>>
>;

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
  /** As it was saved by the last check that found a node. */
  readonly shown: State | undefined;
}

/**
 * The daemon (architecture, The daemon): check, tell, wait, for ever. One thing at a time; systemd's watchdog is fed by the progress
 * of this very loop, so that a loop that hangs is ended. Returns when it is told to stop.
 *
 * @throws CertmendError ConfigInvalid when the first configuration is refused; whatever is a bug
 */
export async function daemon(ports: DaemonPorts): Promise<void> {
  const { waker } = ports;
  const notifier = createSpeaker(ports.notifier);
  let memory: Memory = {
    loaded: await ports.load(),
    known: undefined,
    standbyProblem: undefined,
    remarks: {},
    count: 0,
    line: '',
    shown: undefined,
  };
  const keeper = backupKeeper();
  waker.watch([]);
  try {
    while (!waker.stopping.aborted) {
      const turn = await check(memory, notifier);
      const isFirst = memory.count === 0 && turn.memory.count > 0;
      await (isFirst ? notifier.ready(turn.memory.line) : notifier.status(turn.memory.line));
      memory = turn.memory;
      let { delayMs } = turn;
      if (turn.checked !== undefined) {
        const { ports: look, result } = turn.checked;
        const before = memory.remarks.action;
        const acted = await feeding(notifier, look.clock, act(look, result, { before, stopping: waker.stopping }));
        delayMs = Math.min(delayMs, acted.nextMs ?? delayMs);
        if (acted.remark !== before) {
          memory = withAction(memory, acted.remark, headOf(result, look.clock.now()));
          await notifier.status(memory.line);
        }
        await memory.loaded.rememberLook?.(result.survey.layout.unit);
      }
      if (turn.news !== undefined) {
        memory = await feeding(notifier, turn.news.ports.clock, announce(memory, turn.news, waker.stopping));
        await notifier.status(memory.line);
      }
      if (turn.checked !== undefined) keeper.mind(turn.checked.ports, memory.loaded.backUp, waker.stopping);
      if (turn.layout !== undefined) waker.watch(watchedDirectories(turn.layout));
      ports.rest();
      memory = await waitForNext(memory, delayMs, {
        notifier,
        waker,
        reload: (before) => reload({ ...ports, notifier }, before),
      });
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
  readonly checked?: Pick<News, 'ports' | 'result'> | undefined;
  readonly news?: News | undefined;
  readonly layout: Layout | undefined;
  readonly delayMs: number;
}

async function check(memory: Memory, notifier: Notifier): Promise<Turn> {
  const ports: Ports = { ...memory.loaded.look(), isDaemon: true };
  const started = ports.clock.monotonic();
  const delay = (ended: CheckEnd): number =>
    nextCheckMs({
      intervalMs: ports.config.daemon.checkIntervalMs,
      machineId: ports.host.machineId,
      count: memory.count,
      ended,
    });
  try {
    const result = await reconcile(ports, memory, memory.loaded.announce !== undefined, async (state) => {
      // Before READY the first line is READY's own.
      if (memory.count === 0) return;
      const remarks = Object.values({ ...memory.remarks, check: undefined });
      await notifier.status(daemonLine(statusLine(state, ports.clock.now()), remarks));
    });
    return {
      ...tellOutside(memory, ports, result, ports.clock.monotonic() - started),
      checked: result.kind === 'checked' ? { ports, result } : undefined,
      layout: result.survey?.layout,
      delayMs: delay(isHasty(result) ? 'busy' : 'checked'),
    };
  } catch (error) {
    if (!(error instanceof CertmendError)) throw error;
    if (error.code === 'LockHeld') {
      const line = memory.count === 0 ? 'waiting · another certmend is running on this node' : memory.line;
      const isBehind = memory.count > 0 && isOvertaken(memory.shown, ports.reader);
      return { memory: { ...memory, line }, layout: undefined, delayMs: delay(isBehind ? 'overtaken' : 'busy') };
    }
    // The same trouble at each turn is one line in the journal, and stands in the status line all the time.
    if (memory.remarks.check !== error.message)
      await record(ports, { event: 'failed', priority: 'error', message: error.message, hint: error.hint });
    const remarks = { ...memory.remarks, check: error.message };
    // What was known before the daemon started counts as well.
    const head = blindHead(memory.shown ?? savedState(ports.reader), ports.clock.now());
    const line = daemonLine(head, Object.values(remarks));
    return {
      memory: { ...memory, remarks, line, count: memory.count + 1 },
      layout: undefined,
      delayMs: delay('failed'),
    };
  }
}

function headOf(result: Check, now: number): string {
  return result.kind === 'waiting' ? `waiting · ${result.reason}` : statusLine(result.state, now);
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
    line: daemonLine(headOf(result, now), Object.values(remarks)),
    ...(result.kind === 'checked'
      ? { known: result.known, standbyProblem: result.standbyProblem, shown: result.state }
      : {}),
  };
  return {
    memory: after,
    news: result.kind === 'checked' && result.healthChanged ? { ports, result, now } : undefined,
  };
}

function withAction(memory: Memory, action: string | undefined, head: string): Memory {
  const remarks: Remarks = { ...memory.remarks, action };
  return { ...memory, remarks, line: daemonLine(head, Object.values(remarks)) };
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
  return { ...memory, remarks, line: daemonLine(headOf(result, now), Object.values(remarks)) };
}

function publish(loaded: Loaded, snapshot: Snapshot): string | undefined {
  try {
    loaded.publish(snapshot);
    return undefined;
  } catch (error) {
    if (error instanceof CertmendError) return `metrics not written: ${error.message}`;
    throw error;
  }
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
      message: 'the configuration was reloaded',
    });
    await ports.notifier.ready(memory.line);
    return { ...memory, loaded, remarks: { ...memory.remarks, configuration: undefined } };
  } catch (error) {
    if (!(error instanceof CertmendError)) throw error;
    const message = `the new configuration was refused and the old one stays in use: ${error.message}`;
    await record(old.look(), { event: 'configuration-refused', priority: 'error', message, hint: error.hint });
    const remarks = {
      ...memory.remarks,
      configuration: 'the new configuration was refused, see: journalctl -u certmend',
    };
    await ports.notifier.ready(memory.line);
    return { ...memory, remarks };
  }
}
