import { existsSync, readFileSync, closeSync, constants, fsyncSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { delimiter, join, resolve, dirname } from 'node:path';
import { randomBytes } from 'node:crypto';
import type { Examiner } from '../doctor/examine.ts';
import { createStorage } from './files/storage.ts';
import type { DaemonUnit } from '../doctor/daemon-alive.ts';
import { showUnit } from './systemd/units.ts';
import { errnoOf } from '../disk/disk-error.ts';
import { hostDirectory } from './files/host-place.ts';

/** What `doctor` asks of the machine. What it writes to try has no name and is gone at once. */
export function createExaminer(root: string, searchPath: string): Examiner {
  const base = resolve(root);
  return {
    storage: createStorage(root),
    tryWrite: (directory, bytes) => tryWrite(base, directory, bytes),
    daemonUnit: () => (base === '/' ? readDaemonUnit() : undefined),
    hasProgram: (name) => searchPath.split(delimiter).some((place) => place !== '' && existsSync(join(place, name))),
    selinux: root === '/' && existsSync('/sys/fs/selinux/enforce'),
  };
}

const properties = ['LoadState', 'ActiveState', 'UnitFileState', 'Result', 'ExecMainStatus', 'MainPID', 'FreezerState'];

/**
 * What systemd and the kernel say of certmend.service.
 * @returns undefined when systemd cannot be asked
 */
function readDaemonUnit(): DaemonUnit | undefined {
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

/** A file without a name (open(2)): nothing of it is left behind, whatever happens. Not among Node.js's constants. */
const nameless = 0o20000000 | constants.O_DIRECTORY;

const chunk = 65_536;

/**
 * Writes so many bytes into a directory, or into its nearest parent that is there, and takes them back. Tried, because
 * it cannot be computed: quotas, blocks that nobody can use, a file system that turned read-only, an immutable directory.
 * @returns undefined when it worked; else where it failed, and the error number's name
 */
function tryWrite(
  root: string,
  directory: string,
  bytes: number,
): { readonly directory: string; readonly errno: string } | undefined {
  for (let at = directory; ; at = dirname(at)) {
    try {
      writeIn(hostDirectory(root, at), bytes);
      return undefined;
    } catch (error) {
      const errno = errnoOf(error) ?? 'unknown error';
      if (errno !== 'ENOENT' || at === '/') return { directory: at, errno };
    }
  }
}

function writeIn(directory: string, bytes: number): void {
  const descriptor = openScratch(directory === '' ? '/' : directory);
  try {
    // Random: a file system that compresses must not get away with a block.
    const content = randomBytes(chunk);
    for (let left = bytes; left > 0;) left -= writeSync(descriptor, content, 0, Math.min(left, chunk));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function openScratch(directory: string): number {
  try {
    return openSync(directory, nameless | constants.O_RDWR, 0o600);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno !== 'EOPNOTSUPP' && errno !== 'EISDIR' && errno !== 'EINVAL') throw error;
  }
  // NFS and some overlays have no such files.
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants;
  const path = `${directory}/.certmend-probe-${randomBytes(8).toString('hex')}`;
  const descriptor = openSync(path, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, 0o600);
  unlinkSync(path);
  return descriptor;
}
