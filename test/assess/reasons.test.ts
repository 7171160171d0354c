import { readFileSync } from 'node:fs';
import test from 'ava';
import { reasonCodes } from '../../src/reason.ts';

const text = readFileSync(new URL('../../docs/reasons.md', import.meta.url), 'utf8');
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
