import { spawnSync } from 'node:child_process';
import type { UnitRun } from '../../survey/ports.ts';

/** systemctl answers in milliseconds or systemd is not well; an operator's command must not hang on it. */
const timeoutMs = 3000;

/**
 * Properties of a unit, by name, as `systemctl show` says them.
 * @returns undefined when systemd cannot be asked
 */
export function showUnit(unit: string, names: readonly string[]): ReadonlyMap<string, string> | undefined {
  const { error, stdout, status } = spawnSync(
    'systemctl',
    ['show', unit, ...names.map((name) => `--property=${name}`)],
    { encoding: 'utf8', timeout: timeoutMs, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  if (error !== undefined || status !== 0) return undefined;
  const lines = stdout.split('\n').filter((line) => line.includes('='));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

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

const runProperties = [
  'ActiveState',
  'SubState',
  'ActiveEnterTimestampMonotonic',
  'InactiveExitTimestampMonotonic',
  'InvocationID',
  'NRestarts',
] as const;

/**
 * The start that a unit is in.
 * @param monotonic milliseconds of CLOCK_MONOTONIC, by which systemd says since when
 * @returns undefined when it is down, between two tries or on its way down, or when systemd cannot be asked
 */
export function unitRun(unit: string, monotonic: number): UnitRun | undefined {
  const said = showUnit(unit, runProperties);
  const of = (name: (typeof runProperties)[number]): string => said?.get(name) ?? '';
  const isUp = of('ActiveState') === 'active';
  // Not `start-pre`: that is the boot hook, among others, at work. Not `auto-restart`: the next try has a boot hook of its own.
  const isStarting = of('ActiveState') === 'activating' && of('SubState') === 'start';
  const since = Number(of(isUp ? 'ActiveEnterTimestampMonotonic' : 'InactiveExitTimestampMonotonic'));
  const invocation = of('InvocationID');
  if ((!isUp && !isStarting) || invocation === '' || !(since > 0)) return undefined;
  // Both count microseconds of CLOCK_MONOTONIC (org.freedesktop.systemd1(5), clock_gettime(2)).
  return {
    state: isUp ? 'up' : 'starting',
    invocation,
    forMs: Math.max(0, monotonic - since / 1000),
    // Counted from the last start that somebody asked for.
    afterDeath: Number(of('NRestarts')) > 0,
  };
}

/** Asks systemd to restart a unit, and does not wait for it. @returns why it could not be asked; undefined when it was */
export function restartUnit(unit: string): string | undefined {
  const { error, stderr, status } = spawnSync('systemctl', ['restart', '--no-block', unit], {
    encoding: 'utf8',
    timeout: timeoutMs,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (error !== undefined) return error.message;
  return status === 0 ? undefined : stderr.trim();
}
