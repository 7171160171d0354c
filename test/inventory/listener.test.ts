import test from 'ava';
import type { ListenerDocument } from '../../src/inventory/inventory.ts';
import type { Parsed } from '../../src/x509/parsed.ts';
import { parseListener } from '../../src/inventory/listener.ts';
import { listenerDocument } from '../fixtures/listener.ts';
import { newKey, signCertificates } from '../fixtures/sign.ts';

const birth = Date.parse('2026-03-01T00:00:00Z');
const names = [
  'kubernetes',
  'localhost',
  '127.0.0.1',
  '2001:db8::1',
  '*.example.com',
  `${'long-'.repeat(14)}name.example.com`,
];
const key = newKey('ec');
const wish = { subject: '/O=rke2/CN=rke2', key, extensions: ['extendedKeyUsage=serverAuth'] };
const [certificate = ''] = signCertificates(
  [wish],
  { key },
  { notBefore: birth, notAfter: birth + 31_536_000_000 },
  3n,
);
const document = listenerDocument('rke2', names, certificate, certificate, key, birth);

type Secret = Record<string, unknown> & {
  data: Record<string, unknown>;
  metadata: { annotations: Record<string, unknown> };
};

function changed(change: (secret: Secret) => void): Parsed<ListenerDocument> {
  const secret = JSON.parse(document) as Secret;
  change(secret);
  return parseListener(Buffer.from(JSON.stringify(secret)));
}

test('parseListener reads the document as the products write it', (t) => {
  const parsed = parseListener(Buffer.from(document));
  t.true(parsed.ok);
  if (!parsed.ok) return;
  t.deepEqual(
    parsed.value.certificates.map(({ commonName, organizations }) => [commonName, organizations]),
    [
      ['rke2', ['rke2']],
      ['rke2', ['rke2']],
    ],
  );
  t.true(parsed.value.key.spkiDer.equals(parsed.value.certificates[0]?.spkiDer ?? Buffer.alloc(0)));
  t.false(parsed.value.isStatic);
});

test('parseListener takes the names from the annotations, also where their keys are shortened', (t) => {
  const parsed = parseListener(Buffer.from(document));
  t.deepEqual(parsed.ok && [...parsed.value.names].sort(), [...names].sort());
});

test('parseListener sees the static flag', (t) => {
  const parsed = changed(({ metadata }) => (metadata.annotations['listener.cattle.io/static'] = 'true'));
  t.true(parsed.ok && parsed.value.isStatic);
});

test('parseListener reads a document that was never in the datastore', (t) => {
  const { data, type } = JSON.parse(document) as Secret;
  const parsed = parseListener(Buffer.from(JSON.stringify({ metadata: { creationTimestamp: null }, type, data })));
  t.deepEqual(parsed.ok && parsed.value.names, []);
});

test('parseListener calls an empty file missing, as recent products do', (t) => {
  const parsed = parseListener(Buffer.alloc(0));
  t.true(!parsed.ok && parsed.missing);
});

for (const [what, parse, expected] of [
  ['a truncated document', () => parseListener(Buffer.from(document.slice(0, -20))), ['is not a JSON object']],
  ['zero bytes', () => parseListener(Buffer.alloc(900)), ['is not a JSON object']],
  ['a list', () => parseListener(Buffer.from('[]')), ['is not a JSON object']],
  ['bytes that are not UTF-8', () => parseListener(Buffer.from([0x7b, 0xff, 0x7d])), ['is not a JSON object']],
  [
    'another kind of object',
    () => parseListener(Buffer.from('{"kind":"ConfigMap"}')),
    ['is not a Secret of type kubernetes.io/tls'],
  ],
  [
    'no data',
    () => changed((secret) => delete (secret as Partial<Secret>).data),
    ['tls.crt is not there', 'tls.key is not there'],
  ],
  [
    'data that is no mapping',
    () => changed((secret) => (secret['data'] = 7 as never)),
    ['tls.crt is not there', 'tls.key is not there'],
  ],
  ['bad base64', () => changed(({ data }) => (data['tls.key'] = '%%%')), ['tls.key is not valid base64']],
  ['an empty certificate', () => changed(({ data }) => (data['tls.crt'] = '')), ['tls.crt is empty']],
  [
    'a key for a certificate',
    () => changed(({ data }) => (data['tls.crt'] = data['tls.key'])),
    ['tls.crt holds no certificate, its first block is EC PRIVATE KEY'],
  ],
] as const) {
  test(`parseListener calls a document with ${what} damaged`, (t) => {
    const parsed = parse();
    t.deepEqual(!parsed.ok && !parsed.missing && parsed.problems, expected);
  });
}

test('parseListener quotes no byte of a damaged document: it holds a key', (t) => {
  const secret = Buffer.from(key).toString('base64');
  for (const text of [
    document.slice(0, -2),
    document.replace('"tls.key":', '"tls.key"'),
    document.replace(secret, `!${secret}`),
  ]) {
    const parsed = parseListener(Buffer.from(text));
    t.false(parsed.ok);
    t.false(JSON.stringify(parsed).includes(secret.slice(40, 52)));
  }
});

test('parseListener takes annotations that are no text, or named like object properties, in its stride', (t) => {
  const parsed = changed(({ metadata }) => {
    metadata.annotations = {
      'listener.cattle.io/cn-a': 7,
      'listener.cattle.io/cn-b': '',
      'listener.cattle.io/cn-__proto__': '__proto__',
    };
  });
  t.deepEqual(parsed.ok && parsed.value.names, ['__proto__']);
});
