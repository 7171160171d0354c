import type { Notifier } from './ports.ts';
import { statusLine } from '../report/status-line.ts';
import type { State } from '../state/state.ts';

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

/** systemd keeps what it is given; an operator's terminal does not. */
const longestLine = 300;

/** The line of `systemctl status certmend`: the node's health, then what is wrong with the daemon's own work. */
export function daemonLine(head: string, remarks: readonly (string | undefined)[]): string {
  const line = [head, ...remarks.flatMap((remark) => remark?.split('\n')[0] ?? [])].join(' · ');
  return line.length <= longestLine ? line : `${line.slice(0, longestLine - 1)}…`;
}

/**
 * The same when the node could not be looked at. What is not known is never better than what was known last: a node that
 * was critical stays so until somebody has looked.
 *
 * @param last the state of the last check that could be made; undefined when there was none
 * @param now milliseconds since the epoch
 */
export function blindHead(last: State | undefined, now: number): string {
  if (last === undefined || last.lastCheck === null) return 'WARNING · could not check';
  const [verdict = '', ...facts] = statusLine(last, now).split(' · ');
  const kept = verdict === 'CRITICAL' ? verdict : 'WARNING';
  const before = verdict === 'healthy' ? statusLine(last, now) : facts.join(' · ');
  return `${kept} · last check failed · before: ${before}`;
}
