import { spawnSync } from 'node:child_process';
import test from 'ava';
import { isOpen, nextOpening, parseWindow, type MaintenanceWindow } from '../../src/time/maintenance-window.ts';

function windowOf(text: string): MaintenanceWindow {
  const window = parseWindow(text);
  if (window === undefined) throw new TypeError(text);
  return window;
}

const at = (text: string): number => Date.parse(text);
const opening = (text: string, now: string): string | undefined => {
  const found = nextOpening([windowOf(text)], at(now));
  return found === undefined ? undefined : new Date(found).toISOString().slice(0, 16);
};

test('a maintenance window is open from its beginning, up to its end and not at it', (t) => {
  // 2026-11-28 is a Saturday.
  const window = windowOf('Sat..Sun 02:00-06:00 UTC');
  const open: readonly (readonly [string, boolean])[] = [
    ['2026-11-28T01:59:59Z', false],
    ['2026-11-28T02:00:00Z', true],
    ['2026-11-28T05:59:59Z', true],
    ['2026-11-28T06:00:00Z', false],
    ['2026-11-29T03:00:00Z', true],
    ['2026-11-30T03:00:00Z', false],
    ['2026-11-27T03:00:00Z', false],
  ];
  for (const [now, is] of open) t.is(isOpen(window, at(now)), is, now);
});

test('a maintenance window over midnight belongs to the weekday on which it begins', (t) => {
  const window = windowOf('Sun 22:00-04:00 UTC');
  t.true(isOpen(window, at('2026-11-29T22:00:00Z')));
  t.true(isOpen(window, at('2026-11-30T03:59:00Z')));
  t.false(isOpen(window, at('2026-11-30T04:00:00Z')));
  t.false(isOpen(window, at('2026-11-29T03:00:00Z')), 'the night before Sunday is not its own');
  t.false(isOpen(window, at('2026-11-30T22:00:00Z')));
});

test('the next opening is now while one is open, and the nearest of several', (t) => {
  t.is(opening('Sat 02:00-06:00 UTC', '2026-11-28T03:10:20Z'), '2026-11-28T03:10');
  t.is(opening('Sat 02:00-06:00 UTC', '2026-11-28T06:00:00Z'), '2026-12-05T02:00');
  t.is(opening('02:00-03:00 UTC', '2026-11-28T01:59:59Z'), '2026-11-28T02:00');
  t.is(opening('Mon,Wed 23:30-24:00 UTC', '2026-11-28T12:00:00Z'), '2026-11-30T23:30');
  const two = ['Sun 02:00-03:00 UTC', 'Sat 20:00-21:00 UTC'].map(windowOf);
  t.is(nextOpening(two, at('2026-11-28T12:00:00Z')), at('2026-11-28T20:00:00Z'));
  t.is(nextOpening([], 0), undefined);
});

test('a maintenance window follows the clocks of its zone through both changes of the year', (t) => {
  const night = 'Sun 02:00-06:00 Europe/Berlin';
  t.is(opening(night, '2026-07-01T00:00:00Z'), '2026-07-05T00:00');
  t.is(opening(night, '2026-12-01T00:00:00Z'), '2026-12-06T01:00');
  // Back from three to two on 2026-10-25: two o'clock comes twice, and the window is open from the first on.
  t.is(opening(night, '2026-10-24T12:00:00Z'), '2026-10-25T00:00');
  t.is(opening('Sun 04:00-06:00 Europe/Berlin', '2026-10-24T23:30:00Z'), '2026-10-25T03:00');
  // Forward from two to three on 2026-03-29: there is no half past two, and it is open at three.
  t.true(isOpen(windowOf('Sun 02:30-06:00 Europe/Berlin'), at('2026-03-29T01:00:00Z')));
  t.is(opening('Sun 04:00-06:00 Europe/Berlin', '2026-03-28T23:30:00Z'), '2026-03-29T02:00');
  t.is(opening('Mon 00:00-02:00 Pacific/Auckland', '2026-11-28T12:00:00Z'), '2026-11-29T11:00');
});

test('from every hour of a year the next opening is open, ahead, and not later than eight days', (t) => {
  for (const text of [
    'Sat..Sun 02:00-06:00 Europe/Berlin',
    'Wed 23:15-00:45 America/New_York',
    '01:30-01:31 Australia/Lord_Howe',
  ]) {
    const window = windowOf(text);
    for (let now = at('2026-01-01T00:10:00Z'); now < at('2027-01-01T00:00:00Z'); now += 7 * 3_600_000) {
      const next = nextOpening([window], now) ?? Number.NaN;
      t.true(isOpen(window, next), `${text} ${new Date(now).toISOString()}`);
      t.true(next >= now && next - now < 8 * 86_400_000, `${text} ${new Date(now).toISOString()}`);
    }
  }
});

test('weekdays are those of systemd, whole or in three letters, in lists and ranges, in any case', (t) => {
  const days = (text: string): readonly number[] => [...windowOf(`${text} 01:00-02:00`).weekdays].toSorted();
  t.deepEqual(days('Mon'), [0]);
  t.deepEqual(days('monday,SUN'), [0, 6]);
  t.deepEqual(days('Tue..Thu'), [1, 2, 3]);
  t.deepEqual(days('Sat..Mon'), [0, 5, 6]);
  t.deepEqual([...windowOf('01:00-02:00').weekdays].length, 7);
});

test('what is no maintenance window is none', (t) => {
  const none = [
    '',
    'Sat',
    'Sat 02:00',
    'Sat 2:00-6:00',
    'Sat 02:00-06:60',
    'Sat 24:00-06:00',
    'Sat 25:00-26:00',
    'Sat 02:00-02:00',
    'Sab 02:00-06:00',
    'Sat.. 02:00-06:00',
    'Sat..Sun..Mon 02:00-06:00',
    'Sat 02:00-06:00 Mars/Olympus',
    'Sat 02:00-06:00 UTC extra',
    '*-*-* 02:00-06:00',
  ];
  for (const text of none) t.is(parseWindow(text), undefined, text);
});

test('a window without a zone is one of the zone of the machine', (t) => {
  const file = new URL('../../src/time/maintenance-window.ts', import.meta.url).href;
  const program = `import { isOpen, parseWindow } from '${file}'; console.log(isOpen(parseWindow('02:00-03:00'), Date.parse('2026-11-28T01:30:00Z')))`;
  const inZone = (zone: string): string =>
    spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      encoding: 'utf8',
      env: { TZ: zone },
    }).stdout.trim();
  t.is(inZone('Europe/Berlin'), 'true');
  t.is(inZone('UTC'), 'false');
});

test('a window whose beginning the clocks skip opens with the next minute that there is, or the week after', (t) => {
  const opening = (text: string, at: string): string => {
    const window = parseWindow(text);
    const next = window === undefined ? undefined : nextOpening([window], Date.parse(at));
    return next === undefined ? '' : new Date(next).toISOString();
  };
  // 02:00 became 03:00 at 01:00 UTC.
  t.is(opening('Sun 02:30-04:00 Europe/Berlin', '2027-03-27T12:00:00Z'), '2027-03-28T01:00:00.000Z');
  t.is(opening('Sun 02:00-03:00 Europe/Berlin', '2027-03-22T12:00:00Z'), '2027-04-04T00:00:00.000Z');
  t.is(opening('02:00-03:00 Europe/Berlin', '2027-03-28T00:30:00Z'), '2027-03-29T00:00:00.000Z');
});
