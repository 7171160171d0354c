import test from 'ava';
import fc from 'fast-check';
import { type Journal, formatJournal, parseJournal } from '../../src/commit/journal-format.ts';
import { CertmendError } from '../../src/error.ts';
import { reasonCodes } from '../../src/reason.ts';

const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), minLength: length, maxLength: length });
const path = fc.string({ minLength: 1 }).map((text) => `/${text.replaceAll('\0', '')}x`);
const owner = fc.integer({ min: 0, max: 0xffff_ffff });
const expects = fc.oneof(
  fc.constant({ state: 'absent' } as const),
  fc.record({ state: fc.constant('file' as const), sha256: hex(64) }),
  fc.record({ state: fc.constant('other' as const), detail: fc.string() }),
);
const put = {
  op: fc.constant('put' as const),
  path,
  id: fc.string(),
  source: fc.option(path),
  sha256: hex(64),
  mode: fc.integer({ min: 0, max: 0o666 }),
  uid: owner,
  gid: owner,
  expects,
};
const journals: fc.Arbitrary<Journal> = fc.record({
  node: fc.record({ machineId: fc.string(), nodeName: fc.string() }),
  transaction: fc.record({
    id: hex(16),
    generation: fc.nat(),
    previous: fc.option(fc.nat()),
    reason: fc.constantFrom(...reasonCodes),
    startedAt: fc
      .date({ min: new Date(0), max: new Date(Date.UTC(2100, 0)), noInvalidDate: true })
      .map((date) => date.toISOString()),
    counts: fc.constantFrom('rotation', 'repair', 'nothing'),
  }),
  within: fc.option(path),
  changes: fc.array(
    fc.oneof(
      fc.record(put),
      fc.record({ ...put, how: fc.constant('in-place' as const) }),
      fc.record({ op: fc.constant('remove' as const), path, id: fc.string(), expects }),
    ),
  ),
});

test('journal comes back from its bytes as it was', (t) => {
  fc.assert(
    fc.property(journals, (journal) => {
      t.deepEqual(parseJournal(formatJournal(journal)), { state: 'open', journal });
    }),
    { numRuns: 200 },
  );
});

test('journal with any one byte changed is not followed, unless it says the same as before', (t) => {
  fc.assert(
    fc.property(journals, fc.nat(), fc.nat(255), (journal, at, byte) => {
      const bytes = formatJournal(journal);
      bytes[at % bytes.length] = byte;
      try {
        const reading = parseJournal(bytes);
        if (reading.state === 'open') t.deepEqual(reading.journal, journal);
        else t.is(reading.state, 'damaged');
      } catch (error) {
        t.true(error instanceof CertmendError && error.code === 'StateNewer');
      }
    }),
    { numRuns: 1000 },
  );
});

test('journal of any bytes is read, damaged or of a newer certmend, and never anything else', (t) => {
  const mutant = fc.tuple(journals, fc.nat(), fc.nat(255)).map(([journal, at, byte]) => {
    const bytes = formatJournal(journal);
    bytes[at % bytes.length] = byte;
    return bytes;
  });
  fc.assert(
    fc.property(
      fc.oneof(
        mutant,
        fc.uint8Array(),
        fc.json().map((text) => Buffer.from(text)),
      ),
      (bytes) => {
        try {
          t.regex(parseJournal(bytes).state, /^(open|damaged)$/);
        } catch (error) {
          t.true(error instanceof CertmendError && error.code === 'StateNewer');
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('journal that cannot be followed says where it is wrong, and quotes nothing of it', (t) => {
  const reading = parseJournal(
    Buffer.from(
      `{"schema":2,"sha256":"${'0'.repeat(64)}","journal":{"node":{"machineId":"","nodeName":""},"transaction":{"id":"secret"}}}`,
    ),
  );
  t.is(reading.state, 'damaged');
  t.is(reading.state === 'damaged' ? reading.problem : '', 'has an invalid or missing value at journal.transaction.id');
});

test('journal of the first schema, which had no checksum, is not followed', (t) => {
  const reading = parseJournal(Buffer.from('{"schema":1,"transaction":{},"within":null,"changes":[]}'));
  t.is(reading.state, 'damaged');
});

for (const mode of [0o777, 0o4644, 0o7777]) {
  test(`journal that asks for mode 0${mode.toString(8)} is not followed`, (t) => {
    const put = { op: 'put', path: '/x', id: 'x', source: null, sha256: '0'.repeat(64), uid: 0, gid: 0 } as const;
    const bytes = formatJournal({
      node: { machineId: '', nodeName: '' },
      transaction: {
        id: '0'.repeat(16),
        generation: 1,
        previous: null,
        reason: 'LeafExpired',
        startedAt: '2027-01-01T00:00:00Z',
      },
      within: null,
      changes: [{ ...put, mode, expects: { state: 'absent' } }],
    });
    const reading = parseJournal(bytes);
    t.is(
      reading.state === 'damaged' ? reading.problem : '',
      'has an invalid or missing value at journal.changes.0.mode',
    );
  });
}

test('journal with a file that is written over is of a schema that an older certmend refuses, and only that one', (t) => {
  fc.assert(
    fc.property(journals, (journal) => {
      const { schema } = JSON.parse(formatJournal(journal).toString()) as { readonly schema: number };
      const isWrittenOver = journal.changes.some((change) => change.op === 'put' && change.how !== undefined);
      t.is(schema, isWrittenOver ? 3 : 2);
    }),
    { numRuns: 200 },
  );
});
