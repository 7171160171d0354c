import test from 'ava';
import { journalCatalog } from '../../packaging/catalog.ts';
import { eventMessages } from '../../packaging/event-messages.ts';
import { readProject } from '../../packaging/project.ts';
import { reasonCodes } from '../../src/reason.ts';
import { messageId } from '../../src/audit/audit-text.ts';

const names = [...reasonCodes, ...Object.keys(eventMessages)];
const entries = journalCatalog().split(/^(?=-- )/m);

test('the catalog has one entry for each reason and for each event', (t) => {
  t.is(new Set(names.map(messageId)).size, names.length);
  const ids = entries.map((entry) => /^-- (\S+)\n/.exec(entry)?.[1]);
  t.deepEqual(ids, names.map(messageId));
  t.deepEqual(
    entries.map((entry) => /^Subject: certmend: (.*)$/m.exec(entry)?.[1]),
    names,
  );
});

for (const [index, name] of names.entries()) {
  test(`the catalog entry ${name} is as the journal reads it, with a text for a person`, (t) => {
    const [header = '', ...text] = (entries[index] ?? '').trimEnd().split('\n\n');
    // A blank after the id would begin a language; a header is a line of its own, up to the first empty line.
    t.regex(header, /^-- [0-9a-f]{32}\nSubject: \S.*\nDefined-By: certmend\nDocumentation: man:certmend\(8\)$/);
    t.true(text.join('\n\n').length > 40);
    // Neither what is left of Markdown nor a field: one that a record lacks is printed by its name.
    t.notRegex(text.join('\n\n'), /[`@]|\*\*/);
    for (const line of text.join('\n').split('\n')) {
      t.notRegex(line, /^-- /);
      t.true(line.length <= 100, line);
    }
  });
}

test('the documentation of the audit lists the id of each reason and each event, and no other', (t) => {
  const rows = [...readProject('docs', 'audit.md').matchAll(/^\| `([A-Za-z-]+)` +\| `([0-9a-f]{32})` +\|/gm)];
  const documented = rows.map(([, name, id]) => `${name ?? ''} ${id ?? ''}`);
  t.deepEqual(documented.toSorted(), names.map((name) => `${name} ${messageId(name)}`).toSorted());
});
