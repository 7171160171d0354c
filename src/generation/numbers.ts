import { highestGeneration } from './generation.ts';

/**
 * The number of a new generation: counted on, never used twice. Where counting comes to its end (a state or a directory
 * by a number that certmend never gave), the lowest that is free.
 *
 * @param next as the state has it
 * @param numbers of the generations that are kept, ascending
 */
export function nextNumber(next: number, numbers: readonly number[]): number {
  const counted = Math.max(next, (numbers.at(-1) ?? 0) + 1, 1);
  if (counted <= highestGeneration) return counted;
  const taken = new Set(numbers);
  let free = 1;
  while (taken.has(free)) free += 1;
  return free;
}

/**
 * Numbers of the generations that may go. The active, the standby, the previous and the last confirmed one stay
 * whatever `retention` says; of the others the newest stay until `retention` of them, the previous one counted, are kept.
 *
 * @param input.retention generations kept beside active, standby and confirmed (3)
 */
export function prunable(input: {
  readonly numbers: readonly number[];
  readonly active: number | undefined;
  readonly standby: number | undefined;
  readonly previous: number | undefined;
  readonly confirmed: number | undefined;
  readonly retention: number;
}): readonly number[] {
  const { numbers, active, standby, previous, confirmed, retention } = input;
  const inUse = new Set([active, standby, confirmed]);
  const keepPrevious = previous !== undefined && !inUse.has(previous);
  const spare = numbers.filter((number) => !inUse.has(number) && number !== previous).sort((a, b) => b - a);
  return spare.slice(Math.max(0, retention - (keepPrevious ? 1 : 0))).sort((a, b) => a - b);
}
