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
    throw new CertmendError('Usage', `${path} is relative to a working directory that is gone`, {
      exit: exitStatus.usage,
      hint: 'go to a directory that is there, or give the whole path, from / on',
    });
  }
  return resolve(path);
}
