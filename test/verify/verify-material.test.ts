import test, { type ExecutionContext } from 'ava';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { Inventory } from '../../src/inventory/inventory.ts';
import { issueMaterial } from '../../src/issue/issue-material.ts';
import type { MaterialFile } from '../../src/issue/material.ts';
import type { ReasonCode } from '../../src/reason.ts';
import { verifyMaterial, type Verdict } from '../../src/verify/verify-material.ts';
import { signCertificates, newKey, type Validity } from '../fixtures/sign.ts';
import { authorityExtensions } from '../fixtures/authorities.ts';
import { day, hour, type Tree, type TreeLeaf, type TreeOptions } from '../fixtures/tree.ts';
import { conversations, inventoryOf, leafIds, treeFor } from '../issue/tree-inventory.ts';

interface Case {
  readonly tree: Tree;
  readonly inventory: Inventory;
  readonly files: readonly MaterialFile[];
}

/** A tree that expired 35 days ago, with a fresh set for it. Its now is the present day, which OpenSSL believes in too. */
function freshSet(t: ExecutionContext, options: Omit<TreeOptions, 'directory'> = {}, now?: number): Case {
  const tree = treeFor(t, { leaf: 'expired', ...options });
  const inventory = inventoryOf(tree);
  const files = issueMaterial({
    inventory,
    ids: leafIds(tree),
    remembered: { highWater: undefined, identities: new Map() },
    now: now ?? tree.now,
    validityDays: 365,
    reuseKeys: false,
  });
  return { tree, inventory, files };
}

function verify(
  { tree, inventory, files }: Case,
  wish: { now?: number; shifted?: boolean; acceptRenewDue?: boolean; handshakesHeld?: boolean } = {},
): Promise<Verdict> {
  return verifyMaterial({
    files,
    inventory,
    now: wish.now ?? tree.now,
    clockIsShifted: wish.shifted ?? false,
    acceptRenewDue: wish.acceptRenewDue,
    handshakesHeld: wish.handshakesHeld,
  });
}

function replace(
  files: readonly MaterialFile[],
  id: string,
  role: MaterialFile['role'],
  bytes: Buffer | string,
): MaterialFile[] {
  return files.map((file) => (file.id === id && file.role === role ? { ...file, bytes: Buffer.from(bytes) } : file));
}

function bytesOf(files: readonly MaterialFile[], id: string, role: MaterialFile['role']): Buffer {
  const found = files.find((file) => file.id === id && file.role === role);
  if (found === undefined) throw new TypeError(`no ${role} of ${id}`);
  return found.bytes;
}

/** `id code`, without duplicates, as far as the verdict failed. */
function failuresOf(verdict: Verdict): string[] {
  return verdict.ok ? [] : [...new Set(verdict.failures.map(({ id, code }) => `${id} ${code}`))];
}

function notesOf(verdict: Verdict): string {
  return verdict.ok ? verdict.notes.join('\n') : 'failed';
}

interface LeafWish {
  readonly id: string;
  /** Authority whose certificate and key sign it, and whose file follows it. */
  readonly signer?: string;
  readonly key?: string;
  readonly subject?: string;
  readonly usages?: string;
  readonly keyUsage?: string;
  readonly names?: readonly string[];
  readonly validity?: Validity;
}

/** A leaf by the openssl CLI, wrong in one way or in none. */
function opensslLeaf(tree: Tree, wish: LeafWish): { certificate: string; key: string } {
  const leaf: TreeLeaf = tree.leaf(wish.id);
  const read = (path: string): string => readFileSync(tree.host(path), 'utf8');
  const authority = tree.authority(wish.signer ?? leaf.issuer);
  const key = wish.key ?? newKey('ec');
  const usages = leaf.purposes.map((purpose) => (purpose === 'sslserver' ? 'serverAuth' : 'clientAuth')).join(',');
  const names = wish.names ?? [
    ...leaf.dnsNames.map((name) => `DNS:${name}`),
    ...leaf.ipAddresses.map((ip) => `IP:${ip}`),
  ];
  const [certificate = ''] = signCertificates(
    [
      {
        subject: wish.subject ?? `${leaf.organizations.map((name) => `/O=${name}`).join('')}/CN=${leaf.commonName}`,
        key,
        extensions: [
          `keyUsage=critical,${wish.keyUsage ?? 'digitalSignature,keyEncipherment'}`,
          `extendedKeyUsage=${wish.usages ?? usages}`,
          ...(names.length === 0 ? [] : [`subjectAltName=${names.join(',')}`]),
        ],
      },
    ],
    { certificate: read(authority.certificatePath), key: read(authority.keyPath) },
    wish.validity ?? { notBefore: tree.now - hour, notAfter: tree.now + 364 * day },
    4242n,
  );
  return { certificate: certificate + read(tree.authority(leaf.issuer).certificatePath), key };
}

function withLeaf(given: Case, wish: LeafWish): Case {
  const { certificate, key } = opensslLeaf(given.tree, wish);
  return { ...given, files: replace(replace(given.files, wish.id, 'certificate', certificate), wish.id, 'key', key) };
}

const variants: Record<string, Omit<TreeOptions, 'directory'>> = {
  'EC P-256 authorities': {},
  'EC P-384 authorities': { algorithm: 'ec384' },
  'RSA authorities': { algorithm: 'rsa' },
  'a chain of four': { chain: 'four' },
};

for (const [name, options] of Object.entries(variants)) {
  test(`verifyMaterial accepts a fresh set under ${name} with a handshake for every conversation that the set has a side in`, async (t) => {
    const verdict = await verify(freshSet(t, options));
    // All but the kubelet: the product makes that pair anew at its start.
    t.deepEqual(verdict, { ok: true, verified: 13, handshakes: conversations.length - 1, notes: [] });
  });
}

test('verifyMaterial accepts leaves that openssl made', async (t) => {
  const given = freshSet(t);
  const made = withLeaf(withLeaf(given, { id: 'serving-kube-apiserver' }), { id: 'client-admin' });
  t.true((await verify(made)).ok);
});

test('verifyMaterial accepts a set far ahead of the clock that OpenSSL has, in a rehearsal only', async (t) => {
  const given = freshSet(t, {}, Date.UTC(2031, 0, 1));
  const now = Date.UTC(2031, 0, 1);
  t.true((await verify(given, { now, shifted: true })).ok);
  const verdict = await verify(given, { now });
  t.true(failuresOf(verdict).includes('serving-kube-apiserver LeafNotYetValid'));
});

test('verifyMaterial in a rehearsal still refuses a server without the name that is asked for', async (t) => {
  const now = Date.UTC(2031, 0, 1);
  const given = freshSet(t, {}, now);
  const [first, ...rest] = conversations;
  const asked = first === undefined ? [] : [{ ...first, serverName: 'other.example.com' }, ...rest];
  const verdict = await verify(
    { ...given, inventory: inventoryOf(given.tree, { conversations: asked }) },
    { now, shifted: true },
  );
  t.deepEqual(failuresOf(verdict), ['serving-kube-apiserver SanMissing']);
});

const authorityEnds = (days: number): Omit<TreeOptions, 'directory'> => {
  const today = Math.floor(Date.now() / day) * day;
  return { authority: { notBefore: today - 3650 * day + days * day, notAfter: today + days * day } };
};

test('verifyMaterial accepts a set that ends with its authorities, inside the window of the product', async (t) => {
  t.true((await verify(freshSet(t, authorityEnds(100)))).ok);
});

test('verifyMaterial refuses a set that the product would replace at its start, unless that is accepted', async (t) => {
  const given = freshSet(t);
  const validity = { notBefore: given.tree.now - 300 * day, notAfter: given.tree.now + 65 * day };
  const short = withLeaf(given, { id: 'client-admin', validity });
  t.deepEqual(failuresOf(await verify(short)), ['client-admin LeafRenewDue']);
  t.true((await verify(short, { acceptRenewDue: true })).ok);
});

test('verifyMaterial lets a pair that stays as it is end inside the window of the product', async (t) => {
  const given = freshSet(t);
  const validity = { notBefore: given.tree.now - 300 * day, notAfter: given.tree.now + 65 * day };
  const { certificate, key } = opensslLeaf(given.tree, { id: 'client-admin', validity });
  const leaf = given.tree.leaf('client-admin');
  writeFileSync(given.tree.host(leaf.certificatePath), certificate);
  writeFileSync(given.tree.host(leaf.keyPath), key);
  const files = replace(replace(given.files, leaf.id, 'certificate', certificate), leaf.id, 'key', key);
  t.true((await verify({ ...given, inventory: inventoryOf(given.tree), files })).ok);
});

const damages: Record<
  string,
  { readonly expected: readonly `${string} ${ReasonCode}`[]; readonly damage: (given: Case) => Case }
> = {
  'an empty certificate': {
    expected: ['client-admin LeafUnreadable'],
    damage: (given) => ({ ...given, files: replace(given.files, 'client-admin', 'certificate', '') }),
  },
  'a certificate cut short': {
    expected: ['client-admin LeafUnreadable'],
    damage: (given) => {
      const cut = bytesOf(given.files, 'client-admin', 'certificate').subarray(0, 400);
      return { ...given, files: replace(given.files, 'client-admin', 'certificate', cut) };
    },
  },
  'binary in place of a key': {
    expected: ['etcd/client KeyUnreadable'],
    damage: (given) => ({ ...given, files: replace(given.files, 'etcd/client', 'key', Buffer.alloc(200, 0xff)) }),
  },
  'the key of another leaf': {
    expected: ['etcd/client KeyMismatch'],
    damage: (given) => ({
      ...given,
      files: replace(given.files, 'etcd/client', 'key', bytesOf(given.files, 'client-admin', 'key')),
    }),
  },
  'a missing key': {
    expected: ['etcd/client KeyMissing'],
    damage: (given) => ({
      ...given,
      files: given.files.filter((file) => !(file.id === 'etcd/client' && file.role === 'key')),
    }),
  },
  'a file that goes elsewhere': {
    expected: ['client-admin LeafMissing'],
    damage: (given) => ({
      ...given,
      files: given.files.map((file) =>
        file.id === 'client-admin' && file.role === 'certificate' ? { ...file, path: '/etc/shadow' } : file,
      ),
    }),
  },
  'a leaf of another layout': {
    expected: ['client-stranger UnknownCertificate'],
    damage: (given) => ({
      ...given,
      files: given.files.map((file) => (file.id === 'client-scheduler' ? { ...file, id: 'client-stranger' } : file)),
    }),
  },
  'a leaf without its chain': {
    expected: ['client-admin ChainIncomplete'],
    damage: (given) => {
      const text = bytesOf(given.files, 'client-admin', 'certificate').toString();
      const end = text.indexOf('-----BEGIN', 10);
      return { ...given, files: replace(given.files, 'client-admin', 'certificate', text.slice(0, end)) };
    },
  },
  'a leaf of another authority': {
    expected: ['client-admin IssuerMismatch'],
    damage: (given) => withLeaf(given, { id: 'client-admin', signer: 'server-ca' }),
  },
  'a signature that was tampered with': {
    expected: ['client-admin SignatureInvalid'],
    damage: (given) => {
      const [block = '', ...rest] = bytesOf(given.files, 'client-admin', 'certificate')
        .toString()
        .split(/(?<=-----END CERTIFICATE-----\n)/);
      const der = Buffer.from(block.replaceAll(/-----[^-]+-----|\n/g, ''), 'base64');
      der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1);
      const pem = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
      return { ...given, files: replace(given.files, 'client-admin', 'certificate', pem + rest.join('')) };
    },
  },
  'an expired leaf': {
    expected: ['client-admin LeafExpired'],
    damage: (given) => {
      const { now } = given.tree;
      return withLeaf(given, { id: 'client-admin', validity: { notBefore: now - 300 * day, notAfter: now - day } });
    },
  },
  'a leaf of the future': {
    expected: ['client-admin LeafNotYetValid'],
    damage: (given) => {
      const { now } = given.tree;
      return withLeaf(given, { id: 'client-admin', validity: { notBefore: now + 2 * day, notAfter: now + 300 * day } });
    },
  },
  'another common name': {
    expected: ['client-admin IdentityDrift'],
    damage: (given) => withLeaf(given, { id: 'client-admin', subject: '/O=system:masters/CN=system:someone' }),
  },
  'one organization too many': {
    expected: ['client-scheduler IdentityDrift'],
    damage: (given) =>
      withLeaf(given, { id: 'client-scheduler', subject: '/O=system:masters/CN=system:kube-scheduler' }),
  },
  'a missing name': {
    expected: ['etcd/server-client SanMissing'],
    damage: (given) => withLeaf(given, { id: 'etcd/server-client', names: ['DNS:localhost'] }),
  },
  'the usage of a client on a server': {
    expected: ['serving-kube-apiserver UsageMismatch'],
    damage: (given) => withLeaf(given, { id: 'serving-kube-apiserver', usages: 'clientAuth' }),
  },
  'the usage of a server on a peer, which is both': {
    expected: ['etcd/peer-server-client UsageMismatch'],
    damage: (given) => withLeaf(given, { id: 'etcd/peer-server-client', usages: 'serverAuth' }),
  },
  'no digital signature': {
    expected: ['client-admin UsageMismatch'],
    damage: (given) => withLeaf(given, { id: 'client-admin', keyUsage: 'keyEncipherment' }),
  },
};

for (const [name, { expected, damage }] of Object.entries(damages)) {
  test(`verifyMaterial refuses ${name} and names the entry`, async (t) => {
    const verdict = await verify(damage(freshSet(t)));
    t.false(verdict.ok);
    for (const failure of expected) t.true(failuresOf(verdict).includes(failure), failuresOf(verdict).join('; '));
    const named = new Set(failuresOf(verdict).map((failure) => failure.split(' ')[0]));
    const blameless = [...named].filter((id) => !expected.some((failure) => failure.startsWith(`${id ?? ''} `)));
    t.deepEqual(blameless, []);
    t.notRegex(JSON.stringify(verdict), /PRIVATE KEY/);
  });
}

// Most leaves of a layout have no conversation, or talk to a peer that does not look closely.
const seenWithoutTls = Object.entries(damages).filter(([name]) => !name.includes('another layout'));

for (const [name, { expected, damage }] of seenWithoutTls) {
  test(`verifyMaterial refuses ${name} without any conversation`, async (t) => {
    const given = damage(freshSet(t));
    const inventory = inventoryOf(given.tree, { conversations: [] });
    t.deepEqual(failuresOf(await verify({ ...given, inventory })), expected);
  });
  test(`verifyMaterial refuses ${name} when its handshakes are said to be held`, async (t) => {
    t.deepEqual(failuresOf(await verify(damage(freshSet(t)), { handshakesHeld: true })), expected);
  });
}

test('verifyMaterial holds no handshake that is said to be held', async (t) => {
  t.like(await verify(freshSet(t), { handshakesHeld: true }), { ok: true, handshakes: 0 });
});

test('verifyMaterial refuses leaves that do not name the key of the authority on disk as the product compares it', async (t) => {
  const given = freshSet(t);
  const { tree } = given;
  const { certificatePath, keyPath, commonName } = tree.authority('etcd/peer-ca');
  const key = readFileSync(tree.host(keyPath), 'utf8');
  const extensions = [...authorityExtensions.slice(0, 2), `subjectKeyIdentifier=${'ab'.repeat(20)}`];
  const validity = { notBefore: tree.now - day, notAfter: tree.now + 900 * day };
  const [same = ''] = signCertificates([{ subject: `/CN=${commonName}`, key, extensions }], { key }, validity, 0n);
  writeFileSync(tree.host(certificatePath), same);
  const files = given.files.map((file) =>
    file.id === 'etcd/peer-server-client' && file.role === 'certificate'
      ? { ...file, bytes: Buffer.concat([file.bytes, Buffer.from(same)]) }
      : file,
  );
  const inventory = inventoryOf(tree, { conversations: [] });
  t.deepEqual(failuresOf(await verify({ ...given, inventory, files })), ['etcd/peer-server-client IssuerMismatch']);
});

test('verifyMaterial names every failing entry at once', async (t) => {
  const given = freshSet(t);
  const files = replace(replace(given.files, 'client-admin', 'certificate', ''), 'etcd/client', 'key', 'no key');
  t.deepEqual(failuresOf(await verify({ ...given, files })), [
    'client-admin LeafUnreadable',
    'etcd/client KeyUnreadable',
  ]);
});

test('verifyMaterial goes by the authority on disk, not by the one that signed', async (t) => {
  const given = freshSet(t);
  const { tree } = given;
  const { certificatePath, keyPath, commonName } = tree.authority('client-ca');
  const key = newKey('ec');
  const wish = { subject: `/CN=${commonName}`, key, extensions: authorityExtensions };
  const [other = ''] = signCertificates(
    [wish],
    { key },
    { notBefore: tree.now - day, notAfter: tree.now + 900 * day },
    0n,
  );
  writeFileSync(tree.host(certificatePath), other);
  writeFileSync(tree.host(keyPath), key);
  const failures = failuresOf(await verify({ ...given, inventory: inventoryOf(tree) }));
  t.true(failures.includes('client-admin IssuerMismatch'), failures.join('; '));
  t.false(
    failures.some((failure) => failure.startsWith('serving-kube-apiserver')),
    failures.join('; '),
  );
});

const badAuthorities: Record<string, readonly [ReasonCode, (tree: Tree) => string | undefined]> = {
  missing: ['AuthorityMissing', () => undefined],
  empty: ['AuthorityUnreadable', () => ''],
  'a leaf': [
    'AuthorityUnreadable',
    (tree) =>
      readFileSync(tree.host(tree.leaf('client-admin').certificatePath), 'utf8').split(
        /(?<=END CERTIFICATE-----\n)/,
      )[0] ?? '',
  ],
};

for (const [name, [code, contents]] of Object.entries(badAuthorities)) {
  test(`verifyMaterial names an authority on disk that is ${name}, once`, async (t) => {
    const given = freshSet(t);
    const path = given.tree.host(given.tree.authority('client-ca').certificatePath);
    const text = contents(given.tree);
    if (text === undefined) rmSync(path);
    else writeFileSync(path, text);
    const failures = failuresOf(await verify({ ...given, inventory: inventoryOf(given.tree) }));
    t.is(failures.filter((failure) => failure === `client-ca ${code}`).length, 1, failures.join('; '));
  });
}

for (const [code, offset] of [
  ['AuthorityExpired', 4000 * day],
  ['AuthorityNotYetValid', -4000 * day],
] as const) {
  test(`verifyMaterial says ${code} for the whole chain at another instant`, async (t) => {
    const given = freshSet(t);
    const failures = failuresOf(await verify(given, { now: given.tree.now + offset, shifted: true }));
    t.true(failures.includes(`server-ca ${code}`), failures.join('; '));
  });
}

test('verifyMaterial talks to the pair on disk when the set brings only one side', async (t) => {
  const given = freshSet(t, { leaf: 'fresh' });
  const files = given.files.filter((file) => file.id === 'client-admin');
  t.deepEqual(await verify({ ...given, files }), { ok: true, verified: 1, handshakes: 1, notes: [] });
  const stale = freshSet(t);
  const verdict = await verify({ ...stale, files: stale.files.filter((file) => file.id === 'client-admin') });
  t.like(verdict, { ok: true, verified: 1, handshakes: 1 });
  t.regex(
    notesOf(verdict),
    /^serving-kube-apiserver on disk .*: its TLS handshake with client-admin .*CERT_HAS_EXPIRED$/,
  );
});

test('verifyMaterial passes over a partner that is optional and absent, and says so of one that must be there', async (t) => {
  const given = freshSet(t, { leaf: 'fresh' });
  const partner = given.tree.leaf('serving-kube-apiserver');
  rmSync(given.tree.host(partner.certificatePath));
  rmSync(given.tree.host(partner.keyPath));
  const files = given.files.filter((file) => file.id === 'client-admin');
  const inventory = inventoryOf(given.tree);
  const verdict = await verify({ ...given, inventory, files });
  t.like(verdict, { ok: true, verified: 1, handshakes: 0 });
  t.regex(notesOf(verdict), /serving-kube-apiserver on disk .*its file .*\nserving-kube-apiserver on disk .*its file /);
  const items = inventory.items.map((item) =>
    item.kind === 'leaf' && item.entry.id === partner.id ? { ...item, entry: { ...item.entry, optional: true } } : item,
  );
  t.deepEqual(await verify({ ...given, inventory: { ...inventory, items }, files }), {
    ok: true,
    verified: 1,
    handshakes: 0,
    notes: [],
  });
});

test('verifyMaterial does not let a neighbour on disk with a wrong key stop the set', async (t) => {
  const given = freshSet(t, { leaf: 'fresh' });
  writeFileSync(given.tree.host(given.tree.leaf('serving-kube-apiserver').keyPath), newKey('ec'));
  const files = given.files.filter((file) => file.id === 'client-admin');
  const verdict = await verify({ ...given, inventory: inventoryOf(given.tree), files });
  t.like(verdict, { ok: true, handshakes: 0 });
  t.regex(notesOf(verdict), /^serving-kube-apiserver on disk .*KEY_VALUES_MISMATCH$/);
});

test('verifyMaterial does not let the missing authority of a neighbour stop the set', async (t) => {
  const given = freshSet(t, { leaf: 'fresh' });
  rmSync(given.tree.host(given.tree.authority('server-ca').certificatePath));
  const files = given.files.filter((file) => file.id === 'client-admin');
  const verdict = await verify({ ...given, inventory: inventoryOf(given.tree), files });
  t.like(verdict, { ok: true, handshakes: 0 });
  t.regex(notesOf(verdict), /^server-ca on disk .*client-admin cannot check its peers without it/m);
});

test('verifyMaterial still refuses a new pair that its sound neighbour on disk refuses', async (t) => {
  const given = freshSet(t, { leaf: 'fresh' });
  const made = withLeaf(given, { id: 'serving-kube-apiserver', names: ['DNS:elsewhere.example'] });
  const files = made.files.filter((file) => file.id === 'serving-kube-apiserver');
  t.true(failuresOf(await verify({ ...made, files })).includes('serving-kube-apiserver SanMissing'));
});

test('verifyMaterial passes over kubeconfigs and triggers in the set', async (t) => {
  const given = freshSet(t);
  const extra = {
    path: '/x',
    id: 'cred/admin',
    role: 'kubeconfig',
    bytes: Buffer.from('x'),
    mode: 0o600,
    uid: 0,
    gid: 0,
  } as const;
  t.true((await verify({ ...given, files: [...given.files, extra, { ...extra, role: 'trigger' }] })).ok);
});
