import test from 'ava';
import { BboltDamaged, openBbolt } from '../../src/etcd/bbolt.ts';
import { consistentIndex, liveValues, memberCount } from '../../src/etcd/key-space.ts';
import { inMemory } from './in-memory.ts';
import { bboltFile, keyValue, lifeOf, revision } from './member-files.ts';

const key = '/bootstrap/0123456789ab';

test('liveValues finds the last revision of a key, and the place of its value and of nothing else', (t) => {
  const value = Buffer.alloc(12_573, 'v');
  const file = bboltFile({ key: lifeOf(key, value), meta: [] });
  const [found, ...others] = liveValues(openBbolt(inMemory(file)), '/bootstrap');
  t.is(others.length, 0);
  t.is(found?.key, key);
  t.deepEqual(found?.value, value);
  t.is(found?.modRevision, 50n);
  const at = found?.offset ?? 0;
  t.deepEqual(file.subarray(at, at + value.length), value);
});

test('liveValues leaves out a key that was deleted, and finds it again when it was made again', (t) => {
  const deleted = [...lifeOf(key, Buffer.from('v')), [revision(80, true), keyValue(key, Buffer.alloc(0), 80)] as const];
  t.deepEqual(liveValues(openBbolt(inMemory(bboltFile({ key: deleted }))), '/bootstrap'), []);
  const again = [...deleted, [revision(81), keyValue(key, Buffer.from('w'), 81)] as const];
  const [found] = liveValues(openBbolt(inMemory(bboltFile({ key: again }))), '/bootstrap');
  t.is(found?.value.toString(), 'w');
});

test('liveValues tells a value that speaks of the prefix from a key that has it', (t) => {
  const pairs = [[revision(2), keyValue('/registry/configmaps/x', Buffer.from('see /bootstrap/ for it'), 2)] as const];
  t.deepEqual(liveValues(openBbolt(inMemory(bboltFile({ key: pairs }))), '/bootstrap'), []);
});

test('openBbolt goes by the newer meta page, and by the other one when that is torn', (t) => {
  const file = bboltFile({ key: lifeOf(key, Buffer.from('v')) }, 9n);
  t.is(openBbolt(inMemory(file)).transaction, 9n);
  file.writeUInt8(file.readUInt8(4096 + 40) ^ 1, 4096 + 40);
  t.is(openBbolt(inMemory(file)).transaction, 8n);
  file.writeUInt8(file.readUInt8(40) ^ 1, 40);
  t.throws(() => openBbolt(inMemory(file)), { instanceOf: BboltDamaged });
});

test('openBbolt finds the second meta page by its page size when the first is gone', (t) => {
  const file = bboltFile({ key: lifeOf(key, Buffer.from('v')) }, 9n);
  file.fill(0, 0, 4096);
  t.is(openBbolt(inMemory(file)).transaction, 9n);
});

test('liveValues refuses a file with any page that is not what it should be, and never hangs', (t) => {
  const whole = bboltFile({ key: lifeOf(key, Buffer.alloc(9000, 'v')) });
  let refused = 0;
  for (let page = 3; page * 4096 < whole.length; page += 1) {
    const file = Buffer.from(whole);
    file.fill(0xff, page * 4096, page * 4096 + 16);
    try {
      liveValues(openBbolt(inMemory(file)), '/bootstrap');
    } catch (error) {
      t.true(error instanceof BboltDamaged || error instanceof RangeError, String(error));
      refused += 1;
    }
  }
  t.true(refused >= 4);
  t.throws(() => liveValues(openBbolt(inMemory(whole.subarray(0, whole.length - 4096))), '/bootstrap'), {
    instanceOf: BboltDamaged,
  });
});

test('consistentIndex and memberCount read what etcd wrote, and say when it did not', (t) => {
  const index = Buffer.alloc(8);
  index.writeBigUInt64BE(68n);
  const file = bboltFile({
    key: [],
    meta: [['consistent_index', index]],
    members: [
      ['a', Buffer.from('{}')],
      ['b', Buffer.from('{}')],
    ],
  });
  t.is(consistentIndex(openBbolt(inMemory(file))), 68n);
  t.is(memberCount(openBbolt(inMemory(file))), 2);
  const bare = openBbolt(inMemory(bboltFile({ key: [] })));
  t.is(consistentIndex(bare), undefined);
  t.is(memberCount(bare), undefined);
});
