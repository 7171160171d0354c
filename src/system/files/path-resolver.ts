import { diskError, isShortage } from '../../disk/disk-error.ts';
import { lstatSync, readlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';

/** Where a path leads: a place that is there, or why there is none. */
export type Resolution =
  | {
      readonly kind: 'place';
      /** Node path in which no component but perhaps the last is a link. */
      readonly path: string;
      /** Of the last component, which is itself no link unless it was asked for as one. */
      readonly stats: Stats;
    }
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'dangling-symlink' | 'symlink-loop';
      readonly detail: string;
      /** The directory on the way that is such a link; undefined when the path itself is one. */
      readonly link?: string | undefined;
    }
  | { readonly kind: 'symlink-escapes'; readonly detail: string; readonly link: string }
  | { readonly kind: 'error'; readonly error: unknown };

/** What `resolve` found, with the links it took to get there. */
type End = { readonly kind: 'end'; readonly path: string; readonly stats: Stats; readonly links: number } | Lost;

export interface PathResolver {
  /** Follows every link; the place must lie below where `within` leads when that is given. */
  follow(path: string, within?: string): Resolution;
  /** Follows every link but one in the last component. */
  locate(path: string): Resolution;
  /** Every directory, link and file on the way to where the path leads, below the top, as far as it leads. */
  way(path: string): readonly Step[];
}

/** A component of a path, under its real path. */
export interface Step {
  readonly path: string;
  readonly stats: Stats;
}

/** As many as Linux follows in one path (nextresolution(7)). */
const maxLinks = 40;

/** PATH_MAX. Also bounds the recursion, which goes one step down for each component and link. */
const maxPathLength = 4096;

/** What a directory path leads to once its links are followed, with the links that took. */
type Directory = { readonly kind: 'directory'; readonly path: string; readonly links: number } | Lost;
type Lost = Exclude<Resolution, { kind: 'place' }>;

const loop: Lost = { kind: 'symlink-loop', detail: 'is a symlink that leads back to itself' };

/**
 * Resolves node paths below `prefix` without ever leaving it. Directories are looked at once and remembered, so a file
 * in a known directory costs one lstat.
 * @param prefix host directory that stands in for `/`, without a trailing slash
 */
export function createPathResolver(prefix: string): PathResolver {
  const known = new Map<string, Directory>([['/', { kind: 'directory', path: '/', links: 0 }]]);

  function enter(path: string, links: number): Directory {
    const remembered = known.get(path);
    if (remembered !== undefined)
      return remembered.kind === 'directory' && links + remembered.links > maxLinks ? loop : remembered;
    const directory = look(path, links);
    // Only what is there is remembered: a directory that is missing now may be made in a moment, by this very command.
    if (directory.kind === 'directory') known.set(path, directory);
    return directory;
  }

  function look(path: string, links: number): Directory {
    const end = resolve(path, links, true);
    if (end.kind !== 'end') return end;
    return end.stats.isDirectory()
      ? { kind: 'directory', path: end.path, links: end.links - links }
      : { kind: 'absent' };
  }

  /** @param links how many were followed already */
  function resolve(path: string, links: number, followLast: boolean): End {
    const slash = path.lastIndexOf('/');
    const parent = enter(slash <= 0 ? '/' : path.slice(0, slash), links);
    if (parent.kind !== 'directory') return parent;
    const name = path.slice(slash + 1);
    const followed = links + parent.links;
    const place = stepInto(parent.path, name);
    const stats = statsOf(prefix + place);
    if ('kind' in stats) return stats;
    if (!stats.isSymbolicLink() || !followLast) return { kind: 'end', path: place, stats, links: followed };
    if (followed >= maxLinks) return loop;
    const target = targetOf(prefix + place);
    if (typeof target !== 'string') return target;
    const next = target.startsWith('/') ? target : `${parent.path}/${target}`;
    if (next.length > maxPathLength) return failed('ENAMETOOLONG');
    const end = resolve(normal(next), followed + 1, true);
    return end.kind === 'absent' ? { kind: 'dangling-symlink', detail: 'is a dangling symlink' } : end;
  }

  function start(path: string, followLast: boolean): End {
    if (!path.startsWith('/')) return failed('EINVAL');
    if (path.length > maxPathLength) return failed('ENAMETOOLONG');
    return resolve(normal(path), 0, followLast);
  }

  /** A link on the way is told by its own name: nothing can be done at a path behind it. */
  function namingTheLink(path: string, lost: Lost): Lost {
    if (lost.kind !== 'dangling-symlink' && lost.kind !== 'symlink-loop') return lost;
    for (let slash = path.indexOf('/', 1); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const link = path.slice(0, slash);
      const { kind } = enter(link, 0);
      if (kind === lost.kind) return { kind, link, detail: lost.detail.replace('is', `is reached through ${link},`) };
    }
    return lost;
  }

  /** The first component below the directory that takes the path out of it. */
  function leadsOut(path: string, within: string): string {
    const top = enter(within, 0);
    for (let slash = path.indexOf('/', within.length + 1); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const above = enter(path.slice(0, slash), 0);
      if (above.kind === 'directory' && !liesBelow(above.path, top)) return path.slice(0, slash);
    }
    return path;
  }

  function walk(path: string, steps: Map<string, Stats>): void {
    const whole = normal(path);
    for (let end = whole.indexOf('/', 1); ; end = whole.indexOf('/', end + 1)) {
      const step = start(end === -1 ? whole : whole.slice(0, end), false);
      if (step.kind !== 'end') return;
      if (step.path !== '/' && !steps.has(step.path)) {
        steps.set(step.path, step.stats);
        const target = step.stats.isSymbolicLink() ? targetOf(prefix + step.path) : undefined;
        if (typeof target === 'string')
          walk(target.startsWith('/') ? target : `${parentOf(step.path)}/${target}`, steps);
      }
      if (end === -1) return;
    }
  }

  return {
    way(path) {
      const steps = new Map<string, Stats>();
      walk(path, steps);
      return [...steps].map(([at, stats]) => ({ path: at, stats }));
    },
    follow(path, within) {
      const end = start(path, true);
      if (end.kind !== 'end') return namingTheLink(normal(path), end);
      if (within !== undefined && !liesBelow(end.path, enter(normal(within), 0))) {
        const link = leadsOut(normal(path), normal(within));
        const which = link === path ? 'is a symlink' : `is reached through ${link}, a symlink`;
        return { kind: 'symlink-escapes', detail: `${which} that leads outside ${within}`, link };
      }
      return { kind: 'place', path: end.path, stats: end.stats };
    },
    locate(path) {
      const end = start(path, false);
      return end.kind === 'end' ? { kind: 'place', path: end.path, stats: end.stats } : end;
    },
  };
}

function failed(code: string): Lost {
  return { kind: 'error', error: Object.assign(new Error(code), { code }) };
}

/** Without empty components, `.` and a trailing slash. `..` stays: it is taken when its turn comes, as the kernel does. */
function normal(path: string): string {
  // Nearly every path is normal already.
  if (!/\/(?:$|\/|\.(?:\/|$))/.test(path)) return path;
  return `/${path
    .split('/')
    .filter((component) => component !== '' && component !== '.')
    .join('/')}`;
}

/** @param parent a resolved directory; above the top is the top, as in a chroot */
function stepInto(parent: string, name: string): string {
  if (name === '') return parent;
  if (name === '..') return parentOf(parent);
  return parent === '/' ? `/${name}` : `${parent}/${name}`;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0)) || '/';
}

function liesBelow(path: string, directory: Directory): boolean {
  if (directory.kind !== 'directory') return false;
  return directory.path === '/' || path === directory.path || path.startsWith(`${directory.path}/`);
}

function statsOf(hostPath: string): Stats | Lost {
  try {
    return lstatSync(hostPath, { throwIfNoEntry: false }) ?? { kind: 'absent' };
  } catch (error) {
    if (isShortage(error)) throw diskError(error, 'read', hostPath);
    // A component that is no directory: nothing can be there.
    return error instanceof Error && 'code' in error && error.code === 'ENOTDIR'
      ? { kind: 'absent' }
      : { kind: 'error', error };
  }
}

function targetOf(hostPath: string): string | Lost {
  try {
    return readlinkSync(hostPath);
  } catch (error) {
    if (isShortage(error)) throw diskError(error, 'read', hostPath);
    return { kind: 'error', error };
  }
}
