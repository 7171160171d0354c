import { CertmendError } from '../error.ts';
import type { Ports } from '../survey/ports.ts';
import type { Layout } from '../layout/layout.ts';
import { statusLine } from '../report/status-line.ts';
import { savedState } from './saved-state.ts';
import { feeding } from './feeding.ts';
import { notifyHealth } from './notify-health.ts';
import type { DaemonPorts, Loaded, Notifier, Snapshot } from './ports.ts';
import { reconcile, type Check } from './reconcile.ts';
import { act } from './act.ts';
import { createClusterTeller, type ClusterTeller } from './cluster-teller.ts';
import { record, rememberTold } from './record.ts';
import { reload } from './reload.ts';
import type { Memory, Remarks } from './memory.ts';
import { nextCheckMs, type CheckEnd } from './schedule.ts';
import { backupKeeper } from './keep-backups.ts';
import { snapshotOf, type ClusterTold } from './metrics.ts';
import { isOvertaken, waitForNext } from './wait-for-next.ts';
import { watchedDirectories } from './watched-directories.ts';
import { blindHead, daemonLine, createSpeaker } from './speaker.ts';

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
  const cluster = createClusterTeller(waker.stopping);
  const keeper = backupKeeper();
  waker.watch([]);
  try {
    while (!waker.stopping.aborted) {
      const turn = await check(memory, notifier, cluster.told());
      const isFirst = memory.count === 0 && turn.memory.count > 0;
      await (isFirst ? notifier.ready(turn.memory.line) : notifier.status(turn.memory.line));
      memory = turn.memory;
      let { delayMs } = turn;
      if (turn.checked !== undefined) {
        const { ports: look, result } = turn.checked;
        cluster.see(look, result);
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
        beside: { nextMs: cluster.nextMs, turn: (before) => besideChecks(before, cluster, notifier) },
      });
    }
  } finally {
    await notifier.stopping();
    await cluster.end();
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

async function check(memory: Memory, notifier: Notifier, cluster: ClusterTold | undefined): Promise<Turn> {
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
      ...tellOutside(memory, ports, result, { durationMs: ports.clock.monotonic() - started, cluster }),
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
  run: { readonly durationMs: number; readonly cluster: ClusterTold | undefined },
): { readonly memory: Memory; readonly news: News | undefined } {
  const now = ports.clock.now();
  const metrics = publish(memory.loaded, snapshotOf(result, { ...run, now, checks: memory.count + 1 }));
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

/** The line of `systemctl status` says what the cluster is not told as long as it is in the way. */
async function besideChecks(memory: Memory, cluster: ClusterTeller, notifier: Notifier): Promise<Memory> {
  const before = memory.remarks.cluster;
  await cluster.turn();
  const remark = cluster.remark();
  if (remark === before || memory.shown === undefined) return memory;
  const remarks: Remarks = { ...memory.remarks, cluster: remark };
  const head = statusLine(memory.shown, memory.loaded.look().clock.now());
  const line = daemonLine(head, Object.values(remarks));
  await notifier.status(line);
  return { ...memory, remarks, line };
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
