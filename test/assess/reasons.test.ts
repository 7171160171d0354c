import { readFileSync } from 'node:fs';
import test from 'ava';
import { messageIdTable, reasonTable, withTable } from '../../build/reason-table.ts';
import { reasonCodes, reasons } from '../../src/reason.ts';

const read = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
const text = read('reasons.md');
const headings = [...text.matchAll(/^## (\S+)$/gm)].map(([, heading]) => heading);

test('docs/reasons.md has one paragraph for each reason code, in the same order', (t) => {
  t.deepEqual(headings, [...reasonCodes]);
});

test('docs/reasons.md says something under each heading', (t) => {
  for (const section of text.split(/^## /m).slice(1)) {
    const [heading = '', ...lines] = section.split(/\n(?=#)/)[0]?.split('\n') ?? [];
    t.true(lines.join(' ').trim().length > 80, heading);
  }
});

test('the tables of docs/reasons.md and docs/audit.md are those of the program (node build/reason-table.ts)', async (t) => {
  t.is(text, await withTable(text, reasonTable()));
  t.is(read('audit.md'), await withTable(read('audit.md'), messageIdTable()));
});

test('a reason that only stops commands is no finding, and the other way round', (t) => {
  for (const code of reasonCodes) {
    const { nature, worst } = reasons[code];
    if (worst === 'error') t.is(nature, 'error', code);
  }
});
