import assert from 'node:assert/strict';
import { join } from 'node:path';
import { killedStarts, killPoints } from '../fixtures/killed-starts.ts';
import { makeTree } from '../fixtures/tree.ts';
import { programs, type Scenario } from './scenario.ts';
import { inMemory } from './scratch.ts';

const starts = 70;

/** A unit that is started again every five seconds for a quarter of an hour, and killed each time. */
export const manyKilledStarts: readonly Scenario[] = [
  {
    name: 'two hundred starts that are killed leave the same files as two',
    needs: [programs.openssl, programs.flock],
    isHeavy: false,
    run: () =>
      inMemory(async (scratch) => {
        for (const [index, point] of killPoints.entries()) {
          const tree = makeTree({ directory: join(scratch, `node-${String(index)}`), leaf: 'expired' });
          const [, second, ...others] = await killedStarts(tree, starts, point);
          for (const listing of others) assert.deepEqual(listing, second, point[0]);
        }
        return `${String(starts)} starts killed at each of ${String(killPoints.length)} places`;
      }),
  },
];
