import assert from 'node:assert/strict';
import { runCases, type Report } from '../faults/report.ts';
import { situations } from '../faults/situations.ts';
import { programs, type Scenario } from './scenario.ts';
import { inLanes } from './scratch.ts';

/** The cases of a situation come in so many parts, which take turns on the processors. */
const parts = 8;

/** For a night: the tests have a sample of it. Inside of one process, where each call is counted and nothing but it fails; the kernel's own errors are error-injection's. */
export const faults: readonly Scenario[] = [
  {
    name: 'certmend in which any one read or write fails leaves all old or all new, forgets nothing and blames no file',
    needs: [programs.openssl, programs.flock, programs.cp],
    isHeavy: true,
    run: everyCall,
  },
];

async function everyCall(): Promise<string> {
  const jobs = situations.flatMap(({ name }) => Array.from({ length: parts }, (_, part) => ({ name, part })));
  const reports = new Map<string, Report[]>();
  await inLanes(
    jobs,
    2,
    ({ name }) => name,
    async ({ name, part }) => {
      const report = await runCases(name, part, parts);
      reports.set(name, [...(reports.get(name) ?? []), report]);
      assert.deepEqual(report.failures, []);
    },
  );
  const told = [...reports].map(([name, of]) => {
    const cases = of.reduce((sum, report) => sum + report.cases, 0);
    return `${cases} failures of ${of[0]?.calls ?? 0} calls in ${name}`;
  });
  return told.join(', ');
}
