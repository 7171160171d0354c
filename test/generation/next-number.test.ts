import test from 'ava';
import { highestGeneration } from '../../src/generation/generation.ts';
import { nextNumber } from '../../src/generation/numbers.ts';

for (const [what, next, numbers, expected] of [
  ['counts on from the state', 7, [3, 4], 7],
  ['counts on from the directory where the state is behind', 2, [3, 9], 10],
  ['never gives 0 or less', -3, [], 1],
  ['gives the last number there is', highestGeneration, [1], highestGeneration],
  ['goes back to the lowest that is free after a number of the state beyond all', 2 ** 53, [1, 2, 4], 3],
  ['goes back to the lowest that is free after the last number of all', 5, [1, highestGeneration], 2],
  ['goes back to the lowest that is free where 2^53 + 1 cannot be told from 2^53', 2 ** 53 + 1, [], 1],
] as const) {
  test(`nextNumber ${what}`, (t) => {
    t.is(nextNumber(next, numbers), expected);
    t.true(Number.isSafeInteger(nextNumber(next, numbers)));
  });
}
