import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { FileReader, FileState, PathState } from '../../src/disk/file-reader.ts';

/** What a path of a made-up node holds. A string is a regular file. */
export type Content =
  string | Buffer | { readonly link: string } | { readonly directory: true } | { readonly unreadable: string };

/** A FileReader over a literal tree; parent directories exist by themselves. Links are followed in the last component. */
export function memoryReader(tree: Readonly<Record<string, Content>>): FileReader {
  const files = new Map(Object.entries(tree));
  const isDirectory = (path: string): boolean => {
    const content = files.get(path);
    if (typeof content === 'object' && 'directory' in content) return true;
    return [...files.keys()].some((name) => name.startsWith(`${path}/`));
  };
  const read = (path: string, depth = 0): FileState => {
    const content = files.get(path);
    if (content === undefined || (typeof content === 'object' && 'directory' in content)) {
      return isDirectory(path)
        ? { state: 'unreadable', problem: 'directory', detail: 'is a directory' }
        : { state: 'absent' };
    }
    if (typeof content === 'object' && 'unreadable' in content)
      return { state: 'unreadable', problem: 'io', detail: content.unreadable };
    if (typeof content === 'object' && 'link' in content) {
      if (depth > 8) return { state: 'unreadable', problem: 'symlink-loop', detail: 'is a symlink loop' };
      if (content.link === '/dev/null')
        return { state: 'unreadable', problem: 'special-file', detail: 'is a character device' };
      const target = read(posix.resolve(posix.dirname(path), content.link), depth + 1);
      return target.state === 'absent'
        ? { state: 'unreadable', problem: 'dangling-symlink', detail: 'is a dangling symlink' }
        : target;
    }
    const bytes = Buffer.from(content);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    return { state: 'regular', bytes, sha256, mode: 0o644, uid: 0, gid: 0, mtimeMs: 0 };
  };
  const stat = (path: string): PathState => {
    const content = files.get(path);
    const common = { state: 'present', mode: 0o644, uid: 0, gid: 0, size: 0, mtimeMs: 0 } as const;
    if (typeof content === 'object' && 'link' in content) return { ...common, type: 'symlink' };
    if (isDirectory(path)) return { ...common, type: 'directory' };
    return content === undefined ? { state: 'absent' } : { ...common, type: 'file' };
  };
  const list = (directory: string): readonly string[] | undefined => {
    if (!isDirectory(directory)) return undefined;
    const prefix = `${directory}/`;
    const names = [...files.keys()].filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    return [...new Set(names.map((name) => name.split('/')[0] ?? ''))].sort();
  };
  const readLink = (path: string): string | undefined => {
    const content = files.get(path);
    return typeof content === 'object' && 'link' in content ? content.link : undefined;
  };
  return {
    read: (path) => read(path),
    readOwn: (path) => read(path),
    stat,
    list,
    readLink,
    mountedOver: () => new Map(),
  };
}
