import type { DropIn } from '../systemd/drop-in.ts';

/** One question of `doctor` and its answer. */
export interface Examined {
  /** Short and stable: `clock`, `boot-hook`, `space`, … */
  readonly check: string;
  readonly level: 'ok' | 'warning' | 'critical';
  readonly message: string;
  /** What to do; undefined when it is well. */
  readonly hint: string | undefined;
  /** The file that would make it well, when a file would and its place is free. */
  readonly dropIn: DropIn | undefined;
}

export function well(check: string, message: string): Examined {
  return { check, level: 'ok', message, hint: undefined, dropIn: undefined };
}

export function ill(
  check: string,
  level: 'warning' | 'critical',
  message: string,
  hint: string,
  dropIn?: DropIn,
): Examined {
  return { check, level, message, hint, dropIn };
}
