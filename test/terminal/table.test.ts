import test from 'ava';
import fc from 'fast-check';
import { paperFor, plainPaper, cutToWidth, textWidth } from '../../src/terminal/paper.ts';
import { renderTable } from '../../src/terminal/table.ts';

const columns = [
  { title: 'ENTRY', least: 6 },
  { title: 'SUBJECT', least: 8, rank: 1 },
  { title: 'LEFT', align: 'right' },
] as const;
const rows = [
  [{ text: 'serving-kube-apiserver' }, { text: 'kube-apiserver' }, { text: '212 d' }],
  [{ text: 'admin' }, { text: 'system:admin' }, { text: '3 h' }],
];
const narrow = (width: number) => ({ columns: width, colour: false });

test('renderTable aligns columns and ends each line without spaces', (t) => {
  t.is(
    renderTable(columns, rows, plainPaper),
    [
      'ENTRY                   SUBJECT          LEFT',
      'serving-kube-apiserver  kube-apiserver  212 d',
      'admin                   system:admin      3 h',
      '',
    ].join('\n'),
  );
});

test('renderTable cuts the widest cells first and then leaves out the least important column', (t) => {
  t.is(renderTable(columns, rows, narrow(30)).split('\n')[1], 'serving-k…  kube-apise…  212 d');
  t.is(renderTable(columns, rows, narrow(22)).split('\n')[0], 'ENTRY             LEFT');
});

test('renderTable cuts nothing in a pipe, however long', (t) => {
  const long = 'x'.repeat(500);
  t.true(renderTable(columns, [[{ text: long }, { text: long }, { text: long }]], plainPaper).includes(long));
});

test('renderTable leaves out a column that is empty throughout', (t) => {
  const some = rows.map(([entry, , left]) => [entry ?? { text: '' }, { text: '' }, left ?? { text: '' }]);
  t.is(renderTable(columns, some, plainPaper).split('\n')[0], 'ENTRY                    LEFT');
});

test('renderTable lets no name steer the terminal', (t) => {
  const hostile = 'a\u001b[2J\u0007\nb\u202egnp\u009b31m';
  const text = renderTable(columns, [[{ text: hostile }, { text: 'x' }, { text: 'y' }]], { columns: 80, colour: true });
  // eslint-disable-next-line no-control-regex -- the colours of the heading are the only ones allowed
  t.notRegex(text.replaceAll(/\u001b\[(?:1|0)m/g, ''), /[^\P{Cc}\n]|\p{Cf}/u);
  t.is(text.split('\n').length, 3);
});

test('renderTable never goes beyond the terminal while its columns can still be cut or left out', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ unit: 'grapheme' }), fc.string(), fc.string({ maxLength: 8 })), { maxLength: 8 }),
      fc.integer({ min: 18, max: 120 }),
      (cells, width) => {
        const table = renderTable(
          columns,
          cells.map((row) => row.map((text) => ({ text }))),
          narrow(width),
        );
        for (const line of table.split('\n')) t.true(textWidth(line) <= width, line);
      },
    ),
  );
});

test('textWidth counts terminal columns, not code units', (t) => {
  t.is(textWidth('abc'), 3);
  t.is(textWidth('证书'), 4);
  t.is(textWidth('e\u0301'), 1);
  t.is(textWidth('…'), 1);
  t.is(cutToWidth('证书证书', 5), '证书…');
  t.is(cutToWidth('abc', 3), 'abc');
  t.is(cutToWidth('abcd', 1), '…');
  t.is(cutToWidth('abcd', 0), '');
});

test('paperFor gives colour and width to terminals only, and respects NO_COLOR', (t) => {
  const terminal = { isTerminal: true, columns: 100 };
  t.deepEqual(paperFor(terminal, {}), { columns: 100, colour: true });
  t.deepEqual(paperFor({ isTerminal: true, columns: undefined }, {}), { columns: 80, colour: true });
  t.deepEqual(paperFor(terminal, { NO_COLOR: '1' }), { columns: 100, colour: false });
  t.deepEqual(paperFor(terminal, { NO_COLOR: '' }), { columns: 100, colour: true });
  t.deepEqual(paperFor(terminal, { TERM: 'dumb' }), { columns: 100, colour: false });
  t.deepEqual(paperFor({ isTerminal: false, columns: 100 }, {}), { columns: undefined, colour: false });
});
