import { spawnSync } from 'node:child_process';

/** systemctl answers in milliseconds or systemd is not well; an operator's command must not hang on it. */
export const timeoutMs = 3000;

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
