import test from 'ava';
import fc from 'fast-check';
import { assess } from '../../src/assess/assess.ts';
import { believeClock, highWaterToleranceMs } from '../../src/assess/believe-clock.ts';
import type { Synchronisation } from '../../src/assess/assessment.ts';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { decide } from '../../src/plan/decide.ts';
import type { Plan } from '../../src/plan/plan.ts';
import {
  admin,
  apiServer,
  authorityCertificate,
  authorityItem,
  day,
  good,
  inputFor,
  leafItem,
  listenerItem,
  node,
  now as start,
  scheduler,
  trigger,
  window,
} from '../assess/sample-node.ts';

/**
 * A node that lives through any sequence of starts on a clock that jumps, stands still and goes back. The model of
 * what a commit does is the least that can be said: a new set is valid from an hour ago for a year, not beyond its
 * authority.
 */

const hour = 3_600_000;
const maxCommitsPerDay = 3;
const maxOfflineGapDays = 1095;
const buildDate = start - 200 * day;
const authorityStart = start - 400 * day;
const authorityEnd = start + 3250 * day;

interface Set {
  readonly notBefore: number;
  readonly notAfter: number;
}

interface Model {
  readonly live: Set;
  readonly previous: Set | undefined;
  readonly listener: Set;
  readonly pending: boolean;
  readonly highWater: number | undefined;
  readonly commits: readonly number[];
}

interface Step {
  readonly now: number;
  readonly synchronisation: Synchronisation;
  /** The service starts after the hook, and acts on the trigger. */
  readonly starts: boolean;
}

function inventoryOf(model: Model): Inventory {
  const authority = (id: string) =>
    authorityItem(id, {
      certificates: good([authorityCertificate(id, { notBefore: authorityStart, notAfter: authorityEnd })]),
    });
  const leaves = [admin, scheduler, apiServer].map((entry) => leafItem(entry, model.live));
  const built = node(authority('server-ca'), authority('client-ca'), ...leaves, listenerItem(model.listener));
  return { ...built, pendingTriggers: model.pending ? [trigger] : [] };
}

function look(model: Model, step: Step): { readonly plan: Plan; readonly believed: boolean } {
  const { now } = step;
  const inventory = inventoryOf(model);
  const clock = believeClock({
    now,
    buildDate,
    highWater: model.highWater,
    authorities: [{ id: 'server-ca', notBefore: authorityStart, notAfter: authorityEnd }],
    synchronisation: step.synchronisation,
    maxOfflineGapDays,
  });
  const plan = decide({
    inventory,
    assessment: assess(inputFor(inventory, { now, clock })),
    standby: { state: 'missing', reason: 'none' },
    brake: { commits: model.commits, maxCommitsPerDay },
    now,
    renewBeforeDays: window,
    previous: model.previous === undefined ? undefined : { generation: 1, ...model.previous },
  });
  return { plan, believed: clock.believed };
}

function fresh(now: number): Set {
  const notBefore = Math.max(now - hour, authorityStart);
  return { notBefore, notAfter: Math.min(notBefore + 365 * day, authorityEnd) };
}

function commit(model: Model, plan: Plan, step: Step, believed: boolean): Model {
  const { now } = step;
  const { highWater: mark = now } = model;
  const moved = now > mark || now < mark - highWaterToleranceMs ? now : mark;
  const highWater = believed ? moved : model.highWater;
  if (plan.actions.length === 0) return { ...model, highWater };
  const installs = plan.actions.some(({ kind }) => kind === 'install');
  const asked = plan.actions.some(({ kind }) => kind === 'regenerate-listener');
  const next = plan.source.kind === 'previous' ? model.previous : fresh(now);
  return {
    live: installs && next !== undefined ? next : model.live,
    previous: installs ? model.live : model.previous,
    listener: model.listener,
    pending: model.pending || asked,
    highWater,
    // As it is counted: the trigger alone uses nothing of the budget (heal/execute.ts).
    commits: plan.actions.every(({ kind }) => kind === 'regenerate-listener') ? model.commits : [...model.commits, now],
  };
}

/** The product makes a new document when it was asked to. */
function startService(model: Model, now: number): Model {
  return model.pending ? { ...model, listener: fresh(now), pending: false } : model;
}

const validity = fc
  .record({
    from: fc.integer({ min: -900 * day, max: 900 * day }),
    length: fc.integer({ min: 1, max: 730 * day }),
  })
  .map(({ from, length }): Set => ({ notBefore: start + from, notAfter: start + from + length }));

const steps = fc.array(
  fc.record({
    move: fc.oneof(
      fc.constant(0),
      fc.integer({ min: 0, max: hour }),
      fc.integer({ min: -2 * day, max: 2 * day }),
      fc.integer({ min: -800 * day, max: 800 * day }),
      fc.constantFrom(-50 * 365 * day, 50 * 365 * day),
    ),
    synchronisation: fc.constantFrom<Synchronisation>('synchronised', 'not-synchronised', 'unknown'),
    starts: fc.boolean(),
  }),
  { minLength: 1, maxLength: 25 },
);

function live(
  first: Set,
  listener: Set,
  moves: readonly { readonly move: number; readonly synchronisation: Synchronisation; readonly starts: boolean }[],
  visit: (at: {
    readonly before: Model;
    readonly after: Model;
    readonly plan: Plan;
    readonly step: Step;
    readonly believed: boolean;
  }) => void,
): void {
  let model: Model = { live: first, previous: undefined, listener, pending: false, highWater: undefined, commits: [] };
  let clock = start;
  for (const { move, ...rest } of moves) {
    clock = Math.max(0, clock + move);
    const step: Step = { ...rest, now: clock };
    const { plan, believed } = look(model, step);
    const after = commit(model, plan, step, believed);
    visit({ before: model, after, plan, step, believed });
    model = rest.starts ? startService(after, clock) : after;
  }
}

test('decide changes nothing on a clock that is not believed, however clocks jump', (t) => {
  fc.assert(
    fc.property(validity, validity, steps, (first, listener, moves) => {
      live(first, listener, moves, ({ plan, believed }) => {
        if (!believed && (plan.decision !== 'deferred' || plan.actions.length > 0)) throw new Error(plan.decision);
      });
    }),
  );
  t.pass();
});

test('decide issues nothing that is already or still invalid, however clocks jump', (t) => {
  fc.assert(
    fc.property(validity, validity, steps, (first, listener, moves) => {
      live(first, listener, moves, ({ plan, after, step }) => {
        const installs = plan.actions.some(({ kind }) => kind === 'install');
        if (installs && (after.live.notBefore > step.now || after.live.notAfter < step.now)) throw new Error('invalid');
      });
    }),
  );
  t.pass();
});

test('decide has nothing more to do right after it did something, however clocks jump', (t) => {
  fc.assert(
    fc.property(validity, validity, steps, (first, listener, moves) => {
      live(first, listener, moves, ({ plan, after, step }) => {
        // Under a dying authority new leaves are due again at once and cannot live longer: that is not a loop either.
        const again = look(after, step).plan;
        if (plan.actions.length > 0 && (again.actions.length > 0 || again.decision === 'rotate'))
          throw new Error(JSON.stringify(again));
      });
    }),
  );
  t.pass();
});

test('decide never commits more often in any 24 hours of the clock than is allowed', (t) => {
  fc.assert(
    fc.property(validity, validity, steps, (first, listener, moves) => {
      live(first, listener, moves, ({ after }) => {
        for (const from of after.commits) {
          const within = after.commits.filter((at) => at >= from && at < from + day).length;
          if (within > maxCommitsPerDay) throw new Error(`${within} commits within 24 hours`);
        }
      });
    }),
  );
  t.pass();
});

test('decide never answers a set that is only not valid yet unless the clock is believed, and then with a repair', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 900 * day }),
      fc.integer({ min: -900 * day, max: 900 * day }),
      fc.constantFrom<Synchronisation>('synchronised', 'not-synchronised'),
      fc.option(fc.integer({ min: -900 * day, max: 900 * day }), { nil: undefined }),
      (ahead, offset, synchronisation, mark) => {
        const now = start + offset;
        const set = { notBefore: now + ahead, notAfter: now + ahead + 365 * day };
        const model: Model = {
          live: set,
          previous: undefined,
          listener: { notBefore: now - day, notAfter: now + 365 * day },
          pending: false,
          highWater: mark === undefined ? undefined : start + mark,
          commits: [],
        };
        const { plan, believed } = look(model, { now, synchronisation, starts: false });
        return believed
          ? plan.decision === 'repair' && plan.actions.every(({ reason }) => reason === 'LeafNotYetValid')
          : plan.decision === 'deferred' && plan.actions.length === 0;
      },
    ),
  );
  t.pass();
});

test('decide is monotone: what is due stays due until something is done', (t) => {
  fc.assert(
    fc.property(
      validity,
      fc.integer({ min: 0, max: 1000 * day }),
      fc.integer({ min: 0, max: 90 * day }),
      (first, offset, later) => {
        const listener = { notBefore: start - day, notAfter: authorityEnd };
        const model: Model = {
          live: first,
          previous: undefined,
          listener,
          pending: false,
          highWater: undefined,
          commits: [],
        };
        const at = (now: number) => look(model, { now, synchronisation: 'synchronised', starts: false }).plan.decision;
        const now = Math.max(start + offset, first.notBefore);
        return at(now) !== 'rotate' || at(now + later) === 'rotate';
      },
    ),
  );
  t.pass();
});

test('decide keeps quiet for good on a clock that stands still', (t) => {
  const moves = Array.from({ length: 50 }, () => ({ move: 0, synchronisation: 'unknown' as const, starts: false }));
  const dead = { notBefore: start - 400 * day, notAfter: start - 35 * day };
  let commits = 0;
  live(dead, dead, moves, ({ plan }) => {
    commits += plan.actions.length > 0 ? 1 : 0;
  });
  t.is(commits, 1);
});
