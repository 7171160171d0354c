import test from 'ava';
import { runCases } from './report.ts';
import { situations } from './situations.ts';

/*
 * A sample of the cases, the same each time; `npm run test:system` has five times as many, and all of them with
 * CERTMEND_EXHAUSTIVE=1. The divisor has nothing in common with the number of error numbers: so a sample has all of those.
 */
const of = 97;

for (const { name } of situations) {
  test.serial(
    `${name} in which one read or write fails leaves all old or all new, forgets nothing, blames no file of the node, and the next run completes`,
    async (t) => {
      const { cases, calls, failures } = await runCases(name, 7, of);
      t.deepEqual(failures, []);
      t.true(cases > 10, `${cases} cases`);
      t.log(`${cases} cases of ${calls} calls`);
    },
  );
}
