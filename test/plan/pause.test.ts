import test from 'ava';
import type { Plan } from '../../src/plan/plan.ts';
import { applyPause, pausedUntil } from '../../src/plan/rate-limit.ts';

const now = Date.parse('2027-06-01T12:00:00Z');
const attempts = (count: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => now - (count - index) * 1000);

for (const [count, pauseMs] of [
  [0, undefined],
  [2, undefined],
  [3, 30_000],
  [4, 60_000],
  [6, 240_000],
  [7, 300_000],
  [20, 300_000],
] as const) {
  test(`pausedUntil after ${String(count)} attempts in a row that came to nothing waits ${String(pauseMs)} ms`, (t) => {
    const brake = { commits: [], attempts: attempts(count), maxCommitsPerDay: 6 };
    t.is(pausedUntil(brake, now), pauseMs === undefined ? undefined : now - 1000 + pauseMs);
    t.is(pausedUntil(brake, now + 300_000), undefined);
  });
}

test('pausedUntil never waits long for a clock that ran ahead', (t) => {
  const brake = { commits: [], attempts: attempts(9).map((at) => at + 365 * 86_400_000), maxCommitsPerDay: 6 };
  t.is(pausedUntil(brake, now), undefined);
});

test('applyPause has a reason of its own, which is not that of the brake', (t) => {
  const action = { kind: 'install', id: 'client-admin', reason: 'LeafExpired' } as const;
  const plan: Plan = { decision: 'rotate', actions: [action], source: { kind: 'issue' }, reasons: [] };
  const held = applyPause(plan, { commits: [], attempts: attempts(4), maxCommitsPerDay: 6 }, now);
  t.like(held, { decision: 'refused', actions: [], source: { kind: 'none' } });
  t.deepEqual(
    held.reasons.map(({ code }) => code),
    ['AttemptsPaused'],
  );
  t.regex(held.reasons[0]?.message ?? '', /^4 attempts in a row failed .* no new attempt before 2027-06-01T12:00:59Z/);
});
