import { readFileSync } from 'node:fs';
import type { DaemonUnit } from '../../doctor/daemon-alive.ts';
import { showUnit } from './show-unit.ts';

const properties = ['LoadState', 'ActiveState', 'UnitFileState', 'Result', 'ExecMainStatus', 'MainPID', 'FreezerState'];

/**
 * What systemd and the kernel say of certmend.service.
 * @returns undefined when systemd cannot be asked
 */
export function readDaemonUnit(): DaemonUnit | undefined {
  const values = showUnit('certmend.service', properties);
  const of = (name: string): string => values?.get(name) ?? '';
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
