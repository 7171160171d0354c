import { errnoOf } from './disk/disk-error.ts';
import { CertmendError, exitStatus } from './error.ts';

/**
 * A part of certmend's own program that could not be loaded, as an error that says so. Parts are loaded when they are
 * needed: the disk can fail then, files can be used up, and an upgrade can have replaced the program of a daemon. That is
 * neither a verdict on the node nor a bug. A part that lost its end, or all of its bytes, can load without an error, and
 * fails when it is used: then the files say it.
 *
 * @param damagedParts files of the program that are not as they were built
 * @returns undefined for every other error
 */
export function programFault(error: unknown, damagedParts: () => readonly string[]): CertmendError | undefined {
  return loadFault(error) ?? fileFault(error, damagedParts);
}

function fileFault(error: unknown, damagedParts: () => readonly string[]): CertmendError | undefined {
  const [first, ...others] = damagedParts();
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : ` and ${String(others.length)} more`;
  return unreadable(
    `${first}${more} differs from what was built`,
    error instanceof Error ? error : new Error(String(error)),
  );
}

function loadFault(error: unknown): CertmendError | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND')
    return unreadable(`a part of it is missing (${firstLine(error.message)})`, error);
  if (!isOfLoader(error.stack ?? '')) return undefined;
  const errno = errnoOf(error);
  if (errno !== undefined) return unreadable(`a part of it cannot be read (${errno})`, error);
  return error instanceof SyntaxError ? unreadable(`a part of it is damaged (${error.message})`, error) : undefined;
}

function unreadable(what: string, cause: Error): CertmendError {
  return new CertmendError(
    'ProgramUnreadable',
    `certmend cannot load its own program: ${what}; this is not a fault of the node, and no file was left half-written`,
    {
      cause,
      // 73 where a system call failed: trying again may help, and the disk is what to look at.
      exit: errnoOf(cause) === undefined ? exitStatus.bug : exitStatus.cannotWrite,
      hint: 'check the disk (dmesg) and the limit of open files, then reinstall the package; after an upgrade: systemctl restart certmend',
    },
  );
}

/** Did the runtime's loader throw it, and not a module that was being loaded? Then its frames are the innermost. */
function isOfLoader(stack: string): boolean {
  const frames = stack.split('\n').filter((line) => /^ +at /.test(line));
  const innermost = frames.find((line) => !/\(?node:(?:fs|internal\/fs|vm|path)\b/.test(line)) ?? '';
  return innermost.includes('node:internal/modules/');
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
