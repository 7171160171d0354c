import { readFileSync } from 'node:fs';
import test from 'ava';
import fc from 'fast-check';
import { defaultConfigSource, withSettings } from '../../build/setting-table.ts';
import { parseDuration } from '../../src/time/units.ts';
import { parseInstant } from '../../src/time/rfc3339.ts';
import { nearestKey } from '../../src/config/nearest-key.ts';
import { parseSize } from '../../src/config/setting.ts';

test('parseDuration reads one whole number with its unit and nothing else', (t) => {
  t.is(parseDuration('60s'), 60_000);
  t.is(parseDuration('10m'), 600_000);
  t.is(parseDuration('36h'), 129_600_000);
  t.is(parseDuration('400d'), 34_560_000_000);
  for (const text of ['', 's', '60', '-1s', '+1s', '1.5h', '1 d', '1w', '60S', '1h30m', '9999999999d', '٣d'])
    t.is(parseDuration(text), undefined, text);
});

test('parseSize reads bytes and binary units and nothing else', (t) => {
  t.is(parseSize(4096), 4096);
  t.is(parseSize('4096'), 4096);
  t.is(parseSize('4MiB'), 4_194_304);
  for (const value of ['', 'MiB', '4MB', '4 MiB', '1.5MiB', -1, 1.5, NaN, 1e21])
    t.is(parseSize(value), undefined, String(value));
});

const now = Date.parse('2027-03-01T12:00:00Z');

test('parseInstant reads RFC 3339, dates and distances from now', (t) => {
  t.is(parseInstant('2027-03-01T12:00:00Z', 0), now);
  t.is(parseInstant('2027-03-01T13:30:00+01:30', 0), now);
  t.is(parseInstant('2027-03-01t12:00:00.250z', 0), now + 250);
  t.is(parseInstant('2027-03-01', 0), now - 12 * 3_600_000);
  t.is(parseInstant('+400d', now), now + 400 * 86_400_000);
  t.is(parseInstant('-2h', now), now - 7_200_000);
  t.is(parseInstant('0099-01-01T00:00:00Z', 0), Date.parse('0099-01-01T00:00:00Z'));
});

test('parseInstant refuses what is no time', (t) => {
  const none = [
    '',
    'now',
    '+',
    '+d',
    '+400',
    '400d',
    '2027-13-01',
    '2027-02-29',
    '2027-04-31T00:00:00Z',
    '2027-03-01T24:00:00Z',
    '2027-03-01T12:00:00',
    '2027-03-01T12:00:00+25:00',
    '2027-3-1',
    '+999999999d',
  ];
  for (const text of none) t.is(parseInstant(text, now), undefined, text);
});

test('parseInstant agrees with the platform on every instant it can write', (t) => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }), (date) => {
      t.is(parseInstant(date.toISOString(), 0), date.getTime());
    }),
  );
});

test('nearestKey finds what was meant and stays silent when nothing is near', (t) => {
  const keys = ['enabled', 'deadline'];
  t.is(nearestKey('dead-line', keys), 'deadline');
  t.is(nearestKey('ENABLED', keys), 'enabled');
  t.is(nearestKey('enable', keys), 'enabled');
  t.is(nearestKey('colour', keys), undefined);
  t.is(nearestKey('x'.repeat(1e6), keys), undefined);
});

test('src/config/default-config.ts is what follows from the rows of the settings (node build/setting-table.ts)', async (t) => {
  const text = readFileSync(new URL('../../src/config/default-config.ts', import.meta.url), 'utf8');
  t.is(await defaultConfigSource(), text);
});

test('docs/configuration.md is what follows from the rows of the settings (node build/setting-table.ts)', async (t) => {
  const text = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
  t.is(await withSettings(text), text);
});
