import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/*
 * Puts itself between the program and the kernel, for a process of its own: every synchronous call for a path below a
 * root (or for a descriptor that was opened there) is counted, and one of them fails with an error number.
 */

export const errorNumbers = ['EIO', 'EACCES', 'EMFILE', 'ENOSPC', 'EROFS'] as const;

/** Its path is below the root; of a descriptor, the one it was opened by. The same in every run: what is random is left out. */
export interface Call {
  readonly name: string;
  readonly path: string;
}

/** Which call fails: the how-manyeth with this name and this path, from 1. */
interface Target extends Call {
  readonly turn: number;
  readonly errno: string;
}

const byPath = [
  'accessSync',
  'chmodSync',
  'linkSync',
  'lstatSync',
  'mkdirSync',
  'mkdtempSync',
  'openSync',
  'readFileSync',
  'readdirSync',
  'readlinkSync',
  'renameSync',
  'rmdirSync',
  'statSync',
  'statfsSync',
  'unlinkSync',
] as const;
const byDescriptor = [
  'closeSync',
  'fchmodSync',
  'fchownSync',
  'fstatSync',
  'fsyncSync',
  'ftruncateSync',
  'readSync',
  'writeSync',
] as const;

type Any = (...words: unknown[]) => unknown;
const kernel = { ...fs } as unknown as Readonly<Record<string, Any>>;
const open = new Map<unknown, string>();
let root: string | undefined;
let target: Target | undefined;
let isHit = false;
let calls: Call[] = [];

/** From here on calls below the directory are counted; without a target none fails. */
export function arm(directory: string, fault?: Target): void {
  [root, target, isHit, calls] = [directory, fault, false, []];
}

/** Nothing is counted any more. */
export function disarm(): { readonly calls: readonly Call[]; readonly isHit: boolean } {
  root = undefined;
  return { calls, isHit };
}

function fails(name: string, hostPath: string): Error | undefined {
  if (root === undefined || !hostPath.startsWith(`${root}/`)) return undefined;
  const path = hostPath
    .slice(root.length)
    .replace(/\.certmend-[0-9a-f]{16}/, '.certmend-ID')
    .replace(/\/\d{8}T\d{6}Z/, '/INSTANT');
  const isSame = (call: Call): boolean => call.name === name && call.path === path;
  calls.push({ name, path });
  if (target === undefined || isHit || !isSame(target) || calls.filter(isSame).length !== target.turn) return undefined;
  isHit = true;
  const { errno } = target;
  const syscall = name.replace(/Sync$/, '');
  const message = `${errno}: injected, ${syscall} '${hostPath}'`;
  return Object.assign(new Error(message), { code: errno, syscall, path: hostPath, errno: -1 });
}

for (const name of byPath) {
  install(name, (...words) => {
    const path = String(words[0]);
    const error = fails(name, path);
    if (error !== undefined) throw error;
    const result = kernel[name]?.(...words);
    if (name === 'openSync') open.set(result, path);
    return result;
  });
}
for (const name of byDescriptor) {
  install(name, (...words) => {
    const path = open.get(words[0]) ?? '';
    const error = fails(name, path);
    if (name === 'closeSync') open.delete(words[0]);
    // A descriptor is gone, whatever close says.
    if (error === undefined || name === 'closeSync') {
      const result = name === 'fsyncSync' ? undefined : kernel[name]?.(...words);
      if (error === undefined) return result;
    }
    throw error;
  });
}
// The program asks the kernel, not the runtime, what a path really is.
const { native } = fs.realpathSync;
fs.realpathSync.native = ((path: string) => {
  const error = fails('realpathSync', path);
  if (error !== undefined) throw error;
  return native(path);
}) as typeof native;
// It has no way to tell an error.
install(
  'existsSync',
  (...words) => fails('existsSync', String(words[0])) === undefined && kernel['existsSync']?.(...words),
);
syncBuiltinESMExports();

function install(name: string, replacement: Any): void {
  (fs as unknown as Record<string, Any>)[name] = replacement;
}
