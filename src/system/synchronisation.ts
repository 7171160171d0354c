import { existsSync } from 'node:fs';
import type { Synchronisation } from '../assess/assessment.ts';

/** Touched by systemd-timesyncd after each successful synchronisation (systemd-timesyncd.service(8)); /run ends with the boot. */
const timesyncFlag = '/run/systemd/timesync/synchronized';
/** Runtime directory of systemd-timesyncd: there while it runs. */
const timesyncDirectory = '/run/systemd/timesync';

/**
 * Whether a time service on this host says that the clock is right. Files only, since nothing else may be asked at
 * boot (P3): chrony and ntpd say it over their sockets alone, so under them the answer is `unknown`, and a clock that
 * jumped by years stays suspect until a person vouches for it (`--believe-clock`).
 * @param root other than `/`: the tree has no running clock, the answer is `unknown`
 */
export function readSynchronisation(root: string): Synchronisation {
  return root === '/' ? synchronisationFrom(existsSync) : 'unknown';
}

/** The rule apart from the disk. */
export function synchronisationFrom(exists: (path: string) => boolean): Synchronisation {
  if (exists(timesyncFlag)) return 'synchronised';
  return exists(timesyncDirectory) ? 'not-synchronised' : 'unknown';
}
