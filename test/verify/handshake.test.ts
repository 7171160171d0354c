import test from 'ava';
import { authorityExtensions } from '../fixtures/authorities.ts';
import { newKey, signCertificates, type Validity } from '../fixtures/sign.ts';
import { day } from '../fixtures/tree.ts';
import { tlsClient, tlsServer, type Credentials } from '../../src/verify/credentials.ts';
import { shakeHands, type HandshakeVerdict } from '../../src/verify/handshake.ts';

// OpenSSL reads the machine's clock in a handshake: the certificates are made around the present.
const today = Math.floor(Date.now() / day) * day;
const valid: Validity = { notBefore: today - day, notAfter: today + 300 * day };

interface Authority {
  readonly certificate: string;
  readonly key: string;
}

function authority(name: string): Authority {
  const key = newKey('ec');
  const wish = { subject: `/CN=${name}`, key, extensions: authorityExtensions };
  const [certificate = ''] = signCertificates([wish], { key }, valid, 0n);
  return { certificate, key };
}

const [serverAuthority, clientAuthority] = [authority('server-ca'), authority('client-ca')];

function side(
  usage: 'serverAuth' | 'clientAuth',
  wish: {
    signer?: Authority;
    trusted?: Authority;
    usage?: string;
    names?: string;
    validity?: Validity;
    key?: string;
  } = {},
): Credentials {
  const [own, other] = usage === 'serverAuth' ? [serverAuthority, clientAuthority] : [clientAuthority, serverAuthority];
  const key = newKey('ec');
  const extensions = [
    'keyUsage=critical,digitalSignature,keyEncipherment',
    `extendedKeyUsage=${wish.usage ?? usage}`,
    `subjectAltName=${wish.names ?? 'DNS:localhost,IP:127.0.0.1,IP:::1'}`,
  ];
  const [certificate = ''] = signCertificates(
    [{ subject: '/CN=x', key, extensions }],
    wish.signer ?? own,
    wish.validity ?? valid,
    7n,
  );
  return {
    certificatePem: Buffer.from(certificate),
    keyPem: Buffer.from(wish.key ?? key),
    trustedPem: Buffer.from((wish.trusted ?? other).certificate),
  };
}

const [goodServer, goodClient] = [side('serverAuth'), side('clientAuth')];

function shake(
  server: Credentials,
  client: Credentials,
  serverName = 'localhost',
  clockIsShifted = false,
): Promise<HandshakeVerdict> {
  return shakeHands({ server: tlsServer(server), client: tlsClient(client), serverName, clockIsShifted });
}

test('shakeHands succeeds for names and addresses', async (t) => {
  for (const name of ['localhost', '127.0.0.1', '::1'])
    t.deepEqual(await shake(goodServer, goodClient, name), { ok: true }, name);
});

test('shakeHands holds many conversations on one server one after the other', async (t) => {
  const [server, client] = [tlsServer(goodServer), tlsClient(goodClient)];
  for (let count = 0; count < 30; count += 1)
    t.deepEqual(await shakeHands({ server, client, serverName: 'localhost', clockIsShifted: false }), { ok: true });
  t.is(server.listenerCount('secureConnection'), 0);
  t.is(server.listenerCount('tlsClientError'), 0);
  t.false(server.listening);
});

/** What may stand above the one that signed: every certificate of the trusted file is an anchor to a Go peer. */
const limited = ['basicConstraints=critical,CA:TRUE,pathlen:0', ...authorityExtensions.slice(1)];
const uppers: readonly (readonly [string, { extensions?: string[]; validity?: Validity; inFile?: boolean }])[] = [
  ['whose root is not in the file', { inFile: false }],
  ['below a root that has ended', { validity: { notBefore: today - 300 * day, notAfter: today - 30 * day } }],
  ['below a root of the future', { validity: { notBefore: today + 30 * day, notAfter: today + 300 * day } }],
  ['below a root that allows no authority below it', { extensions: limited }],
];
for (const [title, { extensions = authorityExtensions, validity = valid, inFile = true }] of uppers) {
  test(`shakeHands trusts, on both sides, an intermediate ${title}, as the products do`, async (t) => {
    const [rootKey, key] = [newKey('ec'), newKey('ec')];
    const rootWish = { subject: '/CN=root', key: rootKey, extensions };
    const [root = ''] = signCertificates([rootWish], { key: rootKey }, validity, 1n);
    const wish = { subject: '/CN=intermediate', key, extensions: authorityExtensions };
    const [certificate = ''] = signCertificates([wish], { certificate: root, key: rootKey }, valid, 9n);
    const trusted = { certificate: inFile ? certificate + root : certificate, key };
    const signer = { certificate, key };
    for (const isShifted of [false, true]) {
      const server = side('serverAuth', { signer });
      const client = side('clientAuth', { signer });
      t.deepEqual(await shake(server, side('clientAuth', { trusted }), 'localhost', isShifted), { ok: true });
      t.deepEqual(await shake(side('serverAuth', { trusted }), client, 'localhost', isShifted), { ok: true });
    }
    t.like(await shake(side('serverAuth', { trusted }), goodClient), { ok: false, about: 'client' });
  });
}

const old = { notBefore: today - 300 * day, notAfter: today - 30 * day };
const future = { notBefore: today + 30 * day, notAfter: today + 300 * day };
const expired = { server: side('serverAuth', { validity: old }), client: side('clientAuth', { validity: old }) };
const early = { server: side('serverAuth', { validity: future }), client: side('clientAuth', { validity: future }) };

const refusals: Record<string, readonly [Credentials, Credentials, 'server' | 'client', string]> = {
  'a server of another authority': [
    side('serverAuth', { signer: clientAuthority }),
    goodClient,
    'server',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  ],
  'a client of another authority': [
    goodServer,
    side('clientAuth', { signer: serverAuthority }),
    'client',
    'SELF_SIGNED_CERT_IN_CHAIN',
  ],
  'a server that is a client': [side('serverAuth', { usage: 'clientAuth' }), goodClient, 'server', 'INVALID_PURPOSE'],
  'a client that is a server': [goodServer, side('clientAuth', { usage: 'serverAuth' }), 'client', 'INVALID_PURPOSE'],
  'an expired server': [expired.server, goodClient, 'server', 'CERT_HAS_EXPIRED'],
  'an expired client': [goodServer, expired.client, 'client', 'CERT_HAS_EXPIRED'],
  'a server of the future': [early.server, goodClient, 'server', 'CERT_NOT_YET_VALID'],
  'a client of the future': [goodServer, early.client, 'client', 'CERT_NOT_YET_VALID'],
  'a server without the name': [
    side('serverAuth', { names: 'DNS:other' }),
    goodClient,
    'server',
    'ERR_TLS_CERT_ALTNAME_INVALID',
  ],
};

for (const [name, [server, client, about, code]] of Object.entries(refusals)) {
  test(`shakeHands refuses ${name}`, async (t) => {
    t.deepEqual(await shake(server, client), { ok: false, about, code });
  });
}

test('shakeHands passes over dates, and over nothing else, when the clock is shifted', async (t) => {
  for (const { server, client } of [expired, early]) {
    t.deepEqual(await shake(server, client, 'localhost', true), { ok: true });
    t.deepEqual(await shake(server, client, 'other', true), {
      ok: false,
      about: 'server',
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  }
  for (const [server, client, about, code] of Object.values(refusals)) {
    if (code.startsWith('CERT_')) continue;
    t.deepEqual(await shake(server, client, 'localhost', true), { ok: false, about, code });
  }
});

test('shakeHands refuses a client that shows no certificate', async (t) => {
  const { createSecureContext } = await import('node:tls');
  const client = createSecureContext({ ca: serverAuthority.certificate, minVersion: 'TLSv1.3' });
  const verdict = await shakeHands({
    server: tlsServer(goodServer),
    client,
    serverName: 'localhost',
    clockIsShifted: false,
  });
  t.is(verdict.ok, false);
  t.is(verdict.ok ? undefined : verdict.about, 'client');
});

test('shakeHands ends when a side breaks off', async (t) => {
  const { createSecureContext } = await import('node:tls');
  const client = createSecureContext({ ca: serverAuthority.certificate, maxVersion: 'TLSv1.2' });
  const verdict = await shakeHands({
    server: tlsServer(goodServer),
    client,
    serverName: 'localhost',
    clockIsShifted: false,
  });
  t.is(verdict.ok ? undefined : verdict.about, 'neither');
});

test('shakeHands ends when the other side says nothing at all', async (t) => {
  const { Server } = await import('node:tls');
  const mute = new Server();
  mute.removeAllListeners('connection');
  const verdict = await shakeHands({
    server: mute,
    client: tlsClient(goodClient),
    serverName: 'localhost',
    clockIsShifted: false,
  });
  t.deepEqual(verdict, { ok: false, about: 'neither', code: 'ERR_TLS_HANDSHAKE_TIMEOUT' });
});

test('tlsServer refuses a key that is not the key of the certificate', (t) => {
  for (const make of [tlsServer, tlsClient])
    t.throws(() => make(side('serverAuth', { key: newKey('ec') })), { code: 'ERR_OSSL_X509_KEY_VALUES_MISMATCH' });
});
