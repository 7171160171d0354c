import assert from 'node:assert/strict';
import { runCases, type Report } from '../faults/report.ts';
import { situations } from '../faults/situations.ts';
import { programs, type Scenario } from './scenario.ts';
import { inLanes } from './scratch.ts';
import { exhaustive } from './strace.ts';

/** For a night: all cases of a situation, in parts that take turns on the processors. */
const all = { of: 8, parts: [0, 1, 2, 3, 4, 5, 6, 7] };
/** Three minutes of a processor: five times the sample of the tests, and other cases. With no divisor of the number of error numbers. */
const share = { of: 21, parts: [11] };

/** Inside of one process, where each call is counted and nothing but it fails; the kernel's own errors are error-injection's. */
export const faults: readonly Scenario[] = [
  {
    name: 'certmend in which any one read or write fails leaves all old or all new, forgets nothing and blames no file',
    needs: [programs.openssl, programs.flock, programs.cp],
    isHeavy: true,
    run: everyCall,
  },
];

async function everyCall(): Promise<string> {
  const { of, parts } = exhaustive ? all : share;
  const jobs = situations.flatMap(({ name }) => parts.map((part) => ({ name, part })));
  const reports = new Map<string, Report[]>();
  await inLanes(
    jobs,
    2,
    ({ name }) => name,
    async ({ name, part }) => {
      const report = await runCases(name, part, of);
      reports.set(name, [...(reports.get(name) ?? []), report]);
      assert.deepEqual(report.failures, []);
    },
  );
  const told = [...reports].map(([name, each]) => {
    const cases = each.reduce((sum, report) => sum + report.cases, 0);
    return `${cases} failures of ${each[0]?.calls ?? 0} calls in ${name}`;
  });
  return told.join(', ');
}
