import { ill, well, type Examined } from './examined.ts';

/** certmend.service as systemd and the kernel see it; the words are systemd's. */
export interface DaemonUnit {
  /** LoadState: `loaded`, `not-found`, `masked`. */
  readonly load: string;
  /** ActiveState: `active`, `inactive`, `failed`, `activating`. */
  readonly active: string;
  /** UnitFileState: `enabled`, `disabled`. */
  readonly enabled: string;
  readonly result: string;
  /** Exit status of the main process, as text. */
  readonly exit: string;
  /** Its process is stopped (SIGSTOP, a debugger). */
  readonly isStopped: boolean;
  /** `systemctl freeze` */
  readonly isFrozen: boolean;
}

const name = 'certmend.service';
const without =
  'certificates are not checked, no standby is kept and no change is reported; the boot hook does not need it';

/**
 * Does the daemon work, and will it after the next boot? None of it keeps a node from being healed at a start.
 * @param unit undefined when systemd cannot be asked: then there is nothing to say
 */
export function daemonAlive(unit: DaemonUnit | undefined): readonly Examined[] {
  if (unit === undefined) return [];
  const warn = (message: string, hint: string): readonly Examined[] => [ill('daemon', 'warning', message, hint)];
  const { load, active, enabled, result, exit } = unit;
  if (load === 'not-found') return warn(`${name} is not installed: ${without}`, 'reinstall the package');
  if (load === 'masked')
    return warn(`${name} is masked: ${without}`, `systemctl unmask ${name} && systemctl enable --now ${name}`);
  const isEnabled = !['disabled', 'indirect', 'static', ''].includes(enabled);
  if (active === 'failed' || (active === 'activating' && exit !== '0' && exit !== '')) {
    const because = exit === '78' ? 'its configuration is refused (exit status 78)' : `${result}, exit status ${exit}`;
    const first =
      exit === '78' ? 'fix what `journalctl -u certmend -n 20` reports, then' : 'journalctl -u certmend -n 20, then';
    return warn(`${name} fails: ${because}; ${without}`, `${first}: systemctl restart certmend`);
  }
  if (active === 'inactive' || active === 'deactivating') {
    const start = isEnabled ? `systemctl start ${name}` : `systemctl enable --now ${name}`;
    return warn(`${name} is stopped${isEnabled ? '' : ' and disabled'}: ${without}`, start);
  }
  if (unit.isStopped) {
    return warn(
      `the process of ${name} is stopped (SIGSTOP) and does nothing: ${without}`,
      `systemctl kill -s CONT ${name}`,
    );
  }
  if (unit.isFrozen) return warn(`${name} is frozen and does nothing: ${without}`, `systemctl thaw ${name}`);
  if (!isEnabled)
    return warn(`${name} runs and is ${enabled}: after the next boot ${without}`, `systemctl enable ${name}`);
  return [well('daemon', `${name} runs (${active}) and is ${enabled}`)];
}
