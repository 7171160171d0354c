import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { casesOf, type Case } from './cases.ts';
import { arm, disarm, type Call } from './failing-fs.ts';
import { afterFault, afterNext, lookAt } from './judge.ts';
import type { Report } from './report.ts';
import { situations, type Ended } from './situations.ts';
import { Snapshot } from './snapshot.ts';

/*
 * A process of its own, since it puts itself between the program and the kernel.
 *     run-cases.ts SITUATION PART OF
 * runs each OF-th case, from the PART-th, and prints what came of them: see report.ts.
 */
const [wanted, part = '0', of = '1'] = process.argv.slice(2);
const situation = situations.find(({ name }) => name === wanted);
if (situation === undefined) throw new Error(`no situation ${String(wanted)}`);
const scratch = mkdtempSync(join(tmpdir(), 'certmend-faults-'));
process.once('exit', () => {
  rmSync(scratch, { recursive: true, force: true });
});
const tree = await situation.make(join(scratch, 'node'));
const before = lookAt(tree);
const snapshot = new Snapshot(tree.root);

const reference = await watched();
if (reference.ended.status !== 0) throw new Error(`the reference run: ${reference.ended.printed}`);
const failures: string[] = afterNext(tree, before, reference.ended, situation);
const cases = casesOf(reference.calls).filter((_, index) => index % Number(of) === Number(part));
for (const each of cases) {
  snapshot.restore();
  const { ended, isHit } = await watched(each);
  const problems = isHit ? [] : ['this call was never made'];
  problems.push(...judged(() => afterFault(tree, before, ended, each.call, situation)));
  const next = await (situation.next ?? situation.run)(tree).catch(broken);
  problems.push(...judged(() => afterNext(tree, before, next, situation)));
  const { call, turn, errno } = each;
  if (problems.length > 0)
    failures.push([`${errno} at ${call.name} ${call.path}, time ${turn}`, ...problems].join('\n    '));
}
const report: Report = { cases: cases.length, calls: reference.calls.length, failures };
process.stdout.write(JSON.stringify(report));

async function watched(fault?: Case): Promise<{ ended: Ended; calls: readonly Call[]; isHit: boolean }> {
  arm(tree.root, fault === undefined ? undefined : { ...fault.call, turn: fault.turn, errno: fault.errno });
  const ended = await situation?.run(tree).catch(broken);
  return { ended: ended ?? broken('nothing'), ...disarm() };
}

function broken(error: unknown): Ended {
  return { status: 70, printed: `a bug in certmend: ${inspect(error)}` };
}

/** What cannot even be looked at is a problem of the node. */
function judged(judge: () => string[]): string[] {
  try {
    return judge();
  } catch (error) {
    return [inspect(error)];
  }
}
