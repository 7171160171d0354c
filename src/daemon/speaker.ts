import type { Notifier } from './ports.ts';

/** A notifier that tells systemd a status line once, however often it is said. */
export function createSpeaker(notifier: Notifier): Notifier {
  let heard: string | undefined;
  return {
    ...notifier,
    ready: async (line) => {
      heard = line;
      await notifier.ready(line);
    },
    status: async (line) => {
      if (line === heard) return;
      heard = line;
      await notifier.status(line);
    },
  };
}
