import test from 'ava';
import type { Item } from '../../src/inventory/inventory.ts';
import { assess } from '../../src/assess/assess.ts';
import { decideLive, type LastRenewal, type LiveDecision } from '../../src/plan/decide-live.ts';
import { liveReport, liveText } from '../../src/report/live.ts';
import { parseWindow } from '../../src/time/maintenance-window.ts';
import {
  absent,
  admin,
  authorityCertificate,
  authorityItem,
  day,
  good,
  inputFor,
  leafItem,
  missing,
  node,
  now,
  scheduler,
} from '../assess/sample-node.ts';

const hour = day / 24;
const settings = { enabled: true, renewBeforeDays: 30, emergencyBeforeDays: 7 };

interface Case {
  readonly days: number;
  readonly last?: Partial<LastRenewal>;
  readonly commits?: readonly number[];
  readonly windows?: readonly string[];
  readonly enabled?: boolean;
}

function decided({ days, last, commits = [], windows = [], enabled = true }: Case): LiveDecision {
  const end = now + days * day;
  const inventory = node(leafItem(admin, { notAfter: end }), leafItem(scheduler, { notAfter: end + 50 * day }));
  return decideLive({
    inventory,
    assessment: assess(inputFor(inventory, { serviceRunning: true })),
    now,
    settings: { ...settings, enabled },
    windows: windows.flatMap((text) => parseWindow(text) ?? []),
    brake: { commits, maxCommitsPerDay: 6 },
    last: last === undefined ? undefined : { phase: 'usual', end, at: now - hour, outcome: 'failed', ...last },
  });
}

const end = (days: number): number => now + days * day;

const cases: readonly (readonly [name: string, made: Case, decision: Partial<LiveDecision>, text: RegExp])[] = [
  ['watching what is live', { days: 20, last: { outcome: 'watching' } }, { is: 'watching' }, /^done: being watched/],
  ['switched off', { days: 5, enabled: false }, { is: 'off' }, /^off: /],
  [
    'ahead',
    { days: 40 },
    { is: 'ahead', from: end(10), first: 'client-admin' },
    /^by the daemon from 2026-06-11T.* on: client-admin expires first$/,
  ],
  ['due at thirty days', { days: 30 }, { is: 'due', phase: 'usual', first: 'client-admin' }, /^due: /],
  ['an emergency at seven', { days: 7 }, { is: 'due', phase: 'emergency' }, /^due: /],
  // 2026-06-01 is a Monday.
  [
    'waiting for a window',
    { days: 20, windows: ['Wed 02:00-03:00 UTC'] },
    { is: 'waiting', for: 'window', until: end(2) + 2 * hour },
    /waits for a maintenance window: 2026-06-03T02:00/,
  ],
  ['in a window', { days: 20, windows: ['Mon 00:00-01:00 UTC'] }, { is: 'due', phase: 'usual' }, /^due: /],
  [
    'waiting for the last week, when no window comes before it',
    { days: 8, windows: ['Sun 02:00-03:00 UTC'] },
    { is: 'waiting', for: 'window', until: end(1) },
    /waits/,
  ],
  [
    'not waiting for a window in the last week',
    { days: 6, windows: ['Sun 02:00-03:00 UTC'] },
    { is: 'due', phase: 'emergency' },
    /^due: /,
  ],
  [
    'pausing after a failure',
    { days: 20, last: {} },
    { is: 'waiting', for: 'pause', until: now + 5 * hour },
    /an attempt failed, the next one/,
  ],
  [
    'pausing for less in the last week',
    { days: 5, last: { at: now - 0.5 * hour } },
    { is: 'waiting', for: 'pause', until: now + 0.5 * hour },
    /an attempt failed/,
  ],
  ['trying again after the pause', { days: 20, last: { at: now - 7 * hour } }, { is: 'due' }, /^due: /],
  [
    'not held up by an attempt in the future, whatever the clock did',
    { days: 20, last: { at: now + 90 * day } },
    { is: 'due' },
    /^due: /,
  ],
  [
    'given up until the last week',
    { days: 20, last: { outcome: 'rolled-back' } },
    { is: 'given-up', until: end(13) },
    /was rolled back, one more try from 2026-06-14/,
  ],
  [
    'given up likewise when it was a person whose renewal was taken back',
    { days: 20, last: { outcome: 'rolled-back', phase: 'asked' } },
    { is: 'given-up', until: end(13) },
    /one more try/,
  ],
  [
    'trying once more in the last week',
    { days: 6, last: { outcome: 'rolled-back' } },
    { is: 'due', phase: 'emergency' },
    /^due: /,
  ],
  [
    'given up for good after that',
    { days: 5, last: { outcome: 'rolled-back', phase: 'emergency' } },
    { is: 'given-up', until: undefined },
    /not tried again: restart the service/,
  ],
  [
    'given up for good when a person took it back in the last week',
    { days: 5, last: { outcome: 'rolled-back', phase: 'asked' } },
    { is: 'given-up', until: undefined },
    /not tried again: restart the service/,
  ],
  [
    'trying once more in the last week what a person took back before it',
    { days: 5, last: { outcome: 'rolled-back', phase: 'asked', at: now - 3 * day } },
    { is: 'due', phase: 'emergency' },
    /^due: /,
  ],
  [
    'not held up by what became of another set',
    { days: 20, last: { outcome: 'rolled-back', end: now - 300 * day } },
    { is: 'due' },
    /^due: /,
  ],
  [
    'out of the budget',
    { days: 20, commits: [1, 2, 3, 4, 5, 6].map((ago) => now - ago * hour) },
    { is: 'waiting', for: 'budget' },
    /waits for the daily limit of rotations/,
  ],
];
for (const [name, made, decision, text] of cases) {
  test(`decide live is ${name}`, (t) => {
    const is = decided(made);
    t.like(is, decision as LiveDecision);
    t.regex(liveText(liveReport({ decision: is, nextWindow: undefined, renewal: null }), now), text);
  });
}

test('what is said of a renewal says that the next start recreates the static pods, when it does', (t) => {
  const last = { generation: 3, at: '2026-05-20T10:00:00Z', phase: 'usual', outcome: 'confirmed' } as const;
  const renewal = { ...last, invocation: 'a', end: null, answered: [], well: [], heldUntil: null };
  const of = (recreatesPods: boolean): string =>
    liveText(liveReport({ decision: decided({ days: 300 }), nextWindow: undefined, renewal, recreatesPods }), now);
  t.regex(
    of(true),
    /; renewed 2026-05-20T10:00:00Z, and the next start of the service recreates its static pods once$/,
  );
  t.notRegex(of(false), /static pods/);
});

test('decide live leaves out what cannot be signed, or could not live longer', (t) => {
  const of = (...items: readonly Item[]): LiveDecision => {
    const inventory = node(...items);
    const assessment = assess(inputFor(inventory, { serviceRunning: true }));
    const brake = { commits: [], maxCommitsPerDay: 6 };
    return decideLive({ inventory, assessment, now, settings, windows: [], brake, last: undefined });
  };
  const leaf = leafItem(admin, { notAfter: now + 10 * day });
  t.like(of(leaf), { is: 'due', first: 'client-admin' });
  const stuck = of(authorityItem('client-ca', { key: missing, keyFile: absent }), leaf);
  t.is(stuck.is, 'ahead');
  t.not('first' in stuck && stuck.first, 'client-admin');
  t.is(
    of(
      authorityItem('client-ca', {
        certificates: good([authorityCertificate('client-ca', { notAfter: now + 10 * day })]),
      }),
      leaf,
    ).is,
    'ahead',
  );
});
