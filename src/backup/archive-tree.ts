import { dirname } from 'node:path';
import type { FileReader, FileState, PathState } from '../disk/file-reader.ts';

type RegularFile = FileState & { readonly state: 'regular' };

/**
 * The files of an archive as if they were on a disk: what resolves a layout, takes an inventory and judges a node then
 * does so for a node that is nowhere yet.
 *
 * @param files by node path
 * @param below what is there besides; without it, nothing
 */
export function archiveTree(files: ReadonlyMap<string, RegularFile>, below?: FileReader): FileReader {
  const names = new Map<string, Set<string>>();
  for (const path of files.keys()) {
    for (let child = path; child !== '/'; child = dirname(child)) {
      const parent = dirname(child);
      const known = names.get(parent) ?? new Set<string>();
      names.set(parent, known.add(child.slice(parent === '/' ? 1 : parent.length + 1)));
    }
  }
  const absent = { state: 'absent' } as const;
  const directory: FileState = { state: 'unreadable', problem: 'directory', detail: 'is a directory' };
  const read = (path: string, other: () => FileState): FileState =>
    files.get(path) ?? (names.has(path) ? directory : other());
  return {
    read: (path, within) => read(path, () => below?.read(path, within) ?? absent),
    readOwn: (path, within) => read(path, () => below?.readOwn(path, within) ?? absent),
    stat: (path): PathState => {
      const file = files.get(path);
      const common = { state: 'present', uid: 0, gid: 0 } as const;
      if (file !== undefined) {
        const { mode, uid, gid, mtimeMs, bytes } = file;
        return { state: 'present', type: 'file', mode, uid, gid, mtimeMs, size: bytes.length };
      }
      const there = below?.stat(path);
      if (there !== undefined && there.state !== 'absent') return there;
      return names.has(path) ? { ...common, type: 'directory', mode: 0o700, size: 0, mtimeMs: 0 } : absent;
    },
    list: (path) => {
      const here = names.get(path);
      const there = below?.list(path);
      return here === undefined ? there : [...new Set([...here, ...(there ?? [])])].sort();
    },
    readLink: (path) => (files.has(path) || names.has(path) ? undefined : below?.readLink(path)),
    // What is to be written is judged where it is written.
    mountedOver: () => new Map(),
  };
}
