import { spawnSync } from 'node:child_process';
import { CertmendError } from '../../error.ts';

/**
 * Locks an open file as flock(2) does, through the program of the same name: it inherits the descriptor, locks it and
 * exits, and the kernel drops the lock when the last copy of the descriptor is closed, however the process ends.
 *
 * @param name of the file, for the message
 * @param options.shared several may hold it so at a time; otherwise one
 * @param options.waitMs how long to wait for a holder, milliseconds; 0 does not wait
 * @returns false when somebody else holds it
 * @throws CertmendError StorageFailed when it cannot be locked at all
 */
export function flock(
  descriptor: number,
  name: string,
  { shared, waitMs }: { readonly shared: boolean; readonly waitMs: number },
): boolean {
  const wait = waitMs > 0 ? ['-w', (waitMs / 1000).toFixed(3)] : ['-n'];
  const { error, status, stderr } = spawnSync('flock', [...(shared ? ['-s'] : []), ...wait, '3'], {
    stdio: ['ignore', 'ignore', 'pipe', descriptor],
    encoding: 'utf8',
  });
  if (error !== undefined) {
    throw new CertmendError('StorageFailed', 'cannot take the lock: the program flock could not be run', {
      hint: 'install util-linux, which has flock, and make sure that it is on the PATH',
      cause: error,
    });
  }
  if (status === 0 || status === 1) return status === 0;
  throw new CertmendError('StorageFailed', `cannot take the lock ${name}: flock said: ${stderr.trim()}`, {
    hint: `make sure that ${name} is on a local file system`,
  });
}
