import { spawnSync } from 'node:child_process';

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
