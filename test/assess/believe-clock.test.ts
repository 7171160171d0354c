import test from 'ava';
import fc from 'fast-check';
import { believeClock, highWaterToleranceMs, type ClockInput } from '../../src/assess/believe-clock.ts';

const day = 86_400_000;
const minute = 60_000;
const at = (text: string): number => Date.parse(text);

const usual: ClockInput = {
  now: at('2026-06-01T00:00:00Z'),
  buildDate: at('2026-01-01T00:00:00Z'),
  highWater: at('2026-05-31T23:00:00Z'),
  authorities: [
    { id: 'server-ca', notBefore: at('2024-03-01T00:00:00Z'), notAfter: at('2034-02-27T00:00:00Z') },
    { id: 'client-ca', notBefore: at('2024-03-01T00:00:01Z'), notAfter: at('2034-02-27T00:00:01Z') },
  ],
  synchronisation: 'not-synchronised',
  maxOfflineGapDays: 1095,
};
const young = { id: 'young-ca', notBefore: at('2026-07-01T00:00:00Z'), notAfter: at('2036-07-01T00:00:00Z') };

type Verdict = ReturnType<typeof believeClock>['verdict'];
const cases: readonly (readonly [title: string, change: Partial<ClockInput>, verdict: Verdict, bound?: number])[] = [
  ['believes a clock that runs on from the mark', {}, 'believed'],
  ['believes a clock 400 days after the mark', { now: at('2027-07-05T23:00:00Z') }, 'believed'],
  ['believes a clock exactly at the longest gap', { now: at('2026-05-31T23:00:00Z') + 1095 * day }, 'believed'],
  [
    'suspects a clock beyond the longest gap',
    { now: at('2026-05-31T23:00:00Z') + 1095 * day + 1 },
    'ahead-suspect',
    at('2026-05-31T23:00:00Z') + 1095 * day,
  ],
  ['suspects a clock 50 years ahead', { now: at('2076-06-01T00:00:00Z') }, 'ahead-suspect'],
  [
    'believes a clock 50 years ahead when it is synchronised',
    { now: at('2076-06-01T00:00:00Z'), synchronisation: 'synchronised' },
    'believed',
  ],
  [
    'takes an unknown synchronisation for none',
    { now: at('2076-06-01T00:00:00Z'), synchronisation: 'unknown' },
    'ahead-suspect',
  ],
  ['calls 1970 behind', { now: 0 }, 'behind', usual.buildDate],
  ['calls a synchronised 1970 behind', { now: 0, synchronisation: 'synchronised' }, 'behind', usual.buildDate],
  ['calls 1970 behind whatever a person says', { now: 0, operatorBelieves: true }, 'behind', usual.buildDate],
  [
    'calls a clock before the start of an authority behind',
    { authorities: [...usual.authorities, young] },
    'behind',
    young.notBefore,
  ],
  [
    'calls it behind an authority though it is synchronised',
    { authorities: [young], synchronisation: 'synchronised' },
    'behind',
    young.notBefore,
  ],
  ['believes a person against an authority', { authorities: [young], operatorBelieves: true }, 'believed'],
  ['lets a small step back pass', { now: at('2026-05-31T22:56:00Z') }, 'believed'],
  [
    'calls a clock an hour behind the mark behind',
    { now: at('2026-05-31T22:00:00Z') },
    'behind',
    at('2026-05-31T22:55:00Z'),
  ],
  [
    'leaves a mark of a clock that ran ahead behind once synchronised',
    { highWater: at('2029-01-01T00:00:00Z'), synchronisation: 'synchronised' },
    'believed',
  ],
  ['calls it behind such a mark while not synchronised', { highWater: at('2029-01-01T00:00:00Z') }, 'behind'],
  ['believes a person against the mark', { highWater: at('2029-01-01T00:00:00Z'), operatorBelieves: true }, 'believed'],
  [
    'believes a first run three years after the build',
    { highWater: undefined, now: at('2028-12-30T00:00:00Z') },
    'believed',
  ],
  [
    'suspects a first run further from everything known',
    { highWater: undefined, now: at('2029-06-01T00:00:00Z') },
    'ahead-suspect',
    usual.buildDate + 1095 * day,
  ],
  [
    'measures a first run from an authority younger than the build',
    { highWater: undefined, authorities: [young], now: at('2029-06-01T00:00:00Z') },
    'believed',
  ],
  [
    'measures from a build newer than the mark',
    { highWater: at('2023-01-01T00:00:00Z'), now: at('2026-06-01T00:00:00Z') },
    'believed',
  ],
  [
    'suspects a clock past the end of an authority within the gap',
    { authorities: [{ id: 'old-ca', notBefore: 0, notAfter: at('2026-05-31T23:30:00Z') }] },
    'ahead-suspect',
    at('2026-05-31T23:30:00Z'),
  ],
  [
    'believes a clock past an end that the mark has passed too',
    { authorities: [{ id: 'old-ca', notBefore: 0, notAfter: at('2026-05-01T00:00:00Z') }] },
    'believed',
  ],
  [
    'believes a synchronised clock past the end of an authority',
    {
      authorities: [{ id: 'old-ca', notBefore: 0, notAfter: at('2026-05-31T23:30:00Z') }],
      synchronisation: 'synchronised',
    },
    'believed',
  ],
  ['believes a node without authorities', { authorities: [], highWater: undefined }, 'believed'],
];

for (const [title, change, verdict, bound] of cases) {
  test(`believeClock ${title}`, (t) => {
    const belief = believeClock({ ...usual, ...change });
    t.is(belief.verdict, verdict);
    t.is(belief.believed, verdict === 'believed');
    t.true(belief.evidence.length > 0);
    if (bound !== undefined) t.is(belief.bound, bound);
    if (verdict === 'believed') t.is(belief.bound, undefined);
  });
}

test('believeClock names the authority and says both things it may be when it is past an end', (t) => {
  const belief = believeClock({
    ...usual,
    authorities: [{ id: 'old-ca', notBefore: 0, notAfter: at('2026-05-31T23:30:00Z') }],
  });
  t.regex(
    belief.evidence[0] ?? '',
    /old-ca \(2026-05-31T23:30:00Z\).*either the clock runs ahead or old-ca has expired/,
  );
});

const instants = fc.integer({ min: at('2015-01-01T00:00:00Z'), max: at('2090-01-01T00:00:00Z') });

test('believeClock never believes a clock before the build date', (t) => {
  fc.assert(
    fc.property(
      instants,
      fc.option(instants, { nil: undefined }),
      fc.constantFrom('synchronised', 'not-synchronised', 'unknown'),
      fc.boolean(),
      (now, highWater, synchronisation, operatorBelieves) => {
        const belief = believeClock({ ...usual, now, highWater, synchronisation, operatorBelieves });
        return now >= usual.buildDate || belief.verdict === 'behind';
      },
    ),
  );
  t.pass();
});

test('believeClock once it believes an instant believes the following one with that instant as its mark', (t) => {
  fc.assert(
    fc.property(instants, fc.integer({ min: -highWaterToleranceMs, max: 30 * minute }), (now, step) => {
      if (!believeClock({ ...usual, highWater: undefined, now }).believed) return true;
      const later = now + step;
      if (later < usual.buildDate || usual.authorities.some((authority) => later > authority.notAfter)) return true;
      return believeClock({ ...usual, highWater: now, now: later }).believed;
    }),
  );
  t.pass();
});
