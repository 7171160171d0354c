import test from 'ava';
import fc from 'fast-check';
import { brakeEngaged, brakeMessage } from '../../src/plan/rate-limit.ts';

const day = 86_400_000;
const now = Date.parse('2026-06-01T00:00:00Z');

const cases: readonly (readonly [title: string, ago: readonly number[], engaged: boolean])[] = [
  ['is off without commits', [], false],
  ['is off one commit before the last allowed', [1, 2], false],
  ['is on at the last allowed', [1, 2, 3], true],
  ['counts commits of the last 24 hours', [1, 2, day - 1], true],
  ['forgets a commit after 24 hours', [1, 2, day], false],
  ['counts commits that lie less than a day ahead', [1, -1, -day + 1], true],
  ['forgets what a clock that ran ahead has left', [-day, -400 * day, -401 * day, -18_000 * day], false],
];
for (const [title, ago, engaged] of cases) {
  test(`brakeEngaged ${title}`, (t) => {
    t.is(brakeEngaged({ commits: ago.map((ms) => now - ms), maxCommitsPerDay: 3 }, now), engaged);
  });
}

test('brakeEngaged is always on when no commits are allowed', (t) => {
  t.true(brakeEngaged({ commits: [], maxCommitsPerDay: 0 }, now));
});

test('brakeMessage says when it lets go, and it does', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -3 * day, max: 3 * day }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 4 }),
      (offsets, maxCommitsPerDay) => {
        const brake = { commits: offsets.map((ms) => now + Math.floor(ms / 1000) * 1000), maxCommitsPerDay };
        if (!brakeEngaged(brake, now)) return true;
        const [, until = ''] = /until (\S+Z)/.exec(brakeMessage(brake, now)) ?? [];
        const at = Date.parse(until);
        return !brakeEngaged(brake, at) && brakeEngaged(brake, at - 1);
      },
    ),
  );
  t.pass();
});

test('brakeEngaged never waits longer than two days for a clock that ran ahead', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: day, max: 36_500 * day })), fc.array(fc.nat(day - 1)), (far, near) => {
      const brake = { commits: [...far.map((ms) => now + ms), ...near.map((ms) => now + ms)], maxCommitsPerDay: 3 };
      // Far ones alone never engage it; near ones do at most until they are a day old.
      const alone = brakeEngaged({ ...brake, commits: far.map((ms) => now + ms) }, now);
      const soon = brakeEngaged({ ...brake, commits: near.map((ms) => now + ms) }, now + 2 * day);
      return !alone && !soon;
    }),
  );
  t.pass();
});

test('brakeEngaged is monotone: more commits never release it', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.integer()),
      fc.integer(),
      fc.integer({ min: 0, max: 5 }),
      (commits, more, maxCommitsPerDay) => {
        const before = brakeEngaged({ commits, maxCommitsPerDay }, now);
        return !before || brakeEngaged({ commits: [...commits, more], maxCommitsPerDay }, now);
      },
    ),
  );
  t.pass();
});
