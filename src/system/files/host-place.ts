import { createPathResolver, type Resolution } from './path-resolver.ts';

/**
 * Where a path of the node lies on this host, for the calls that no port has a method for: flock, append, statfs, watch.
 * Links in the directories on the way are followed as a process that is chrooted at `root` would follow them, so none of
 * them leads out; the last component is not followed, and need not exist.
 *
 * @param root directory that stands in for `/`
 * @param path absolute node path
 * @throws an ErrnoException: ENOENT when a directory on the way is missing, ELOOP when a link leads nowhere, in a circle
 */
export function hostPlace(root: string, path: string): string {
  const prefix = root.replace(/\/+$/, '');
  const slash = path.lastIndexOf('/');
  const parent = slash <= 0 ? '/' : path.slice(0, slash);
  const found = createPathResolver(prefix).follow(parent);
  if (found.kind !== 'place') throw lost(found, parent);
  if (!found.stats.isDirectory()) throw failure('ENOTDIR', parent);
  return `${prefix}${found.path === '/' ? '' : found.path}/${path.slice(slash + 1)}`;
}

/**
 * The same for a directory that is used as a whole: a link in its own place is followed too.
 *
 * @throws an ErrnoException, as above
 */
export function hostDirectory(root: string, path: string): string {
  const prefix = root.replace(/\/+$/, '');
  const found = createPathResolver(prefix).follow(path);
  if (found.kind !== 'place') throw lost(found, path);
  return `${prefix}${found.path}`;
}

function lost(found: Exclude<Resolution, { kind: 'place' }>, path: string): unknown {
  if (found.kind === 'error') return found.error;
  return failure(found.kind === 'absent' ? 'ENOENT' : 'ELOOP', path);
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code, syscall: 'open', path });
}
