import test from 'ava';
import { LogDamaged, logEntries, mayConcern } from '../../src/etcd/write-ahead-log.ts';
import { inMemory } from './in-memory.ts';
import { deleteRequest, field, logFile, number, putRequest, type Entry } from './member-files.ts';

const entries: readonly Entry[] = [
  { index: 1, data: putRequest('/registry/a') },
  { index: 2, data: Buffer.alloc(0) },
  { index: 3, data: putRequest('/registry/b', Buffer.alloc(5000, 'x')) },
];

test('logEntries reads every entry up to the room that was made in advance', (t) => {
  const read = [...logEntries(inMemory(logFile(entries)), true)];
  t.deepEqual(
    read.map(({ index, data, type }) => ({ index: Number(index), data, type: Number(type) })),
    entries.map((entry) => ({ ...entry, type: 0 })),
  );
});

test('logEntries takes an end that is cut short for the end of the last file only', (t) => {
  const file = logFile(entries, 0).subarray(0, -100);
  t.is([...logEntries(inMemory(file), true)].length, 2);
  t.throws(() => [...logEntries(inMemory(file), false)], { instanceOf: LogDamaged });
});

test('logEntries refuses what is no record', (t) => {
  const file = logFile(entries);
  file.fill(0xff, 24, 60);
  t.throws(() => [...logEntries(inMemory(file), true)], { instanceOf: LogDamaged });
});

const transaction = (operation: Buffer): Buffer => field(6, field(2, operation));
const requests: Readonly<Record<string, readonly [data: Buffer, concerns: boolean, type?: bigint]>> = {
  'a put of another key': [putRequest('/registry/x'), false],
  'a put of the key': [putRequest('/bootstrap/0123456789ab'), true],
  'an empty entry': [Buffer.alloc(0), false],
  'a change of the members': [Buffer.alloc(0), true, 1n],
  'a deletion of one other key': [field(5, field(1, Buffer.from('/registry/x'))), false],
  'a deletion of others': [deleteRequest('/registry/', '/registry0'), false],
  'a deletion of a range that holds it': [deleteRequest('/', '0'), true],
  'a deletion of everything': [deleteRequest('\0', '\0'), true],
  'a transaction that deletes a range that holds it': [
    transaction(field(3, Buffer.concat([field(1, Buffer.from('/')), field(2, Buffer.from('0'))]))),
    true,
  ],
  'a transaction inside of a transaction that does': [
    transaction(
      field(4, field(3, field(3, Buffer.concat([field(1, Buffer.from('/b')), field(2, Buffer.from('/c'))])))),
    ),
    true,
  ],
  'a transaction about others': [transaction(field(2, field(1, Buffer.from('/registry/x')))), false],
  'a compaction': [field(7, number(1, 5)), false],
  'what is no request': [Buffer.from([0xff, 0xff]), true],
};
for (const [name, [data, concerns, type = 0n]] of Object.entries(requests)) {
  test(`mayConcern says ${concerns ? 'yes' : 'no'} to ${name}`, (t) => {
    t.is(mayConcern({ index: 1n, type, data }, '/bootstrap'), concerns);
  });
}
