import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { inspect } from 'node:util';
import test from 'ava';
import type { Parsed } from '../../src/x509/parsed.ts';
import { type PrivateKey, parseFirstPrivateKey, parsePrivateKeys } from '../../src/x509/private-key.ts';
import { openssl } from '../fixtures/openssl.ts';
import { newKey } from '../fixtures/sign.ts';

const generate = (curve: string): string => openssl(['ecparam', '-name', curve, '-genkey', '-noout']);
const pkcs8 = (key: string): string => openssl(['pkcs8', '-topk8', '-nocrypt'], key);

function only(text: string): PrivateKey {
  const keys = parsePrivateKeys(Buffer.from(text));
  if (!keys.ok || keys.value.length !== 1 || keys.value[0] === undefined) throw new Error('not one key');
  return keys.value[0];
}

function problems(parsed: Parsed<unknown>): readonly string[] {
  return parsed.ok || parsed.missing ? [] : parsed.problems;
}

for (const [what, make, algorithm, form] of [
  ['a SEC1 key on P-256', () => newKey('ec'), 'EC P-256', 'sec1'],
  ['a SEC1 key on P-384', () => newKey('ec384'), 'EC P-384', 'sec1'],
  ['a SEC1 key on P-521', () => generate('secp521r1'), 'EC P-521', 'sec1'],
  [
    'a SEC1 key after its EC PARAMETERS',
    () => openssl(['ecparam', '-name', 'prime256v1', '-genkey']),
    'EC P-256',
    'sec1',
  ],
  ['a SEC1 key without its public half', () => openssl(['ec', '-no_public'], newKey('ec')), 'EC P-256', 'sec1'],
  ['a PKCS#8 key on P-256', () => pkcs8(newKey('ec')), 'EC P-256', 'pkcs8'],
  ['a PKCS#8 key on P-384', () => pkcs8(newKey('ec384')), 'EC P-384', 'pkcs8'],
  ['a PKCS#1 key', () => newKey('rsa'), 'RSA 2048', 'pkcs1'],
  ['a PKCS#1 key of 3072 bits', () => openssl(['genrsa', '-traditional', '3072']), 'RSA 3072', 'pkcs1'],
  ['a PKCS#8 key of RSA', () => pkcs8(newKey('rsa')), 'RSA 2048', 'pkcs8'],
  ['a key on a curve that only openssl knows', () => generate('secp256k1'), 'EC secp256k1', 'sec1'],
  ['an Ed25519 key', () => openssl(['genpkey', '-algorithm', 'ed25519']), 'ed25519', 'pkcs8'],
] as const) {
  test(`parsePrivateKeys reads ${what}, and openssl agrees about its public half`, (t) => {
    const text = make();
    const key = only(text);
    t.is(key.algorithm, algorithm);
    t.is(key.form, form);
    const expected = openssl(['pkey', '-pubout'], text);
    const actual = createPublicKey({ key: key.spkiDer, format: 'der', type: 'spki' });
    t.is(actual.export({ format: 'pem', type: 'spki' }), expected);
    const digest = algorithm === 'ed25519' ? null : 'sha256';
    const signature = sign(digest, Buffer.from('x'), key.keyObject);
    t.true(verify(digest, Buffer.from('x'), actual, signature));
  });
}

test('parsePrivateKeys reads several keys, among other blocks, in order', (t) => {
  const [first, second] = [newKey('rsa'), newKey('ec')];
  const certificate = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const keys = parsePrivateKeys(Buffer.from(`${certificate}comment\n${first}${second}`));
  t.deepEqual(keys.ok && keys.value.map(({ algorithm }) => algorithm), ['RSA 2048', 'EC P-256']);
});

test('parsePrivateKeys calls a file damaged when one of its keys is', (t) => {
  const file = Buffer.from(newKey('rsa') + newKey('rsa').slice(0, 400));
  t.deepEqual(problems(parsePrivateKeys(file)), ['block 2 (RSA PRIVATE KEY) has no END line']);
});

test('parseFirstPrivateKey takes the first key that can be read, as the products do', (t) => {
  const good = newKey('ec');
  const key = parseFirstPrivateKey(Buffer.from(newKey('ec').replace('MHc', 'MH!') + good + newKey('rsa')));
  t.true(key.ok && key.value.spkiDer.equals(createPublicKey(good).export({ format: 'der', type: 'spki' })));
});

for (const [what, make, expected] of [
  ['an empty file', () => '', 'is empty'],
  ['a file of zero bytes', () => '\0'.repeat(227), 'is 227 zero bytes'],
  ['a file of text', () => 'hello\n', 'holds no PEM block'],
  ['a truncated key', () => newKey('ec').slice(0, 120), 'block 1 (EC PRIVATE KEY) has no END line'],
  ['bad base64', () => newKey('ec').replace('MHc', 'MH!'), 'block 1 (EC PRIVATE KEY) is not valid base64'],
  [
    'a certificate only',
    () => '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    'holds no private key, its first block is CERTIFICATE',
  ],
  [
    'an encrypted SEC1 key',
    () => openssl(['ec', '-aes128', '-passout', 'pass:x'], newKey('ec')),
    'block 1 (EC PRIVATE KEY) is encrypted',
  ],
  [
    'an encrypted PKCS#8 key',
    () => openssl(['pkcs8', '-topk8', '-passout', 'pass:x'], newKey('ec')),
    'block 1 (ENCRYPTED PRIVATE KEY) is encrypted',
  ],
  [
    'a SEC1 key that is called PKCS#1',
    () => newKey('ec').replaceAll('EC PRIVATE', 'RSA PRIVATE'),
    'block 1 (RSA PRIVATE KEY) is a key of another type',
  ],
  [
    'garbage in a frame',
    () =>
      `-----BEGIN EC PRIVATE KEY-----\n${Buffer.alloc(96, 0xa5).toString('base64')}\n-----END EC PRIVATE KEY-----\n`,
    'block 1 (EC PRIVATE KEY) is not a private key that can be read',
  ],
] as const) {
  test(`parsePrivateKeys says of ${what}: ${expected}`, (t) => {
    t.deepEqual(problems(parsePrivateKeys(Buffer.from(make()))), [expected]);
  });
}

test('parsePrivateKeys says of a key in DER that PEM is expected', (t) => {
  const der = createPrivateKey(newKey('ec')).export({ format: 'der', type: 'sec1' });
  t.deepEqual(problems(parsePrivateKeys(der)), ['is DER where PEM is expected']);
});

/** The key with one bit flipped at an offset in its DER. */
function flipped(text: string, offset: number): Buffer {
  const [label = ''] = /[A-Z]+ PRIVATE KEY/.exec(text) ?? [];
  const der = Buffer.from(/-----BEGIN [^-]+-----([^-]+)/.exec(text)?.[1] ?? '', 'base64');
  der[offset] = (der[offset] ?? 0) ^ 1;
  return Buffer.from(`-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`);
}

test('parsePrivateKeys finds a flipped bit in a private scalar, which openssl does not', (t) => {
  // SEQUENCE, INTEGER 1, OCTET STRING: the scalar begins at offset 7.
  const damaged = flipped(newKey('ec'), 20);
  t.notThrows(() => createPrivateKey(damaged));
  t.deepEqual(problems(parsePrivateKeys(damaged)), [
    'block 1 (EC PRIVATE KEY) has a public half that does not match its private half',
  ]);
});

test('parsePrivateKeys finds a flipped bit in any number of an RSA key, which openssl does not', (t) => {
  const key = newKey('rsa');
  // Inside n, d, p, q, d mod p-1, d mod q-1 and the coefficient of a key of 2048 bits.
  for (const offset of [100, 400, 600, 720, 860, 990, 1130]) {
    const damaged = flipped(key, offset);
    t.notThrows(() => createPrivateKey(damaged));
    t.deepEqual(problems(parsePrivateKeys(damaged)), [
      'block 1 (RSA PRIVATE KEY) has numbers that do not match each other',
    ]);
  }
});

test('a private key gives nothing away when it is printed, serialised or copied', (t) => {
  for (const text of [newKey('ec'), newKey('rsa'), openssl(['genpkey', '-algorithm', 'ed25519'])]) {
    const key = only(text);
    t.is(inspect(key, { showHidden: true, depth: 9 }), '[private key]');
    t.is(JSON.stringify({ key }), '{"key":{}}');
    t.deepEqual(Object.keys(key), []);
    t.deepEqual({ ...key }, {} as PrivateKey);
    t.deepEqual(structuredClone(key), {} as PrivateKey);
    t.false('toJSON' in key);
    // Also after the KeyObject was made.
    t.is(key.keyObject.type, 'private');
    t.is(inspect({ nested: [key] }), '{ nested: [ [private key] ] }');
  }
});

test('parsePrivateKeys quotes no byte of a damaged key', (t) => {
  const key = newKey('rsa');
  const lines = key.split('\n').slice(1, -2);
  for (const text of [key.slice(0, -40), key.replace('MII', 'M!!'), lines.join('\n'), `x${key}`]) {
    const said = problems(parsePrivateKeys(Buffer.from(text))).join(' ');
    t.true(said.length > 0);
    t.false(lines.some((line) => said.includes(line.slice(0, 12))));
  }
});

test('parsePrivateKeys does not hang on numbers of a megabit', (t) => {
  const number = Buffer.concat([Buffer.from('0283020000', 'hex'), Buffer.alloc(0x20000, 0x55)]);
  const content = Buffer.concat([
    Buffer.of(2, 1, 0),
    ...Array.from({ length: 5 }, () => number),
    Buffer.from('020103'.repeat(3), 'hex'),
  ]);
  const header = Buffer.alloc(4);
  header.writeUInt32BE(content.length);
  const der = Buffer.concat([Buffer.of(0x30, 0x83), header.subarray(1), content]);
  const text = `-----BEGIN RSA PRIVATE KEY-----\n${der.toString('base64')}\n-----END RSA PRIVATE KEY-----\n`;
  t.deepEqual(problems(parsePrivateKeys(Buffer.from(text))), ['block 1 (RSA PRIVATE KEY) is too large']);
});
