import { watch, type FSWatcher } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Waker, Wake } from '../daemon/ports.ts';
import { ownPaths } from '../disk/own-paths.ts';
import type { Clock } from './clock.ts';
import { hostDirectory } from './files/host-place.ts';

const urgency: readonly Wake[] = ['stop', 'reload', 'saved', 'changed'];

/**
 * Waiting that signals and changed files interrupt: SIGTERM and SIGINT stop, SIGHUP reloads.
 * @param root directory that stands in for `/`
 */
export function createWaker(root: string, clock: Pick<Clock, 'sleep'>): Waker {
  const pending = new Set<Wake>();
  const stop = new AbortController();
  let watchers: readonly FSWatcher[] = [];
  let waiting = new AbortController();

  const wake = (cause: Wake): void => {
    pending.add(cause);
    if (cause === 'stop') stop.abort();
    waiting.abort();
  };
  const listeners = [
    [
      'SIGTERM',
      () => {
        wake('stop');
      },
    ],
    [
      'SIGINT',
      () => {
        wake('stop');
      },
    ],
    [
      'SIGHUP',
      () => {
        wake('reload');
      },
    ],
  ] as const;
  for (const [signal, listener] of listeners) process.on(signal, listener);

  const unwatch = (): void => {
    for (const watcher of watchers) watcher.close();
    watchers = [];
  };
  return {
    stopping: stop.signal,
    wait: async (ms) => {
      waiting = new AbortController();
      if (pending.size === 0) await clock.sleep(ms, waiting.signal);
      const cause = urgency.find((candidate) => pending.has(candidate)) ?? 'elapsed';
      pending.delete(cause);
      return cause;
    },
    watch: (directories) => {
      // Anew each time: a directory that was replaced has taken its watch with it. What changes meanwhile the hashes show.
      unwatch();
      const ofNode = directories.flatMap((directory) =>
        watchDirectory(
          () => hostDirectory(resolve(root), directory),
          () => {
            wake('changed');
          },
        ),
      );
      // It is renamed into its place: a watch of the file itself would see one change and no other.
      const ofState = watchDirectory(
        () => hostDirectory(resolve(root), dirname(ownPaths.state)),
        (name) => {
          if (name === basename(ownPaths.state)) wake('saved');
        },
      );
      watchers = [...ofNode, ...ofState];
    },
    close: () => {
      unwatch();
      for (const [signal, listener] of listeners) process.off(signal, listener);
    },
  };
}

function watchDirectory(place: () => string, changed: (name: string | null) => void): readonly FSWatcher[] {
  try {
    const watcher = watch(place(), { persistent: false }, (_event, name) => {
      // Names with a dot in front are files on their way to their real name, ours among them.
      if (name?.startsWith('.') !== true) changed(name);
    });
    watcher.on('error', () => {
      watcher.close();
    });
    return [watcher];
  } catch {
    // Not there yet, or no watches left: it is a hint only, the next check looks anyway.
    return [];
  }
}
