import test from 'ava';
import fc from 'fast-check';
import { html, name } from '../../src/report/page/html.ts';
import { placeOf, scaleFor } from '../../src/report/page/scale.ts';
import { auditLines } from '../../src/report/page/audit-lines.ts';
import { printable } from '../../src/terminal/paper.ts';
import { below, parsePage, textOf } from './page-parser.ts';

const mark = '<!DOCTYPE html>\n<!-- certmend report -->\n';

test('html makes text of whatever a name holds, in an element and in an attribute', (t) => {
  const piece = fc.constantFrom(
    '<',
    '>',
    '&',
    '"',
    "'",
    '</p>',
    '<script>',
    '&lt;',
    '\u202e',
    '\u001b[31m',
    '\n',
    '\ud800',
  );
  const text = fc.array(fc.oneof(piece, fc.string({ unit: 'binary' })), { maxLength: 8 }).map((all) => all.join(''));
  fc.assert(
    fc.property(text, (hostile) => {
      const page = html`<html lang="${hostile}">
        <body>
          <p>${hostile}</p>
          ${name(hostile)}
        </body>
      </html>`;
      const root = parsePage(`${mark}${page.source.trimEnd()}\n`);
      const [first, second] = below(root).filter((one) => one.name === 'p' || one.name === 'bdi');
      t.is(textOf(first ?? root), printable(hostile));
      t.is(textOf(second ?? root), printable(hostile));
      t.is(root.attributes['lang'], printable(hostile));
    }),
  );
});

const day = 86_400_000;
const now = Date.parse('2027-03-01T12:00:00Z');

test('scaleFor keeps a year legible beside ten years, and shows what ended long ago', (t) => {
  const year = { from: now - 100 * day, to: now + 265 * day };
  const mixed = scaleFor([...Array.from({ length: 9 }, () => year), { from: now, to: now + 36_500 * day }], now);
  t.true(placeOf(year.to, mixed) - placeOf(now, mixed) > 20, 'the common bar takes a good part of the picture');
  t.is(placeOf(now + 36_500 * day, mixed), 100);
  const ended = { from: now - 1500 * day, to: now - 1100 * day };
  const past = scaleFor([ended], now);
  t.true(placeOf(ended.to, past) > 5 && placeOf(now, past) < 100);
});

test('scaleFor has two to six ticks at beginnings of months, for any stretch of time', (t) => {
  const instant = fc.integer({ min: Date.parse('1970-01-01T00:00:00Z'), max: Date.parse('9999-12-31T23:59:59Z') });
  const stretch = fc.tuple(instant, instant).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
  fc.assert(
    fc.property(fc.array(stretch, { maxLength: 5 }), (stretches) => {
      const scale = scaleFor(stretches, now);
      t.true(scale.ticks.length >= 1 && scale.ticks.length <= 7, String(scale.ticks.length));
      t.true(scale.from < now && now < scale.to);
      for (const { at } of scale.ticks) {
        const date = new Date(at);
        t.is(date.getUTCDate(), 1);
        t.true(at > scale.from && at < scale.to);
      }
    }),
  );
});

test('auditLines takes the last records, and nothing that is none', (t) => {
  const record = (event: string): string =>
    JSON.stringify({ at: '2027-03-01T12:00:00Z', event, priority: 'notice', message: 'm', reason: 'LeafExpired' });
  const text = [
    'half of a line"}',
    record('first'),
    '{"at":',
    'null',
    '{"at":"never","event":"e","message":"m"}',
    '{"at":"2027-03-01T12:00:00Z","event":7,"message":"m"}',
    record('second'),
    record('third'),
    '',
  ].join('\n');
  t.deepEqual(
    auditLines(text, 2).map(({ event }) => event),
    ['second', 'third'],
  );
  t.is(auditLines(text, 10).length, 3);
});
