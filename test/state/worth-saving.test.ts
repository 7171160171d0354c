import test from 'ava';
import { afterAssessment, withEvent } from '../../src/state/transitions.ts';
import { worthSaving } from '../../src/state/worth-saving.ts';
import { leaf, row, seen, seenCertificate } from './a-node.ts';
import { fullState, noon } from './full-state.ts';

const minute = 60_000;
const at = (now: number, change = {}) =>
  seen([leaf('serving-kube-apiserver', seenCertificate(change))], [row('serving-kube-apiserver')], {
    now,
    health: {
      level: 'warning',
      reasons: [
        { code: 'AuthorityExpiring', id: 'server-ca', message: `ends in ${String(1e9 - now)}`, severity: 'warning' },
      ],
    },
  });
const before = afterAssessment(fullState, at(noon));

test('worthSaving says no for a second start right after the first', (t) => {
  t.false(worthSaving(before, afterAssessment(before, at(noon + minute)), noon + minute));
  t.false(worthSaving(before, afterAssessment(before, at(noon + 23 * 60 * minute)), noon + 23 * 60 * minute));
});

test('worthSaving says yes on a first run', (t) => {
  t.true(worthSaving(undefined, before, noon));
});

test('worthSaving says yes when the high-water mark moved by a day', (t) => {
  t.true(worthSaving(before, afterAssessment(before, at(noon + 24 * 60 * minute)), noon + 24 * 60 * minute));
});

test('worthSaving says yes when the high-water mark came back', (t) => {
  const now = noon - 6 * minute;
  const after = afterAssessment(before, at(now));
  t.not(after.clock.highWater, before.clock.highWater);
  t.true(worthSaving(before, after, now));
  t.false(worthSaving(before, afterAssessment(before, at(noon - 4 * minute)), noon - 4 * minute));
});

test('worthSaving says yes once a day on a clock that stands behind the high-water mark', (t) => {
  const now = noon - 25 * 60 * minute;
  t.true(worthSaving(before, afterAssessment(before, at(now)), now));
});

test('worthSaving says yes for another certificate, a name learnt, another health and a new event', (t) => {
  const now = noon + minute;
  t.true(worthSaving(before, afterAssessment(before, at(now, { fingerprint256: 'd'.repeat(64) })), now));
  t.true(worthSaving(before, afterAssessment(before, at(now, { dnsNames: ['new.example'] })), now));
  t.true(worthSaving(before, afterAssessment(before, seen([], [], { now })), now));
  const event = { at: '2027-03-01T12:01:00Z', event: 'refused', code: null, id: null, generation: null, message: '' };
  t.true(worthSaving(before, withEvent(before, event), now));
});
