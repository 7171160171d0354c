import test from 'ava';
import fc from 'fast-check';
import type { ClockBelief } from '../../src/assess/assessment.ts';
import { defaultConfig } from '../../src/config/default-config.ts';
import { reasonCodes } from '../../src/reason.ts';
import { parseState } from '../../src/state/load-state.ts';
import type { State } from '../../src/state/state.ts';
import {
  afterAssessment,
  afterCommit,
  brakeOf,
  emptyState,
  ofNode,
  rememberedOf,
  withActive,
  withEvent,
  withListenerAsked,
  withStandby,
  withTransaction,
} from '../../src/state/transitions.ts';
import { authority, leaf, listener, row, seen, seenCertificate } from './a-node.ts';
import { fullState, node, noon } from './full-state.ts';

const id = 'serving-kube-apiserver';
const empty = emptyState(node, noon);
const hour = 3_600_000;
const day = 24 * hour;

test('emptyState is a state that can be saved and read', (t) => {
  t.deepEqual(parseState(Buffer.from(JSON.stringify(empty))), { kind: 'loaded', state: empty });
});

test('afterAssessment remembers identity, validity, status and reasons of a leaf', (t) => {
  const after = afterAssessment(
    empty,
    seen([leaf(id, seenCertificate())], [row(id, { status: 'WARNING', findings: ['LeafRenewDue'] })]),
  );
  t.deepEqual(after.certificates[id], {
    commonName: 'kube-apiserver',
    organizations: [],
    dnsNames: ['kubernetes', 'edge-1'],
    ipAddresses: ['127.0.0.1'],
    fingerprint256: 'c'.repeat(64),
    notBefore: '2027-01-01T00:00:00Z',
    notAfter: '2028-01-01T00:00:00Z',
    status: 'WARNING',
    reasons: ['LeafRenewDue'],
  });
});

test('afterAssessment keeps names that a later certificate no longer has', (t) => {
  const first = afterAssessment(
    empty,
    seen([leaf(id, seenCertificate({ dnsNames: ['a', 'lb.example'], ipAddresses: ['10.0.0.1'] }))], [row(id)]),
  );
  const second = afterAssessment(first, seen([leaf(id, seenCertificate({ dnsNames: ['b', 'a'] }))], [row(id)]));
  t.deepEqual(second.certificates[id]?.dnsNames, ['b', 'a', 'lb.example']);
  t.deepEqual(second.certificates[id]?.ipAddresses, ['127.0.0.1', '10.0.0.1']);
});

test('afterAssessment keeps the identity of a file that was destroyed', (t) => {
  const before = afterAssessment(empty, seen([leaf(id, seenCertificate())], [row(id)]));
  const after = afterAssessment(
    before,
    seen([leaf(id, undefined)], [row(id, { status: 'MISSING', findings: ['LeafMissing'] })]),
  );
  t.deepEqual(after.certificates[id]?.dnsNames, ['kubernetes', 'edge-1']);
  t.is(after.certificates[id]?.fingerprint256, null);
  t.is(after.certificates[id]?.status, 'MISSING');
});

test('afterAssessment takes the identity of the table for a file that was never seen whole', (t) => {
  const item = leaf(id, undefined, { commonName: 'kube-apiserver', dnsNames: ['kubernetes'] });
  const after = afterAssessment(empty, seen([item], [row(id, { status: 'MISSING' })]));
  t.deepEqual(after.certificates[id]?.dnsNames, ['kubernetes']);
});

test('afterAssessment learns no names from a certificate that does not belong where it lies', (t) => {
  const before = afterAssessment(empty, seen([leaf(id, seenCertificate())], [row(id)]));
  for (const code of ['KeyMismatch', 'IssuerMismatch', 'SignatureInvalid', 'IdentityDrift', 'UsageMismatch'] as const) {
    const stranger = seenCertificate({ commonName: 'system:admin', dnsNames: ['evil.example'] });
    const after = afterAssessment(before, seen([leaf(id, stranger)], [row(id, { findings: [code] })]));
    t.deepEqual(after.certificates[id]?.dnsNames, ['kubernetes', 'edge-1'], code);
    t.is(after.certificates[id]?.commonName, 'kube-apiserver');
  }
});

test("afterAssessment takes a listener's names from its annotations too, addresses apart", (t) => {
  const item = listener('listener', seenCertificate({ dnsNames: ['a'] }), ['a', 'vip.example', '10.0.0.9', 'fd00::9']);
  const after = afterAssessment(empty, seen([item], [row('listener', { role: 'listener' })]));
  t.deepEqual(after.certificates['listener']?.dnsNames, ['a', 'vip.example']);
  t.deepEqual(after.certificates['listener']?.ipAddresses, ['127.0.0.1', '10.0.0.9', 'fd00::9']);
});

test('afterAssessment stays readable however many names others put into certificates', (t) => {
  let state: State = empty;
  for (let round = 0; round < 5; round += 1) {
    const items = Array.from({ length: 31 }, (_, index) =>
      leaf(
        `entry-${String(index)}`,
        seenCertificate({
          dnsNames: Array.from({ length: 5000 }, (_name, name) => `n${String(round)}-${String(name)}.example`),
        }),
      ),
    );
    state = afterAssessment(
      state,
      seen(
        items,
        items.map(({ entry }) => row(entry.id)),
      ),
    );
  }
  t.true(JSON.stringify(state, undefined, 2).length < 1024 * 1024);
});

test('afterAssessment skips an optional entry that was never there', (t) => {
  t.deepEqual(afterAssessment(empty, seen([leaf(id, undefined)], [])).certificates, {});
});

test('afterAssessment remembers authorities, and only the name of one that cannot be read', (t) => {
  const first = afterAssessment(empty, seen([authority('server-ca', seenCertificate({ commonName: 'ca@1' }))], []));
  t.deepEqual(first.authorities['server-ca'], {
    commonName: 'ca@1',
    fingerprint256: 'c'.repeat(64),
    notAfter: '2028-01-01T00:00:00Z',
  });
  const second = afterAssessment(first, seen([authority('server-ca', undefined)], []));
  t.deepEqual(second.authorities['server-ca'], { commonName: 'ca@1', fingerprint256: null, notAfter: null });
});

test('afterAssessment moves the high-water mark on a clock that is believed only, and back only for more than a small step', (t) => {
  const suspect: ClockBelief = { believed: false, verdict: 'ahead-suspect', evidence: ['jumped'], bound: noon };
  const at = (state: State, now: number, clock = seen([], []).assessment.clock) =>
    afterAssessment(state, seen([], [], { now, clock })).clock.highWater;
  const marked = afterAssessment(empty, seen([], []));
  t.is(marked.clock.highWater, '2027-03-01T12:00:00Z');
  t.is(at(marked, noon + day), '2027-03-02T12:00:00Z');
  t.is(at(marked, noon - 5 * 60_000), '2027-03-01T12:00:00Z', 'a time service steps by minutes');
  t.is(at(marked, noon - 5 * 60_000 - 1000), '2027-03-01T11:54:59Z');
  t.is(at(marked, noon - day), '2027-02-28T12:00:00Z', 'the mark was set by a clock that ran ahead');
  t.is(at(marked, noon - day, { ...suspect, verdict: 'behind' }), '2027-03-01T12:00:00Z');
  t.is(at(marked, noon + 50 * 365 * day, suspect), '2027-03-01T12:00:00Z');
});

test('afterAssessment keeps since while the level stays and moves it when the level changes', (t) => {
  const reasons = [{ code: 'LeafExpired', id, message: 'expired', severity: 'critical' }] as const;
  const first = afterAssessment(empty, seen([], []));
  const later = afterAssessment(first, seen([], [], { now: noon + day }));
  t.is(later.health.since, '2027-03-01T12:00:00Z');
  const worse = afterAssessment(later, seen([], [], { now: noon + 2 * day, health: { level: 'critical', reasons } }));
  t.is(worse.health.since, '2027-03-03T12:00:00Z');
  t.deepEqual(worse.health.reasons, [{ code: 'LeafExpired', id, message: 'expired' }]);
});

const eight = {
  number: 8,
  origin: 'issued',
  createdAt: '2027-03-01T00:00:00Z',
  notAfter: '2028-03-01T00:00:00Z',
} as const;
const seven = {
  number: 7,
  origin: 'adopted',
  createdAt: '2027-02-01T00:00:00Z',
  notAfter: '2027-03-01T00:00:00Z',
} as const;

test('afterCommit makes a generation active, keeps the old one and counts the commit', (t) => {
  const open = withTransaction(empty, {
    id: '00',
    generation: 8,
    startedAt: '2027-03-01T12:00:00Z',
    reason: 'LeafExpired',
  });
  const after = afterCommit(open, { at: noon, active: eight, previous: seven });
  t.deepEqual(after.generations, {
    next: 9,
    active: { ...eight, committedAt: '2027-03-01T12:00:00Z' },
    standby: null,
    previous: { ...seven, committedAt: null },
    confirmed: null,
    proof: null,
  });
  t.is(after.transaction, null);
  t.deepEqual(after.brake.commits, ['2027-03-01T12:00:00Z']);
});

test('afterCommit takes the standby that went live out of standing by, and no other', (t) => {
  const ready = withStandby(empty, eight);
  t.is(ready.generations.next, 9);
  t.is(afterCommit(ready, { at: noon, active: eight, previous: seven }).generations.standby, null);
  const other = { ...eight, number: 9 };
  t.is(afterCommit(ready, { at: noon, active: other, previous: seven }).generations.standby?.number, 8);
});

test('afterCommit keeps when the previous set had gone live', (t) => {
  const first = afterCommit(empty, { at: noon, active: seven, previous: undefined });
  const second = afterCommit(first, { at: noon + day, active: eight, previous: seven });
  t.is(second.generations.previous?.committedAt, '2027-03-01T12:00:00Z');
});

test('afterCommit without new material changes no generation', (t) => {
  const active = withActive(empty, eight);
  const after = afterCommit(active, { at: noon, active: undefined, previous: undefined });
  t.deepEqual(after.generations, active.generations);
  t.is(after.brake.commits.length, 1);
});

test('afterCommit forgets commits older than seven days', (t) => {
  const at = (days: number, state: State) =>
    afterCommit(state, { at: noon + days * day, active: eight, previous: seven });
  const after = at(8, at(7, at(0.5, at(0, empty))));
  t.deepEqual(after.brake.commits, ['2027-03-08T12:00:00Z', '2027-03-09T12:00:00Z']);
});

test('afterCommit never lowers the next number', (t) => {
  fc.assert(
    fc.property(fc.nat(50), fc.nat(50), fc.nat(50), (next, active, previous) => {
      const before = { ...empty, generations: { ...empty.generations, next } };
      const after = afterCommit(before, {
        at: noon,
        active: { ...eight, number: active },
        previous: { ...seven, number: previous },
      });
      t.true(after.generations.next >= next && after.generations.next > Math.max(active, previous));
    }),
  );
});

function event(message: string, code: (typeof reasonCodes)[number] | null = null) {
  return { at: '2027-03-01T12:00:00Z', event: 'deferred', code, id: null, generation: null, message };
}

test('withEvent keeps the last fifty', (t) => {
  let state = empty;
  for (let index = 0; index < 120; index += 1)
    state = withEvent(state, event(String(index), reasonCodes[index % 2] ?? null));
  t.is(state.events.length, 50);
  t.is(state.events.at(-1)?.message, '119');
  t.is(state.events[0]?.message, '70');
});

test('withEvent lets the same event take the place of the one before', (t) => {
  const state = withEvent(withEvent(empty, event('1 d', 'ClockBehind')), event('2 d', 'ClockBehind'));
  t.deepEqual(
    state.events.map(({ message }) => message),
    ['2 d'],
  );
});

test('withEvent cuts an endless message', (t) => {
  t.true((withEvent(empty, event('x'.repeat(1e6))).events[0]?.message.length ?? 0) <= 600);
});

test('ofNode forgets the identities of another node and keeps what protects', (t) => {
  const other = ofNode(fullState, { ...node, machineId: 'f'.repeat(32) }, noon);
  t.deepEqual(other.certificates, {});
  t.is(other.generations.active, null);
  t.is(other.generations.next, fullState.generations.next);
  t.deepEqual(other.brake, fullState.brake);
  t.deepEqual(other.clock, fullState.clock);
  t.deepEqual(ofNode(fullState, node, noon), fullState);
  t.deepEqual(ofNode(fullState, { ...node, dataDir: '/data' }, noon).certificates, fullState.certificates);
});

test('rememberedOf and brakeOf give the stages what they ask for, and nothing on a first run', (t) => {
  t.deepEqual(rememberedOf(undefined), { highWater: undefined, identities: new Map(), listenerAsked: undefined });
  t.deepEqual(
    rememberedOf(withListenerAsked(fullState, 'cd'.repeat(32), Date.parse('2027-02-01T00:00:00Z'))).listenerAsked,
    {
      fingerprint256: 'cd'.repeat(32),
      at: Date.parse('2027-02-01T00:00:00Z'),
    },
  );
  t.deepEqual(brakeOf(undefined, defaultConfig), {
    commits: [],
    repairs: new Map(),
    attempts: [],
    maxCommitsPerDay: 6,
  });
  t.is(rememberedOf(fullState).highWater, noon);
  t.deepEqual(rememberedOf(fullState).identities.get(id), {
    commonName: 'kube-apiserver',
    organizations: [],
    dnsNames: ['kubernetes', 'edge-1'],
    ipAddresses: ['127.0.0.1', '10.43.0.1'],
  });
  t.deepEqual(brakeOf(fullState, defaultConfig).commits, [Date.parse('2027-02-28T00:00:00Z')]);
});

test('every chain of transitions gives a state that can be read again', (t) => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('assess' as const),
      hours: fc.integer({ min: -1e6, max: 1e6 }),
      names: fc.array(fc.string()),
    }),
    fc.record({ kind: fc.constant('commit' as const), hours: fc.nat(1e6), number: fc.nat(1000) }),
    fc.record({ kind: fc.constant('event' as const), message: fc.string() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const end = steps.reduce<State>((state, each) => {
        switch (each.kind) {
          case 'assess':
            return afterAssessment(
              state,
              seen([leaf(id, seenCertificate({ dnsNames: each.names }))], [row(id)], { now: noon + each.hours * hour }),
            );
          case 'commit':
            return afterCommit(state, {
              at: noon + each.hours * hour,
              active: { ...eight, number: each.number },
              previous: undefined,
            });
          case 'event':
            return withEvent(state, event(each.message));
        }
      }, empty);
      t.deepEqual(parseState(Buffer.from(JSON.stringify(end))), { kind: 'loaded', state: end });
    }),
  );
});
