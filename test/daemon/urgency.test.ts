import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { day, type Tree } from '../fixtures/tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { live, pass, type LifeOptions, type Step } from './life.ts';

interface Told {
  readonly event: string;
  readonly priority: string;
  readonly reason?: string;
  readonly message: string;
}

function told(root: string, reason: string): readonly Told[] {
  const path = join(root, 'var/lib/certmend/audit.jsonl');
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Told)
    .filter((record) => record.event === 'health-changed' && record.reason === reason);
}

const running: LifeOptions['ports'] = (ports) => ({ ...ports, serviceRunning: () => true });

/** Waits until this many days have passed since the start, twice: the second check of a day must have no news. */
function until(days: readonly number[]): readonly Step[] {
  let passed = 0;
  return days.flatMap((to): Step[] => {
    const ms = (to - passed) * day;
    passed = to;
    return [() => ({ ms }), pass];
  });
}

function near(tree: Tree, passed: number): { start: number } {
  return { start: tree.now + passed * day };
}

test('daemon tells what ends under a running service at each step: from when a renewal should have been done, at 30, 14 and 7 days, and daily from there', async (t) => {
  const now = Math.floor(Date.now() / day) * day;
  const tree = temporaryTree(t, { now, leaf: { notBefore: now - day, notAfter: now + 130 * day } });
  const life = await live(tree.root, until([5, 20, 90, 105, 117, 124, 125, 126, 129, 131]), {
    start: now + day / 2,
    ports: running,
  });
  const records = told(tree.root, 'RestartDue');
  t.deepEqual(
    records.map(({ message, priority }) => [
      /\((.*?)\)/
        .exec(message)?.[1]
        ?.replace(/^\d+ hours$/, 'hours')
        .replace(/^\d{4}.*/, 'over'),
      priority,
    ]),
    [
      ['24 d', 'warning'],
      ['12 d', 'critical'],
      ['5 d', 'critical'],
      ['4 d', 'critical'],
      ['3 d', 'critical'],
      ['hours', 'critical'],
      ['over', 'critical'],
    ],
  );
  t.is(life.announced.length, records.length + 1, 'the program of notify.exec is run as often, and for the listener');
  t.regex(
    records[0]?.message ?? '',
    /^restart rke2-server before \d{4}-\d\d-\d\d 00:00 UTC or the node stops \(24 d\): /,
  );
  const lines = life.told.filter((line) => line.startsWith('status: '));
  const before = `${new Date(now + 130 * day).toISOString().slice(0, 10)} 00:00 UTC`;
  // The one more is the listener, which nobody renews here.
  const order = `status: WARNING · restart rke2-server before ${before} or the node stops (24 d) · and 1 more · see: certmend check`;
  t.true(lines.includes(order), lines.join('\n'));
  t.true(lines.some((line) => /^status: CRITICAL · restart rke2-server before .* \(5 d\)/.test(line)));
});

test('daemon gives no order for a service that is down: its next start is enough', async (t) => {
  const now = Math.floor(Date.now() / day) * day;
  const tree = temporaryTree(t, { now, leaf: { notBefore: now - day, notAfter: now + 10 * day } });
  const life = await live(tree.root, [pass], {
    start: now,
    ports: (ports) => ({ ...ports, serviceRunning: () => false }),
  });
  t.deepEqual(told(tree.root, 'RestartDue'), []);
  t.regex(life.told[0] ?? '', /^ready: WARNING/);
});

test('daemon tells again what got worse, whatever it is: an authority that goes from a warning to critical', async (t) => {
  const now = Math.floor(Date.now() / day) * day;
  const tree = temporaryTree(t, {
    now,
    authority: { notBefore: now - day, notAfter: now + 200 * day },
    leaf: { notBefore: now - day, notAfter: now + 199 * day },
  });
  await live(tree.root, until([10, 90, 175]), { start: now });
  t.deepEqual(
    told(tree.root, 'AuthorityExpiring').map(({ priority }) => priority),
    ['warning', 'critical', 'critical'],
  );
});

test('daemon that starts again does not repeat a step, and tells the next one', async (t) => {
  const now = Math.floor(Date.now() / day) * day;
  const tree = temporaryTree(t, { now, leaf: { notBefore: now - day, notAfter: now + 130 * day } });
  await live(tree.root, [], { ...near(tree, 120), ports: running });
  await live(tree.root, [], { ...near(tree, 120.1), ports: running });
  t.is(told(tree.root, 'RestartDue').length, 1);
  await live(tree.root, [], { ...near(tree, 124.5), ports: running });
  t.is(told(tree.root, 'RestartDue').length, 2);
});
