import { isDeepStrictEqual } from 'node:util';
import type { FileReader } from '../disk/file-reader.ts';
import { loadState } from '../state/load-state.ts';
import type { State } from '../state/state.ts';

/**
 * Whether another certmend has saved something since, that the daemon's own last word does not know: a commit of the boot
 * hook, a refusal, a rollback by a person. The daemon's own saves are none. The state is compared, not the file: what the
 * daemon saved and what came right after it cannot be told apart by their times.
 *
 * @param shown the state of the last check; undefined when there was none
 */
export function isOvertaken(shown: State | undefined, reader: FileReader): boolean {
  const loaded = loadState(reader);
  if (shown === undefined || loaded.kind !== 'loaded') return true;
  return !isDeepStrictEqual(told(shown), told(loaded.state));
}

function told({ health, generations, brake, transaction }: State): unknown {
  const { active, standby, previous } = generations;
  const reasons = health.reasons.map(({ code, id }) => ({ code, id }));
  return { level: health.level, reasons, active, standby, previous, brake, transaction };
}
