import test from 'ava';
import fc from 'fast-check';
import { prunable } from '../../src/generation/numbers.ts';

const none = { active: undefined, standby: undefined, previous: undefined, confirmed: undefined };

const cases: readonly (readonly [string, Parameters<typeof prunable>[0], readonly number[]])[] = [
  ['nothing when there is nothing', { ...none, numbers: [], retention: 3 }, []],
  ['nothing within the limit', { ...none, numbers: [1, 2, 3], active: 3, retention: 3 }, []],
  ['the oldest beyond the limit', { ...none, numbers: [5, 1, 4, 2, 3], active: 5, retention: 3 }, [1]],
  ['no standby, however old', { ...none, numbers: [1, 2, 3, 4, 5], active: 5, standby: 1, retention: 0 }, [2, 3, 4]],
  ['no confirmed one, however old', { ...none, numbers: [1, 2, 3], active: 3, confirmed: 1, retention: 0 }, [2]],
  ['no previous one, with a limit of none', { ...none, numbers: [1, 2, 3], active: 3, previous: 2, retention: 0 }, [1]],
  ['the previous one counted', { ...none, numbers: [1, 2, 3, 4, 5], active: 5, previous: 1, retention: 3 }, [2]],
];

for (const [name, input, wanted] of cases) {
  test(`retention gives up ${name}`, (t) => {
    t.deepEqual(prunable(input), wanted);
  });
}

test('retention never gives up what is in use, and gives up nothing twice', (t) => {
  const number = fc.integer({ min: 1, max: 20 });
  const maybe = fc.option(number, { nil: undefined });
  fc.assert(
    fc.property(
      fc.record({
        numbers: fc.uniqueArray(number),
        active: maybe,
        standby: maybe,
        previous: maybe,
        confirmed: maybe,
        retention: fc.nat(5),
      }),
      (input) => {
        const gone = prunable(input);
        const inUse = [input.active, input.standby, input.previous, input.confirmed];
        t.false(gone.some((candidate) => inUse.includes(candidate)));
        t.true(gone.every((candidate) => input.numbers.includes(candidate)));
        const rest = { ...input, numbers: input.numbers.filter((candidate) => !gone.includes(candidate)) };
        t.deepEqual(prunable(rest), []);
        const spare = rest.numbers.filter((candidate) => !inUse.includes(candidate));
        t.true(spare.length <= input.retention);
      },
    ),
  );
});
