import test from 'ava';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { array, boolean, enum as oneOf, iso, literal, number, strictObject, string, type infer as Infer } from 'zod';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { newKey, signCertificates } from '../fixtures/sign.ts';
import { day, type ChainKind, type Tree } from '../fixtures/tree.ts';
import { unreadable } from '../fixtures/unreadable.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { program, runBuilt, startBuilt } from './built.ts';
import { authorityExtensions } from '../fixtures/authorities.ts';

/* `certmend ca status` of the built program, on trees that openssl made. */

const time = iso.datetime({ offset: false });
const hash = string().regex(/^[0-9a-f]{64}$/);
const level = ['ok', 'warning', 'critical', 'unknown'] as const;
const root = strictObject({
  subject: string(),
  fingerprint256: hash,
  notAfter: time,
  inUse: boolean(),
  keyHere: boolean().nullable(),
});
const authority = strictObject({
  id: string(),
  path: string(),
  state: oneOf(['readable', 'missing', 'unreadable']),
  subject: string().nullable(),
  fingerprint256: hash.nullable(),
  notAfter: time.nullable(),
  effectiveNotAfter: time.nullable(),
  residualSeconds: number().int().nullable(),
  shape: oneOf(['self-signed', 'root-and-intermediate', 'cross-signed', 'several-roots', 'root-elsewhere']).nullable(),
  certificates: number().int(),
  roots: array(root),
  key: strictObject({
    state: oneOf(['fits', 'differs', 'missing', 'unreadable', 'elsewhere']),
    path: string().nullable(),
    algorithm: string().nullable(),
  }),
  renewal: oneOf(['intermediate', 'root']).nullable(),
  usedBy: array(string()),
  signs: array(string()),
});
const published = strictObject({
  apiVersion: literal('certmend/v1'),
  kind: literal('AuthorityReport'),
  at: time,
  root: string(),
  layout: string(),
  nodeName: string(),
  role: oneOf(['server', 'agent']),
  level: oneOf(level),
  reasons: array(strictObject({ code: string(), id: string().nullable(), message: string() })),
  authorities: array(authority),
  firstEnd: time.nullable(),
  beginAt: time.nullable(),
  datastore: strictObject({
    kind: oneOf(['etcd', 'sqlite', 'external', 'etcd-elsewhere', 'none', 'unknown']),
    evidence: string().nullable(),
  }),
  rotation: strictObject({
    token: oneOf(['stays', 'changes']),
    restart: array(oneOf(['servers', 'agents', 'pods'])),
  }).nullable(),
  token: strictObject({
    caHash: hash,
    over: oneOf(['file', 'root']),
    path: string().nullable(),
    state: oneOf(['agrees', 'differs', 'bare', 'missing', 'elsewhere']),
  }).nullable(),
  underWay: strictObject({
    startedAt: time,
    step: string(),
    reachedAt: time,
    next: array(strictObject({ what: string(), command: string().nullable() })),
  }).nullable(),
});
type Report = Infer<typeof published>;

async function caStatus(
  tree: Tree,
  ...words: readonly string[]
): Promise<{ status: number | undefined; report: Report }> {
  const { status, stdout, stderr } = await runBuilt(['--root', tree.root, 'ca', 'status', ...words, '-o', 'json']);
  if (stdout === '') throw new Error(stderr);
  return { status, report: published.parse(JSON.parse(stdout)) };
}

const five = ['server-ca', 'client-ca', 'request-header-ca', 'etcd/server-ca', 'etcd/peer-ca'];
const everybody = ['servers', 'agents', 'pods'];
const chains: Readonly<
  Record<
    ChainKind,
    {
      shape: string;
      certificates: number;
      roots: number;
      token: string;
      over: string;
      restart: string[];
      status?: number;
    }
  >
> = {
  single: { shape: 'self-signed', certificates: 1, roots: 1, token: 'changes', over: 'file', restart: everybody },
  four: { shape: 'cross-signed', certificates: 4, roots: 2, token: 'stays', over: 'root', restart: ['servers'] },
  'old-root-ended': {
    shape: 'cross-signed',
    certificates: 4,
    roots: 2,
    token: 'stays',
    over: 'root',
    restart: ['servers'],
  },
  'no-root': { shape: 'root-elsewhere', certificates: 1, roots: 0, token: 'changes', over: 'file', restart: everybody },
  // No chain leads to the root, so the hash is over the file, and the next one is not.
  'expired-upper': {
    shape: 'root-and-intermediate',
    certificates: 3,
    roots: 1,
    token: 'changes',
    over: 'file',
    restart: ['servers', 'agents'],
    status: 1,
  },
  'path-length': {
    shape: 'root-and-intermediate',
    certificates: 2,
    roots: 1,
    token: 'stays',
    over: 'root',
    restart: ['servers'],
  },
};

for (const product of ['rke2', 'k3s'] as const) {
  for (const [chain, { shape, certificates, roots, status: expected = 0, ...rest }] of Object.entries(chains)) {
    test(`ca status knows the authorities of ${product} whose file is ${chain}, and what a rotation means`, async (t) => {
      const tree = temporaryTree(t, { product, chain: chain as ChainKind });
      const before = fingerprintTree(tree.root);
      const { status, report } = await caStatus(tree);
      t.is(status, expected);
      t.deepEqual(changedPaths(before, fingerprintTree(tree.root)), []);
      t.deepEqual(
        report.authorities.map(({ id }) => id),
        five,
      );
      for (const one of report.authorities) {
        t.like(one, { state: 'readable', shape, certificates, subject: tree.authority(one.id).commonName });
        t.like(one.key, { state: 'fits', algorithm: 'EC P-256', path: tree.authority(one.id).keyPath });
        t.is(one.roots.length, roots);
        t.is(one.effectiveNotAfter, one.notAfter);
      }
      const end = Date.parse(report.firstEnd ?? '');
      t.is(Date.parse(report.beginAt ?? ''), end - 730 * day);
      t.is<string | undefined, string>(report.rotation?.token, rest.token);
      t.deepEqual(report.rotation?.restart, rest.restart);
      t.is<string | undefined, string>(report.token?.over, rest.over);
      // The fixture takes the second certificate for the root, without asking for a chain to it.
      if (chain !== 'expired-upper') t.is(report.token?.state, 'agrees');
      const token = readFileSync(tree.host(`${tree.dataDir}/server/token`), 'utf8');
      if (chain === 'single' || chain === 'four') t.is(/^K10([0-9a-f]{64})::/.exec(token)?.[1], report.token?.caHash);
    });
  }
}

test('ca status says that the key of the root is here after a rotation, and not of an organisation', async (t) => {
  const keys = async (chain: ChainKind): Promise<unknown[]> => {
    const { report } = await caStatus(temporaryTree(t, { chain }));
    return report.authorities[0]?.roots.map(({ inUse, keyHere }) => [inUse, keyHere]) ?? [];
  };
  t.deepEqual(await keys('four'), [
    [true, true],
    [false, null],
  ]);
  t.deepEqual(await keys('path-length'), [[true, false]]);
});

test('ca status on an agent shows the two authorities that it has without keys, and whom a rotation concerns', async (t) => {
  const tree = temporaryTree(t, { role: 'agent' });
  const { status, report } = await caStatus(tree);
  t.is(status, 0);
  t.deepEqual(
    report.authorities.map(({ id, key }) => [id, key.state]),
    [
      ['agent/client-ca', 'elsewhere'],
      ['agent/server-ca', 'elsewhere'],
    ],
  );
  t.like(report, { role: 'agent', datastore: { kind: 'none', evidence: null }, rotation: { token: 'changes' } });
  t.is(report.token?.state, 'elsewhere');
  const config = readFileSync(tree.host('/etc/rancher/rke2/config.yaml'), 'utf8');
  t.true(
    config.includes(`K10${report.token?.caHash ?? ''}::`),
    'it is the hash in the token that the agent joined with',
  );
});

test('ca status exits with 3 on a node that has no authorities', async (t) => {
  const tree = temporaryTree(t);
  rmSync(tree.host(`${tree.dataDir}/server/tls`), { recursive: true });
  const { status, report } = await caStatus(tree);
  t.is(status, 3);
  t.like(report, { level: 'unknown', firstEnd: null, beginAt: null, rotation: null, token: null });
  t.true(report.authorities.every(({ state }) => state === 'missing'));
  const text = await runBuilt(['--root', tree.root, 'ca', 'status']);
  t.is(text.status, 3);
  t.regex(text.stdout, /^no authorities · rke2-server on node-1/);
});

const now = Math.floor(Date.now() / day) * day;
const dates: readonly (readonly [left: number, config: string, status: number, code: string | undefined])[] = [
  [732, '', 0, undefined],
  [729, '', 1, 'AuthorityExpiring'],
  [122, '', 1, 'AuthorityExpiring'],
  [119, '', 2, 'AuthorityExpiring'],
  [-1, '', 2, 'AuthorityExpired'],
  [300, 'authority: { critical: 310d, warning: 365d }\n', 2, 'AuthorityExpiring'],
  [1000, 'authority: { critical: 1100d, warning: 1200d }\n', 2, 'AuthorityExpiring'],
];
for (const [left, config, expected, code] of dates) {
  test(`ca status exits with ${expected} when ${left} days are left${config === '' ? '' : ` under ${config.trim()}`}`, async (t) => {
    const tree = temporaryTree(t, { authority: { notBefore: now - 900 * day, notAfter: now + 2000 * day } });
    mkdirSync(tree.host('/etc/certmend'), { recursive: true });
    writeFileSync(tree.host('/etc/certmend/config.yaml'), config);
    const { status, report } = await caStatus(tree, '--at', new Date(now + (2000 - left) * day).toISOString());
    t.is(status, expected);
    t.deepEqual([...new Set(report.reasons.map((reason) => reason.code))], code === undefined ? [] : [code]);
    // The clock of --at goes on while the program starts.
    const passed = left * 86_400 - (report.authorities[0]?.residualSeconds ?? 0);
    t.true(passed >= 0 && passed < 3600, String(passed));
  });
}

test('ca status says when to begin, and that it is late', async (t) => {
  const tree = temporaryTree(t, { authority: { notBefore: now - 900 * day, notAfter: now + 2000 * day } });
  const textAt = async (days: number): Promise<string> => {
    const at = new Date(now + days * day).toISOString();
    return (await runBuilt(['--root', tree.root, 'ca', 'status', '--at', at])).stdout;
  };
  const begin = new Date(now + 1270 * day).toISOString().slice(0, 10);
  t.regex(await textAt(0), new RegExp(`begin +on ${begin}, in 12(?:70|69) d: two years before the first of them ends`));
  t.regex(
    await textAt(1500),
    new RegExp(`begin +now: the first of them ends in (?:500|499) d, and two years before that was ${begin}`),
  );
  t.regex(await textAt(2010), /begin +it is late: the first of them ended 10 d ago/);
});

test('ca status is critical, and shows the others, when one authority cannot be read', async (t) => {
  const tree = temporaryTree(t);
  const { certificatePath: path } = tree.authority('client-ca');
  const states = async (): Promise<readonly unknown[]> => {
    const { status, report } = await caStatus(tree);
    const shown = report.authorities.find(({ id }) => id === 'client-ca');
    t.is(report.authorities.filter(({ state }) => state === 'readable').length, 4);
    t.is(shown?.shape, null);
    return [status, shown?.state, ...report.reasons.map(({ code, id }) => `${code} ${id ?? ''}`)];
  };
  writeFileSync(tree.host(path), 'garbage');
  t.deepEqual(await states(), [2, 'unreadable', 'AuthorityUnreadable client-ca']);
  rmSync(tree.host(path));
  t.deepEqual(await states(), [2, 'missing', 'AuthorityMissing client-ca']);
  mkdirSync(tree.host(path));
  t.deepEqual(await states(), [2, 'unreadable', 'AuthorityUnreadable client-ca']);
});

test('ca status takes what the disk does not give for unread, not for absent', async (t) => {
  const tree = temporaryTree(t);
  const words = ['--root', tree.root, 'ca', 'status', '-o', 'json'];
  const { ended } = startBuilt(words, [], unreadable('/server/tls/server-ca.crt', 'EACCES'), program);
  const { status, stdout } = await ended;
  t.is(status, 2);
  const report = published.parse(JSON.parse(stdout));
  t.like(report, { rotation: null, token: null, authorities: [{ id: 'server-ca', state: 'unreadable' }] });
  t.regex(report.reasons[0]?.message ?? '', /server-ca\.crt cannot be read: EACCES/);
});

test('ca status tells a key that is missing, of another authority, or damaged', async (t) => {
  const tree = temporaryTree(t);
  const path = tree.host(tree.authority('server-ca').keyPath);
  const stateOf = async (): Promise<readonly unknown[]> => {
    const { status, report } = await caStatus(tree);
    return [status, report.authorities[0]?.key.state, ...report.reasons.map(({ code }) => code)];
  };
  writeFileSync(path, newKey('ec'));
  t.deepEqual(await stateOf(), [2, 'differs', 'AuthorityKeyMismatch']);
  writeFileSync(path, 'garbage');
  t.deepEqual(await stateOf(), [2, 'unreadable', 'ProtectedFileDamaged']);
  rmSync(path);
  t.deepEqual(await stateOf(), [1, 'missing', 'AuthorityKeyMissing']);
});

test('ca status compares the token of the server, and never shows its password', async (t) => {
  const tree = temporaryTree(t);
  const path = tree.host(`${tree.dataDir}/server/token`);
  const [, password = ''] = readFileSync(path, 'utf8').trim().split('::server:');
  t.is(password.length, 32);
  const tokens: readonly (readonly [text: string | undefined, state: string])[] = [
    [`K10${'0'.repeat(64)}::server:${password}\n`, 'differs'],
    [`${password}\n`, 'bare'],
    ['', 'missing'],
    [undefined, 'missing'],
  ];
  for (const [text, state] of tokens) {
    if (text === undefined) rmSync(path);
    else writeFileSync(path, text);
    const { report } = await caStatus(tree);
    t.is(report.token?.state, state as never);
    for (const form of ['table', 'yaml', 'json']) {
      const { stdout, stderr } = await runBuilt(['--root', tree.root, '-v', 'ca', 'status', '-o', form]);
      t.false(`${stdout}${stderr}`.includes(password), form);
    }
  }
});

test('ca status finds the datastore by files and settings, and shows nothing of its address but the kind', async (t) => {
  const tree = temporaryTree(t, { product: 'k3s' });
  const db = tree.host(`${tree.dataDir}/server/db`);
  const settings = tree.host('/etc/rancher/k3s/config.yaml.d/50-datastore.yaml');
  const found = async (): Promise<Report['datastore']> => (await caStatus(tree)).report.datastore;
  t.deepEqual(await found(), { kind: 'unknown', evidence: null });
  mkdirSync(db, { recursive: true });
  writeFileSync(`${db}/state.db`, '');
  t.deepEqual(await found(), { kind: 'sqlite', evidence: `${tree.dataDir}/server/db/state.db` });
  writeFileSync(settings, 'disable-etcd: true\n');
  t.is((await found()).kind, 'etcd-elsewhere');
  writeFileSync(settings, 'datastore-endpoint: mysql://certmend:sesame@tcp(db:3306)/k3s\n');
  t.deepEqual(await found(), {
    kind: 'external',
    evidence: 'datastore-endpoint in /etc/rancher/k3s/config.yaml.d/50-datastore.yaml:1',
  });
  const { stdout, stderr } = await runBuilt(['--root', tree.root, '-v', 'ca', 'status']);
  t.regex(stderr, /setting: datastore-endpoint = mysql \(/);
  t.false(`${stdout}${stderr}`.includes('sesame'));
  mkdirSync(`${db}/etcd/member`, { recursive: true });
  t.deepEqual(await found(), { kind: 'etcd', evidence: `${tree.dataDir}/server/db/etcd` });
});

test('ca status of an authority renewed with its old key says what its leaves can live to', async (t) => {
  const tree = temporaryTree(t);
  const { certificatePath, keyPath, commonName } = tree.authority('etcd/peer-ca');
  const key = readFileSync(tree.host(keyPath), 'utf8');
  const wish = { subject: `/CN=${commonName}`, key, extensions: authorityExtensions };
  const [renewed = ''] = signCertificates([wish], { key }, { notBefore: now - day, notAfter: now + 5000 * day }, 7n);
  writeFileSync(tree.host(certificatePath), readFileSync(tree.host(certificatePath), 'utf8') + renewed);
  const { report } = await caStatus(tree);
  const shown = report.authorities.find(({ id }) => id === 'etcd/peer-ca');
  t.is(shown?.shape, 'several-roots');
  t.is(Date.parse(shown?.effectiveNotAfter ?? ''), now + 5000 * day);
  t.true((shown?.notAfter ?? '') < (shown?.effectiveNotAfter ?? ''));
});

test('ca status prints nothing of a subject that steers a terminal', async (t) => {
  const tree = temporaryTree(t);
  const { certificatePath, keyPath } = tree.authority('server-ca');
  const key = newKey('ec');
  const subject = '/CN=evil\u009b2J\u001b[31m\u202eca\u2028';
  const [certificate = ''] = signCertificates(
    [{ subject, key, extensions: authorityExtensions }],
    { key },
    { notBefore: now - day, notAfter: now + 10 * day },
    1n,
  );
  writeFileSync(tree.host(certificatePath), certificate);
  writeFileSync(tree.host(keyPath), key);
  for (const form of ['table', 'json', 'yaml']) {
    const { stdout, stderr } = await runBuilt(['--root', tree.root, 'ca', 'status', '-o', form]);
    const steering = `${stdout}${stderr}`.split('\n').filter((line) => /[\p{Cc}\p{Cf}\u2028\u2029]/u.test(line));
    t.deepEqual(steering, []);
    if (form === 'json') t.regex(published.parse(JSON.parse(stdout)).authorities[0]?.subject ?? '', /^evil/);
  }
});

test('ca status tells people in short lines who restarts, in which order', async (t) => {
  const single = await runBuilt(['--root', temporaryTree(t).root, 'ca', 'status']);
  const order = [
    /with a new token/,
    /1\. the servers.*rke2-server\.service/,
    /2\. the agents.*rke2-agent\.service/,
    /3\. pods/,
  ];
  const places = order.map((line) => single.stdout.search(line));
  t.false(places.includes(-1), single.stdout);
  t.deepEqual(
    places.toSorted((a, b) => a - b),
    places,
  );
  const four = await runBuilt(['--root', temporaryTree(t, { chain: 'four', product: 'k3s' }).root, 'ca', 'status']);
  t.regex(four.stdout, /quiet: new intermediates under the same root, and the token stays\n/);
  t.regex(four.stdout, /1\. the servers.*systemctl restart k3s\.service/);
  t.notRegex(four.stdout, /k3s-agent|kube-root-ca/);
});
