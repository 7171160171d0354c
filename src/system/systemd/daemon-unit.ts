import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { DaemonUnit } from '../../doctor/daemon-alive.ts';

/** As for every question to systemd: an operator's command must not hang on it. */
const timeoutMs = 3000;

const properties = ['LoadState', 'ActiveState', 'UnitFileState', 'Result', 'ExecMainStatus', 'MainPID', 'FreezerState'];

/**
 * What systemd and the kernel say of certmend.service.
 * @returns undefined when systemd cannot be asked
 */
export function readDaemonUnit(): DaemonUnit | undefined {
  const { error, stdout, status } = spawnSync(
    'systemctl',
    ['show', 'certmend.service', ...properties.map((name) => `--property=${name}`)],
    { encoding: 'utf8', timeout: timeoutMs, stdio: ['ignore', 'pipe', 'ignore'] },
  );
  if (error !== undefined || status !== 0) return undefined;
  const values = new Map(stdout.split('\n').map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]));
  const of = (name: string): string => values.get(name) ?? '';
  if (of('LoadState') === '') return undefined;
  return {
    load: of('LoadState'),
    active: of('ActiveState'),
    enabled: of('UnitFileState'),
    result: of('Result'),
    exit: of('ExecMainStatus'),
    isStopped: isStopped(of('MainPID')),
    isFrozen: of('FreezerState').startsWith('frozen') || of('FreezerState').startsWith('freezing'),
  };
}

/** SIGSTOP: the process is there, systemd calls it active, and it does nothing (proc(5), state T). */
function isStopped(pid: string): boolean {
  if (!/^[1-9]\d*$/.test(pid)) return false;
  try {
    // The name in brackets may hold anything, also a bracket.
    return /^.*\) [Tt] /s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    // Gone in this moment.
    return false;
  }
}
