import { isAbsolute, resolve } from 'node:path';
import { CertmendError, exitStatus } from '../../error.ts';

let isGone = false;

/**
 * Goes to `/` when the directory that the process was started in is gone (a shell in a directory that somebody removed):
 * libraries ask where they are and fail otherwise. Called once, before anything else.
 */
export function leaveGoneDirectory(): void {
  try {
    process.cwd();
  } catch {
    isGone = true;
    process.chdir('/');
  }
}

/**
 * The absolute path that a person means, who typed it here.
 * @throws CertmendError Usage when it is relative to a directory that is gone
 */
export function fromWorkingDirectory(path: string): string {
  if (isGone && !isAbsolute(path)) {
    throw new CertmendError('Usage', `${path} is relative to a working directory that no longer exists`, {
      exit: exitStatus.usage,
      hint: 'change to a directory that exists, or give an absolute path',
    });
  }
  return resolve(path);
}
