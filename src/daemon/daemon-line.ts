import { statusLine } from '../report/status-line.ts';
import type { Check } from './reconcile.ts';

/** systemd keeps what it is given; an operator's terminal does not. */
const longestLine = 300;

/**
 * The line of `systemctl status certmend`: the node's health, then what is wrong with the daemon's own work.
 * @param seen undefined when the check could not be made: then the line before it is kept, as far as it was the node's
 */
export function daemonLine(
  seen: { readonly result: Check; readonly now: number } | undefined,
  remarks: readonly (string | undefined)[],
  before: string,
): string {
  const head =
    seen === undefined ? (before === '' ? 'WARNING · could not check' : 'WARNING · last check failed') : headOf(seen);
  const line = [head, ...remarks.flatMap((remark) => remark?.split('\n')[0] ?? [])].join(' · ');
  return line.length <= longestLine ? line : `${line.slice(0, longestLine - 1)}…`;
}

function headOf({ result, now }: { readonly result: Check; readonly now: number }): string {
  return result.kind === 'waiting' ? `waiting · ${result.reason}` : statusLine(result.state, now);
}
