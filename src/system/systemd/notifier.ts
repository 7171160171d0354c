import { spawn } from 'node:child_process';
import notify from 'systemd-notify';
import type { Notifier } from '../../daemon/ports.ts';

/** systemd-notify waits 5 s for systemd to have read the message (sd_notify_barrier(3)); longer than that it is stuck. */
const timeoutMs = 10_000;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Tells systemd through the program `systemd-notify`, since Node cannot send datagrams to a Unix socket: READY and
 * STATUS by the package of the same name, the rest by the program itself. Silent where nobody listens.
 *
 * @param warn told once when systemd cannot be told anything
 */
export function createNotifier(env: Environment, warn: (problem: string) => void): Notifier {
  const listens = env['NOTIFY_SOCKET'] !== undefined;
  let warned = false;
  const attempt = async (message: Promise<unknown>): Promise<void> => {
    try {
      await message;
    } catch (error) {
      if (warned) return;
      warned = true;
      warn(`cannot report the status to systemd: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const tell = async (message: () => Promise<unknown>): Promise<void> => {
    if (listens) await attempt(message());
  };
  return {
    watchdogEveryMs: listens ? watchdogEveryMs(env, process.pid) : undefined,
    ready: (status) => tell(() => notify({ ready: true, status })),
    status: (line) => tell(() => notify({ status: line })),
    alive: () => tell(() => run(['READY=1', 'WATCHDOG=1'])),
    reloading: () => tell(() => run(['RELOADING=1'])),
    stopping: () => tell(() => run(['STOPPING=1'])),
  };
}

/**
 * WATCHDOG_USEC and WATCHDOG_PID of sd_watchdog_enabled(3): half of the time, so that one late message does no harm.
 * @returns milliseconds; undefined without a watchdog
 */
export function watchdogEveryMs(env: Environment, pid: number): number | undefined {
  const microseconds = Number(env['WATCHDOG_USEC'] ?? '');
  const forUs = env['WATCHDOG_PID'] === undefined || env['WATCHDOG_PID'] === String(pid);
  return forUs && Number.isFinite(microseconds) && microseconds > 0 ? Math.max(microseconds / 2000, 100) : undefined;
}

function run(variables: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('systemd-notify', variables, { stdio: 'ignore', timeout: timeoutMs });
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`systemd-notify exited with ${String(code)}`));
    });
  });
}
