import { createPublicKey } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { parse } from 'yaml';
import type { KubeconfigDocument } from '../../src/inventory/inventory.ts';
import type { Parsed } from '../../src/x509/parsed.ts';
import { parseKubeconfig } from '../../src/inventory/kubeconfig.ts';
import { readPlainKubeconfig } from '../../src/inventory/plain-kubeconfig.ts';
import { embeddedKubeconfig, referenceKubeconfig } from '../fixtures/kubeconfig.ts';
import { newKey, signCertificates } from '../fixtures/sign.ts';

const key = newKey('ec');
const validity = { notBefore: Date.parse('2026-03-01T00:00:00Z'), notAfter: Date.parse('2027-03-01T00:00:00Z') };
const certificate = (name: string): string =>
  signCertificates([{ subject: `/CN=${name}`, key, extensions: [] }], { key }, validity, 4n)[0] ?? '';
const [authority, admin] = [certificate('rke2-server-ca@1'), certificate('system:admin')];

const tls = '/var/lib/rancher/rke2/server/tls';
const references = referenceKubeconfig(
  'https://127.0.0.1:6443',
  `${tls}/server-ca.crt`,
  `${tls}/client-admin.crt`,
  `${tls}/client-admin.key`,
);
const embedded = embeddedKubeconfig('https://127.0.0.1:6443', authority, admin + authority, key);

function read(text: string, directory?: string): Parsed<KubeconfigDocument> {
  return parseKubeconfig(Buffer.from(text), { directory });
}

function problems(text: string): readonly string[] {
  const parsed = read(text);
  return parsed.ok || parsed.missing ? [] : parsed.problems;
}

const readsReferences = test.macro((t, text: string) => {
  t.deepEqual(read(text), {
    ok: true,
    value: {
      server: 'https://127.0.0.1:6443',
      authority: { path: `${tls}/server-ca.crt` },
      clientCertificate: { path: `${tls}/client-admin.crt` },
      clientKey: { path: `${tls}/client-admin.key` },
    },
  });
});

test('parseKubeconfig reads file references as the products write them', readsReferences, references);
test(
  'parseKubeconfig reads the same in another style of YAML',
  readsReferences,
  `# mine\n${references.replaceAll(/: (\/.*)$/gm, ': "$1"')}`,
);
test('parseKubeconfig reads the first of two documents, as Go does', readsReferences, `${references}---\na: b\n`);
test('parseKubeconfig reads the same as JSON', readsReferences, JSON.stringify(parse(references)));
test(
  'parseKubeconfig follows the current context, not the order',
  readsReferences,
  `${references.replace('clusters:\n', 'clusters:\n- {name: other, cluster: {server: "https://example.com"}}\n')}# end\n`,
);

const readsEmbedded = test.macro((t, text: string) => {
  const parsed = read(text);
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  const { value } = parsed;
  const namesOf = (source: KubeconfigDocument['authority']): unknown =>
    'embedded' in source && source.embedded.map(({ commonName }) => commonName);
  t.deepEqual(namesOf(value.authority), ['rke2-server-ca@1']);
  t.deepEqual(namesOf(value.clientCertificate), ['system:admin', 'rke2-server-ca@1']);
  const expected = createPublicKey(key).export({ format: 'der', type: 'spki' });
  t.true('key' in value.clientKey && value.clientKey.key.spkiDer.equals(expected));
});

test('parseKubeconfig reads embedded data as the products write it', readsEmbedded, embedded);
test(
  'parseKubeconfig reads embedded data without preferences',
  readsEmbedded,
  embedded.replace('preferences: {}\n', ''),
);
test('parseKubeconfig reads embedded data in another style of YAML', readsEmbedded, `---\n${embedded}`);
test(
  'parseKubeconfig prefers data to a path, as kubectl does',
  readsEmbedded,
  embedded.replace('    client-key-data', '    client-key: /elsewhere\n    client-key-data'),
);

test('parseKubeconfig resolves relative references from the directory of the file, as kubectl does', (t) => {
  const parsed = read(references.replaceAll(`${tls}/`, '../tls/'), '/var/lib/rancher/rke2/server/cred');
  t.deepEqual(parsed.ok && parsed.value.clientKey, { path: `${tls}/client-admin.key` });
});

for (const [what, text, expected] of [
  ['an empty file', '', ['is empty']],
  ['text', 'hello\n', ['is not a mapping']],
  ['broken YAML', 'apiVersion: v1\nclusters:\n- cluster:\n    server: [\n', ['is not valid YAML']],
  ['a truncated file', references.slice(0, references.indexOf('users:')), ['has no user for its current context']],
  ['another kind', '{kind: Pod}', ['is not of kind Config']],
  ['no current context', references.replace('current-context: Default', ''), ['has no current context']],
  [
    'a context that is not there',
    references.replace('current-context: Default', 'current-context: x'),
    ['has no current context'],
  ],
  ['a cluster without server', references.replace(/ {4}server: .*\n/, ''), ['has no cluster for its current context']],
  [
    'no client certificate',
    references.replace(/ {4}client-certificate: .*\n/, ''),
    ['client certificate is not there'],
  ],
  [
    'a token',
    references.replace(/ {4}client-cert[^]*/, '    token: abc\n'),
    ['client certificate is not there', 'client key is not there'],
  ],
  [
    'bad base64',
    embedded.replace('client-key-data: ', 'client-key-data: "%"\n    x: '),
    ['client key is not valid base64'],
  ],
  [
    'a list for a mapping',
    'current-context: a\ncontexts: [a, 7, null, [], {name: a, context: []}]',
    ['has no current context'],
  ],
] as const) {
  test(`parseKubeconfig calls ${what} damaged`, (t) => {
    t.deepEqual(problems(text), expected);
  });
}

test('parseKubeconfig calls bytes that are not UTF-8 damaged', (t) => {
  const parsed = parseKubeconfig(Buffer.alloc(400, 0xa5));
  t.deepEqual(!parsed.ok && parsed.problems, ['is not text']);
});

test('parseKubeconfig quotes no byte of a damaged file: it may hold a key', (t) => {
  const secret = Buffer.from(key).toString('base64');
  for (const text of [embedded.replace('users:', 'users'), `${embedded}  x`, embedded.replace(secret, `"${secret}`)]) {
    const parsed = read(text);
    t.false(parsed.ok);
    t.false(JSON.stringify(parsed).includes(secret.slice(40, 52)));
  }
});

for (const [what, text] of [
  ['a megabyte', `${references}#${'x'.repeat(1_000_000)}`],
  ['deep nesting', '['.repeat(200_000)],
  ['nested block sequences', '- '.repeat(100_000)],
  [
    'aliases that multiply',
    `a0: &a0 [x, x]\n${Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]\n`).join('')}`,
  ],
  ['many keys', Array.from({ length: 20_000 }, (_, n) => `key${n}: 1\n`).join('')],
] as const) {
  test(`parseKubeconfig does not hang on ${what}`, (t) => {
    t.true(problems(text).length > 0);
  });
}

const plainPath = fc.stringMatching(/^\/[A-Za-z0-9._/@+-]{0,40}$/);
const anyPath = fc.oneof(
  { weight: 8, arbitrary: plainPath },
  { weight: 1, arbitrary: fc.string() },
  fc.constantFrom('~', 'null', '1', 'a: b', '/a #b', '"/x"', '/x:', "'/x'", '/x '),
);
const anyServer = fc.oneof(
  fc.constantFrom(
    'https://127.0.0.1:6443',
    'https://[::1]:6444',
    'https://node.example.com:6443',
    'https://x:1:',
    'https://[::1]',
  ),
  fc.string(),
);

test('readPlainKubeconfig reads what the YAML library reads, or nothing', (t) => {
  let plain = 0;
  fc.assert(
    fc.property(anyServer, anyPath, anyPath, anyPath, (server, authorityPath, certificatePath, keyPath) => {
      const text = referenceKubeconfig(server, authorityPath, certificatePath, keyPath);
      const fields = readPlainKubeconfig(text);
      if (fields === undefined) return;
      plain += 1;
      const value = parse(text) as {
        clusters: { cluster: unknown }[];
        users: { user: unknown }[];
        'current-context': string;
      };
      t.deepEqual(value.clusters[0]?.cluster, { server: fields.server, 'certificate-authority': fields.authorityPath });
      t.deepEqual(value.users[0]?.user, {
        'client-certificate': fields.clientCertificatePath,
        'client-key': fields.clientKeyPath,
      });
      t.is(value['current-context'], 'Default');
    }),
    { numRuns: 2000 },
  );
  t.true(plain > 20, `${plain}`);
});

test('readPlainKubeconfig gives up at the smallest change', (t) => {
  for (const text of [references, embedded]) {
    t.truthy(readPlainKubeconfig(text));
    for (const other of [
      ` ${text}`,
      `${text}\n`,
      `${text} `,
      text.replace('kind', 'Kind'),
      text.replaceAll('\n', '\r\n'),
      text.replace('user: ', 'user: &'),
    ])
      t.is(readPlainKubeconfig(other), undefined);
  }
});
