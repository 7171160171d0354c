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
