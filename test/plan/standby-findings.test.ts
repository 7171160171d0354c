import test from 'ava';
import { standbyFindings } from '../../src/plan/standby-findings.ts';

const cases = [
  [{ state: 'missing', reason: 'none' }, ['StandbyMissing', 'note']],
  [{ state: 'stale', generation: 4, reason: 'old' }, ['StandbyStale', 'note']],
  [{ state: 'invalid', generation: 4, reason: 'changed' }, ['StandbyInvalid', 'warning']],
] as const;
for (const [verdict, expected] of cases) {
  test(`standbyFindings reports a standby that is ${verdict.state}`, (t) => {
    t.deepEqual(
      standbyFindings(verdict).map(({ code, severity }) => [code, severity]),
      [[...expected]],
    );
  });
}

test('standbyFindings has nothing to say of a ready one', (t) => {
  t.deepEqual(standbyFindings({ state: 'ready', generation: 4, notBefore: 0, notAfter: 1 }), []);
});
