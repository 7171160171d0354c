import test from 'ava';
import { assess } from '../../src/assess/assess.ts';
import type { AssessInput } from '../../src/assess/context.ts';
import type { Item } from '../../src/inventory/inventory.ts';
import { urgencyOf } from '../../src/assess/rules/urgency.ts';
import { dayMs } from '../../src/time/units.ts';
import {
  absent,
  admin,
  ahead,
  authorityItem,
  day,
  inputFor,
  kubelet,
  leafItem,
  missing,
  node,
  now,
  scheduler,
} from './sample-node.ts';

test('urgencyOf has a step at 30, 14 and 7 days and one for each day from there, and is critical from where it is told', (t) => {
  const steps = [31, 30, 29.9, 14, 7.1, 7, 6.5, 1, 0.1, 0, -3].map((days) => urgencyOf(days * dayMs, 14));
  t.deepEqual(
    steps.map(({ step }) => step),
    [undefined, 30, 30, 14, 14, 7, 7, 1, 1, 0, 0],
  );
  t.deepEqual(
    steps.map(({ severity }) => severity),
    ['warning', 'warning', 'warning', ...Array.from({ length: 8 }, () => 'critical')],
  );
  t.is(urgencyOf(20 * dayMs, 21).severity, 'critical');
});

const due = node(leafItem(admin, { notAfter: now + 19.5 * day }), leafItem(scheduler, { notAfter: now + 60 * day }));

test('assess orders the restart of a running service, with unit, date and what is left, before each certificate', (t) => {
  const { health, restart } = assess(inputFor(due, { serviceRunning: true }));
  t.deepEqual(restart, { before: now + 19.5 * day, first: 'client-admin', due: 2 });
  t.is(
    health.reasons[0]?.message,
    'restart rke2-server before 2026-06-20 12:00 UTC or the node stops (19 d): client-admin expires then, 1 more due',
  );
  t.like(health.reasons[0], { code: 'RestartDue', id: undefined, severity: 'warning', step: 30 });
});

for (const [what, change] of [
  ['a service that is down', { serviceRunning: false }],
  ['a service of which nobody knows whether it runs', { serviceRunning: undefined }],
  ['a clock that is not believed', { serviceRunning: true, clock: ahead }],
] as const) {
  test(`assess orders no restart for ${what}`, (t) => {
    const { findings, restart } = assess(inputFor(due, change));
    t.is(restart, undefined);
    t.false(findings.some(({ code }) => code === 'RestartDue'));
  });
}

test('assess orders a restart for what the product makes anew at its start, and says now when it is over', (t) => {
  const own = assess(inputFor(node(leafItem(kubelet, { notAfter: now - day })), { serviceRunning: true }));
  t.like(own.restart, { first: 'agent/client-kubelet', due: 1 });
  t.is(own.health.level, 'critical');
  t.regex(own.health.reasons[0]?.message ?? '', /^restart rke2-server now, agent\/client-kubelet expired 1 day ago/);
});

test('assess orders no restart where none would help: the authority of what ends cannot sign', (t) => {
  const stuck = node(
    authorityItem('client-ca', { key: missing, keyFile: absent }),
    leafItem(admin, { notAfter: now + 10 * day }),
  );
  const { restart, findings } = assess(inputFor(stuck, { serviceRunning: true }));
  t.is(restart, undefined);
  const own = findings.find(({ id, code }) => id === 'client-admin' && code === 'LeafRenewDue');
  t.like(own, { severity: 'critical', step: 14, answer: 'operator' });
});

const live = { doneByDays: 6.5 };

test('assess orders no restart for what the daemon renews while the service runs, and calls a person when it should have been done', (t) => {
  const of = (days: number, change: Partial<AssessInput> = {}): ReturnType<typeof assess> => {
    const set = node(leafItem(admin, { notAfter: now + days * day }));
    const input = inputFor(set, { serviceRunning: true, ...change });
    return assess({ ...input, settings: { ...input.settings, live } });
  };
  t.is(of(100).restart, undefined);
  t.is(of(6.6).restart, undefined, 'in its last week it waits for no window');
  t.is(of(100).health.level, 'ok');
  t.like(
    of(100).findings.find(({ code }) => code === 'LeafRenewDue'),
    { severity: 'note', answer: 'rotate' },
  );
  t.like(of(6.4).restart, { first: 'client-admin' });
  t.is(of(6.4).health.level, 'critical');
  t.is(of(100, { serviceRunning: false }).restart, undefined);
  t.is(of(100, { serviceRunning: false }).health.level, 'warning', 'while it is down its next start answers it');
});

test('assess orders the restart all the same for what the daemon cannot renew: the agent part, and a node that is not sound', (t) => {
  const of = (...items: readonly Item[]): ReturnType<typeof assess> => {
    const input = inputFor(node(...items), { serviceRunning: true });
    return assess({ ...input, settings: { ...input.settings, live } });
  };
  const agent = of(leafItem(kubelet, { notAfter: now + 60 * day }), leafItem(admin, { notAfter: now + 50 * day }));
  t.like(agent.restart, { first: 'agent/client-kubelet', due: 1 });
  const damaged = of(
    { ...leafItem(scheduler), certificates: { ok: false, missing: false, problems: ['is not PEM'] } },
    leafItem(admin, { notAfter: now + 60 * day }),
  );
  t.like(damaged.restart, { first: 'client-admin' });
});

test('assess orders a restart before the end of what a process has read at its start, whatever is on the disk since', (t) => {
  const of = (days: number | undefined): ReturnType<typeof assess> => {
    const set = node(leafItem({ ...admin, readAtStartBy: 'rke2' }, { notAfter: now + 360 * day }));
    const heldUntil = days === undefined ? undefined : now + days * day;
    return assess(inputFor(set, { serviceRunning: true, heldUntil }));
  };
  t.is(of(undefined).restart, undefined);
  t.is(of(121).restart, undefined);
  t.deepEqual(of(20).restart, { before: now + 20 * day, first: 'client-admin', due: 1 });
  t.is(of(10).health.level, 'critical');
});
