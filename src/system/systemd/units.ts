import { spawnSync } from 'node:child_process';
import type { UnitRun } from '../../survey/ports.ts';

/** systemctl answers in milliseconds or systemd is not well; an operator's command must not hang on it. */
const timeoutMs = 3000;

/**
 * Whether systemd says that the unit is active or on its way.
 * @returns undefined when systemd cannot be asked: no systemctl, no running systemd, no answer in time
 */
export function serviceRunning(unit: string): boolean | undefined {
  const { error, stdout, status } = spawnSync('systemctl', ['is-active', unit], {
    encoding: 'utf8',
    timeout: timeoutMs,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  if (error !== undefined || status === null) return undefined;
  const word = stdout.trim();
  // A service that hangs in `activating` has its processes running all the same.
  if (['active', 'activating', 'reloading', 'deactivating'].includes(word)) return true;
  return word === 'inactive' || word === 'failed' ? false : undefined;
}

/**
 * The start that an active unit is in.
 * @param monotonic milliseconds of CLOCK_MONOTONIC, by which systemd says since when
 * @returns undefined when it is not active now, or when systemd cannot be asked
 */
export function unitRun(unit: string, monotonic: number): UnitRun | undefined {
  const names = ['ActiveState', 'ActiveEnterTimestampMonotonic', 'InvocationID'];
  const { error, stdout, status } = spawnSync(
    'systemctl',
    ['show', unit, ...names.map((name) => `--property=${name}`)],
    { encoding: 'utf8', timeout: timeoutMs, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  if (error !== undefined || status !== 0 || !/^ActiveState=active$/m.test(stdout)) return undefined;
  const since = /^ActiveEnterTimestampMonotonic=([1-9]\d*)$/m.exec(stdout)?.[1];
  const invocation = /^InvocationID=(\S+)$/m.exec(stdout)?.[1];
  if (since === undefined || invocation === undefined) return undefined;
  return { invocation, activeForMs: Math.max(0, monotonic - Number(since) / 1000) };
}
