import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { Examiner } from '../doctor/examine.ts';
import { readDaemonUnit } from './systemd/daemon-unit.ts';
import { createStorage } from './files/storage.ts';
import { tryWrite } from './files/try-write.ts';

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
