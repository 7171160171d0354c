import test from 'ava';
import { assess } from '../../src/assess/assess.ts';
import { explain, type Explanation, nextDue } from '../../src/assess/explain.ts';
import type { Item } from '../../src/inventory/inventory.ts';
import {
  admin,
  apiServer,
  damaged,
  day,
  good,
  inputFor,
  kubelet,
  leafItem,
  node,
  now,
  privateKey,
} from './sample-node.ts';

const settings = { renewBeforeDays: 120, leafCriticalDays: 14, authorityWarningDays: 365, authorityCriticalDays: 120 };

function why(id: string, ...items: readonly Item[]): Explanation | undefined {
  const input = inputFor(node(...items));
  return explain(id, input, assess(input));
}

test('explain tells every rule of a healthy leaf in order, and when it is due', (t) => {
  const told = why('serving-kube-apiserver');
  t.deepEqual(
    told?.rules.map(({ rule, outcome }) => [rule, outcome]),
    [
      'certificate-file',
      'key-file',
      'key-match',
      'issuer',
      'key-identifier',
      'subject',
      'names',
      'usages',
      'chain',
      'not-before',
      'expiry',
      'permissions',
      'mount',
    ]
      .map((rule) => [rule, 'passed'])
      .concat([['served', 'skipped']]),
  );
  t.deepEqual(told?.findings, []);
  t.deepEqual(told?.nextDue, { at: now + 180 * day, what: 'renewal' });
  t.like(told?.rules.find(({ rule }) => rule === 'expiry')?.inputs, {
    notAfter: '2027-03-28T00:00:00Z',
    now: '2026-06-01T00:00:00Z',
    windowDays: '120',
  });
});

test('explain shows the figures of the rule that failed', (t) => {
  const told = why('serving-kube-apiserver', leafItem(apiServer, { dnsNames: ['kubernetes'] }));
  const rule = told?.rules.find(({ outcome }) => outcome === 'finding');
  t.is(rule?.code, 'SanMissing');
  t.is(rule?.inputs['missing'], 'node-1');
  t.deepEqual(
    told?.findings.map(({ code }) => code),
    ['SanMissing'],
  );
});

test('explain skips what a damaged file makes moot', (t) => {
  const told = why('client-admin', { ...leafItem(admin), certificates: damaged });
  t.deepEqual(
    told?.rules.filter(({ outcome }) => outcome !== 'skipped').map(({ rule, code }) => [rule, code]),
    [
      ['certificate-file', 'LeafUnreadable'],
      ['key-file', undefined],
      ['permissions', undefined],
      ['mount', undefined],
    ],
  );
  t.is(told?.nextDue, undefined);
});

test('explain tells what the rules found and what is reported of it', (t) => {
  const told = why('agent/client-kubelet', leafItem(kubelet, { notAfter: now - day }));
  t.is(told?.rules.find(({ outcome }) => outcome === 'finding')?.code, 'LeafExpired');
  t.deepEqual(
    told?.findings.map(({ code }) => code),
    ['ReissuedAtStart'],
  );
});

test('explain covers every kind of entry and knows what it does not know', (t) => {
  for (const { entry } of node().items) t.true((why(entry.id)?.rules.length ?? 0) > 0, entry.id);
  t.is(why('nonsense'), undefined);
});

test('explain never has anything of a private key', (t) => {
  const marked = { ...privateKey('key of client-admin'), toString: () => 'SECRET' };
  const told = why('client-admin', { ...leafItem(admin), key: good(marked) });
  t.notRegex(JSON.stringify(told), /SECRET|keyObject|spkiDer/);
});

const leafRow = assess(inputFor(node())).rows.find(({ id }) => id === 'client-admin');
const authorityRow = assess(inputFor(node())).rows.find(({ id }) => id === 'server-ca');

const dates: readonly (readonly [
  title: string,
  row: typeof leafRow,
  at: number,
  due: readonly [number, string] | undefined,
])[] = [
  ['is the start of a leaf before it', leafRow, now - 66 * day, [now - 65 * day, 'valid']],
  ['is the window of a leaf', leafRow, now, [now + 180 * day, 'renewal']],
  ['is the end of a leaf inside its window', leafRow, now + 180 * day, [now + 300 * day, 'end']],
  ['is nothing once it has ended', leafRow, now + 300 * day, undefined],
  ['is the warning of an authority', authorityRow, now, [now + 2885 * day, 'warning']],
  ['is then its critical date', authorityRow, now + 2885 * day, [now + 3130 * day, 'critical']],
];
for (const [title, row, at, due] of dates) {
  test(`nextDue ${title}`, (t) => {
    if (row === undefined) {
      t.fail();
      return;
    }
    t.deepEqual(nextDue(row, at, settings), due === undefined ? undefined : { at: due[0], what: due[1] });
  });
}
