import test from 'ava';
import { assess } from '../../src/assess/assess.ts';
import type { Answer, CertificateStatus, ClockBelief, Finding, Severity } from '../../src/assess/assessment.ts';
import type { Item, LeafItem } from '../../src/inventory/inventory.ts';
import type { ReasonCode } from '../../src/reason.ts';
import {
  absent,
  admin,
  apiServer,
  authorityCertificate,
  authorityItem,
  behind,
  believed,
  damaged,
  day,
  good,
  inPlaceOf,
  inputFor,
  kubelet,
  leafCertificate,
  leafItem,
  missing,
  node,
  now,
  privateKey,
  regular,
  scheduler,
} from './sample-node.ts';

interface Expected {
  readonly code: ReasonCode;
  readonly severity: Severity;
  readonly answer: Answer;
  readonly status: CertificateStatus;
}

interface Case {
  readonly title: string;
  readonly items: readonly Item[];
  readonly expected: Expected | undefined;
  readonly clock?: ClockBelief;
  readonly serviceRunning?: boolean;
  readonly id?: string;
}

function adminWith(change: Partial<LeafItem>): LeafItem {
  return { ...leafItem(admin), ...change };
}

function finding(code: ReasonCode, severity: Severity, answer: Answer, status: CertificateStatus): Expected {
  return { code, severity, answer, status };
}

const repair = (code: ReasonCode): Expected => finding(code, 'critical', 'repair', 'DAMAGED');
const rotate = (code: ReasonCode): Expected => finding(code, 'warning', 'rotate', 'WARNING');
/** The pair works: it is replaced by itself, unless the whole set has drifted. */
const drift = (code: ReasonCode): Expected => finding(code, 'warning', 'repair', 'WARNING');
const rotated = authorityCertificate('client-ca', {
  subjectKeyIdentifier: 'another',
  key: 'new key',
  signedWith: 'new key',
});
const oldRoot = authorityCertificate('old-root', { notAfter: now + 50 * day });
const intermediate = authorityCertificate('client-ca', { issuer: 'old-root', notAfter: now + 3000 * day });

const cases: readonly Case[] = [
  { title: 'finds nothing wrong with a healthy leaf', items: [], expected: undefined },
  {
    title: 'rotates a leaf one millisecond past its end',
    items: [leafItem(admin, { notAfter: now - 1 })],
    expected: finding('LeafExpired', 'critical', 'rotate', 'EXPIRED'),
  },
  {
    title: 'takes the very end for valid still',
    items: [leafItem(admin, { notAfter: now })],
    expected: rotate('LeafRenewDue'),
  },
  {
    title: 'rotates a leaf at exactly the window',
    items: [leafItem(admin, { notAfter: now + 120 * day })],
    expected: rotate('LeafRenewDue'),
  },
  {
    title: 'leaves a leaf alone one millisecond before the window',
    items: [leafItem(admin, { notAfter: now + 120 * day + 1 })],
    expected: undefined,
  },
  {
    title: 'leaves it to the operator when a new leaf would end with the same authority',
    items: [
      authorityItem('client-ca', {
        certificates: good([authorityCertificate('client-ca', { notAfter: now + 90 * day })]),
      }),
      leafItem(admin, { notAfter: now + 90 * day }),
    ],
    expected: finding('LeafRenewDue', 'warning', 'operator', 'WARNING'),
  },
  {
    title: 'rotates a leaf that ends before an authority that is near its end too',
    items: [
      authorityItem('client-ca', {
        certificates: good([authorityCertificate('client-ca', { notAfter: now + 90 * day })]),
      }),
      leafItem(admin, { notAfter: now + 30 * day }),
    ],
    expected: rotate('LeafRenewDue'),
  },
  {
    title: 'calls a valid leaf under an expired authority expired, with the authority as the reason',
    items: [
      authorityItem('client-ca', { certificates: good([authorityCertificate('client-ca', { notAfter: now - day })]) }),
    ],
    expected: finding('AuthorityExpired', 'note', 'operator', 'EXPIRED'),
  },
  {
    title: 'answers an expired leaf under an expired authority with the operator',
    items: [
      authorityItem('client-ca', { certificates: good([authorityCertificate('client-ca', { notAfter: now - day })]) }),
      leafItem(admin, { notAfter: now - 2 * day }),
    ],
    expected: finding('LeafExpired', 'critical', 'operator', 'EXPIRED'),
  },
  {
    title: 'answers an expired leaf whose authority has no key here with the operator',
    items: [
      authorityItem('client-ca', { keyFile: absent, key: missing }),
      leafItem(admin, { notAfter: now - 2 * day }),
    ],
    expected: finding('LeafExpired', 'critical', 'operator', 'EXPIRED'),
  },
  {
    title: 'repairs a leaf that lies in the future of a believed clock',
    items: [leafItem(admin, { notBefore: now + 1 })],
    expected: finding('LeafNotYetValid', 'critical', 'repair', 'NOT YET VALID'),
  },
  {
    title: 'waits with a leaf that lies in the future of a clock that is not believed',
    items: [leafItem(admin, { notBefore: now + 1 })],
    clock: behind,
    expected: finding('LeafNotYetValid', 'warning', 'wait', 'NOT YET VALID'),
  },
  {
    title: 'repairs an unparsable certificate',
    items: [adminWith({ certificates: damaged })],
    expected: repair('LeafUnreadable'),
  },
  {
    title: 'repairs a file without a certificate',
    items: [adminWith({ certificates: good([]) })],
    expected: repair('LeafUnreadable'),
  },
  {
    title: 'repairs a FIFO in place of a certificate',
    items: [adminWith({ certificateFile: inPlaceOf('special-file'), certificates: damaged })],
    expected: repair('LeafUnreadable'),
  },
  {
    title: 'repairs a dangling link in place of a certificate',
    items: [adminWith({ certificateFile: inPlaceOf('dangling-symlink'), certificates: damaged })],
    expected: repair('LeafUnreadable'),
  },
  {
    title: 'repairs a file that is far too large for a certificate',
    items: [adminWith({ certificateFile: inPlaceOf('too-large'), certificates: damaged })],
    expected: repair('LeafUnreadable'),
  },
  ...(['symlink-escapes', 'denied', 'io'] as const).map((problem): Case => ({
    title: `leaves a certificate that is in the way (${problem}) to the operator`,
    items: [adminWith({ certificateFile: inPlaceOf(problem), certificates: damaged })],
    expected: finding('LeafUnreadable', 'critical', 'operator', 'DAMAGED'),
  })),
  {
    title: 'repairs a directory in place of a certificate',
    items: [adminWith({ certificateFile: inPlaceOf('directory'), certificates: damaged })],
    expected: repair('LeafUnreadable'),
  },
  {
    title: 'repairs a directory in place of a key',
    items: [adminWith({ keyFile: inPlaceOf('directory'), key: damaged })],
    expected: repair('KeyUnreadable'),
  },
  {
    title: 'repairs a pair that is missing while others are there',
    items: [adminWith({ certificateFile: absent, certificates: missing, keyFile: absent, key: missing })],
    expected: finding('LeafMissing', 'critical', 'repair', 'MISSING'),
  },
  {
    title: 'misses no optional pair',
    items: [
      {
        ...leafItem({ ...admin, optional: true }),
        certificateFile: absent,
        certificates: missing,
        keyFile: absent,
        key: missing,
      },
    ],
    expected: undefined,
  },
  {
    title: 'takes away a damaged key that waits for an optional certificate',
    items: [
      { ...leafItem({ ...admin, optional: true }), certificateFile: absent, certificates: missing, key: damaged },
    ],
    expected: finding('KeyUnreadable', 'critical', 'quarantine', 'MISSING'),
  },
  {
    title: 'repairs a pair without a key',
    items: [adminWith({ keyFile: absent, key: missing })],
    expected: repair('KeyMissing'),
  },
  { title: 'repairs a damaged key', items: [adminWith({ key: damaged })], expected: repair('KeyUnreadable') },
  {
    title: 'repairs a key of another certificate',
    items: [adminWith({ key: good(privateKey('somebody')) })],
    expected: repair('KeyMismatch'),
  },
  {
    title: 'repairs a leaf of another authority',
    items: [leafItem(admin, { issuer: 'foreign-ca' })],
    expected: repair('IssuerMismatch'),
  },
  {
    title: 'repairs a leaf of an authority of the same name with another key',
    items: [leafItem(admin, { signedWith: 'old key', authorityKeyIdentifier: 'old ski' })],
    expected: repair('IssuerMismatch'),
  },
  {
    title: 'repairs a leaf with a bad signature',
    items: [leafItem(admin, { signedWith: 'nothing' })],
    expected: repair('SignatureInvalid'),
  },
  {
    title: 'repairs one pair when the AKI is not the SKI of the authority that signed',
    items: [leafItem(admin, { authorityKeyIdentifier: 'sha-1 of the same key' })],
    expected: drift('IdentityDrift'),
  },
  {
    title: 'repairs one pair when there is no AKI and the authority has an SKI',
    items: [leafItem(admin, { authorityKeyIdentifier: undefined })],
    expected: drift('IdentityDrift'),
  },
  {
    title: 'repairs one pair that an older certificate of the bundle signed',
    items: [
      authorityItem('client-ca', {
        certificates: good([rotated, authorityCertificate('client-ca')]),
        key: good(privateKey('new key')),
      }),
      adminWith({ certificates: good([leafCertificate(admin), rotated, authorityCertificate('client-ca')]) }),
      leafItem(scheduler, { authorityKeyIdentifier: 'another', signedWith: 'new key' }),
    ],
    expected: drift('IdentityDrift'),
  },
  {
    title: 'does not end a leaf with the root above its signer, which peers do not look at',
    items: [
      authorityItem('client-ca', { certificates: good([intermediate, oldRoot]) }),
      adminWith({ certificates: good([leafCertificate(admin), intermediate, oldRoot]) }),
    ],
    expected: undefined,
  },
  {
    title: 'repairs one pair when the common name drifted',
    items: [leafItem(admin, { commonName: 'system:nobody' })],
    expected: drift('IdentityDrift'),
  },
  {
    title: 'repairs one pair when the organizations drifted',
    items: [leafItem(admin, { organizations: [] })],
    expected: drift('IdentityDrift'),
  },
  {
    title: 'repairs one pair when a SAN is missing though validity remains',
    items: [leafItem(apiServer, { dnsNames: ['kubernetes'] })],
    id: 'serving-kube-apiserver',
    expected: drift('SanMissing'),
  },
  {
    title: 'repairs one pair when an address is missing',
    items: [leafItem(apiServer, { ipAddresses: ['::1'] })],
    id: 'serving-kube-apiserver',
    expected: drift('SanMissing'),
  },
  {
    title: 'minds neither extra names nor their case',
    items: [leafItem(apiServer, { dnsNames: ['Kubernetes', 'NODE-1', 'more.example'] })],
    id: 'serving-kube-apiserver',
    expected: undefined,
  },
  {
    title: 'repairs a server certificate that may only be a client',
    items: [leafItem(apiServer, { extendedKeyUsages: ['clientAuth'] })],
    id: 'serving-kube-apiserver',
    expected: repair('UsageMismatch'),
  },
  {
    title: 'repairs a leaf that may not sign',
    items: [leafItem(admin, { keyUsages: ['keyAgreement'] })],
    expected: repair('UsageMismatch'),
  },
  {
    title: 'repairs an authority in place of a leaf',
    items: [leafItem(admin, { isAuthority: true })],
    expected: repair('UsageMismatch'),
  },
  {
    title: 'minds no absent and no additional usage',
    items: [
      leafItem(admin, { keyUsages: undefined, extendedKeyUsages: undefined }),
      leafItem(apiServer, { extendedKeyUsages: ['clientAuth', 'serverAuth'] }),
    ],
    expected: undefined,
  },
  {
    title: 'repairs one pair when the chain is missing from the file',
    items: [adminWith({ certificates: good([leafCertificate(admin)]) })],
    expected: drift('ChainIncomplete'),
  },
  {
    title: 'repairs one pair when an intermediate authority is missing from the file',
    items: [
      authorityItem('client-ca', {
        certificates: good([authorityCertificate('client-ca', { issuer: 'root' }), authorityCertificate('root')]),
      }),
    ],
    expected: drift('ChainIncomplete'),
  },
  {
    title: 'warns of a key that others may read',
    items: [adminWith({ keyFile: regular(0o644) })],
    expected: finding('WeakPermissions', 'warning', 'none', 'WARNING'),
  },
  {
    title: 'warns of a certificate that others may write',
    items: [adminWith({ certificateFile: regular(0o666) })],
    expected: finding('WeakPermissions', 'warning', 'none', 'WARNING'),
  },
  {
    title: 'leaves a protected leaf to the operator',
    items: [leafItem({ ...admin, protected: true }, { notAfter: now - day })],
    expected: finding('LeafExpired', 'critical', 'operator', 'EXPIRED'),
  },
  {
    title: 'notes an expired certificate that the product re-issues, while it is down',
    items: [leafItem(kubelet, { notAfter: now - day })],
    id: 'agent/client-kubelet',
    expected: finding('ReissuedAtStart', 'note', 'none', 'EXPIRED'),
  },
  {
    title: 'notes a damaged certificate that the product re-issues, while it is down',
    items: [{ ...leafItem(kubelet), certificates: damaged }],
    id: 'agent/client-kubelet',
    expected: finding('ReissuedAtStart', 'note', 'none', 'DAMAGED'),
  },
  {
    title: 'calls an expired certificate that the product re-issues critical while it runs',
    items: [leafItem(kubelet, { notAfter: now - day })],
    serviceRunning: true,
    id: 'agent/client-kubelet',
    expected: finding('LeafExpired', 'critical', 'operator', 'EXPIRED'),
  },
  {
    title: 'takes away a damaged key that would keep the product from starting',
    items: [{ ...leafItem(kubelet), key: damaged }],
    id: 'agent/client-kubelet',
    expected: finding('KeyUnreadable', 'critical', 'quarantine', 'DAMAGED'),
  },
  {
    title: 'misses nothing that the product re-issues',
    items: [{ ...leafItem(kubelet), certificateFile: absent, certificates: missing, keyFile: absent, key: missing }],
    id: 'agent/client-kubelet',
    expected: undefined,
  },
];

for (const { title, items, expected, clock = believed, serviceRunning = false, id = 'client-admin' } of cases) {
  test(`assess ${title}`, (t) => {
    const { findings, rows } = assess(inputFor(node(...items), { clock, serviceRunning }));
    const own = findings.filter((candidate: Finding) => candidate.id === id);
    t.deepEqual(
      own.map(({ code, severity, answer }) => ({ code, severity, answer })),
      expected === undefined ? [] : [{ code: expected.code, severity: expected.severity, answer: expected.answer }],
    );
    const row = rows.find((candidate) => candidate.id === id);
    if (expected === undefined) {
      t.true(row === undefined || row.status === 'OK');
    } else {
      t.is(row?.status, expected.status);
      t.deepEqual(row?.findings, [expected.code]);
    }
  });
}

test('assess asks for names that were remembered and are in no table any more', (t) => {
  const { commonName, organizations } = apiServer.identity;
  const identities = new Map([
    [apiServer.id, { commonName, organizations, dnsNames: ['api.example'], ipAddresses: ['192.0.2.1'] }],
  ]);
  const { findings } = assess(inputFor(node(), { remembered: { highWater: undefined, identities } }));
  t.deepEqual(
    findings.map(({ id, code, evidence }) => [id, code, evidence['missing']]),
    [[apiServer.id, 'SanMissing', 'api.example, 192.0.2.1']],
  );
});

test('assess says which authority blocks a leaf, and whether only its key is at fault', (t) => {
  const noKey = authorityItem('client-ca', { keyFile: absent, key: missing });
  const expired = authorityItem('client-ca', {
    certificates: good([authorityCertificate('client-ca', { notAfter: now - day })]),
  });
  const blocked = [noKey, expired].map((authority) => {
    const { findings } = assess(inputFor(node(authority, leafItem(admin, { notAfter: now - 2 * day }))));
    return findings.find(({ id, code }) => id === admin.id && code === 'LeafExpired')?.blocked;
  });
  t.deepEqual(blocked, [
    { answer: 'rotate', authority: 'client-ca', by: 'AuthorityKeyMissing', onlyKey: true, takenAway: false },
    { answer: 'rotate', authority: 'client-ca', by: 'AuthorityExpired', onlyKey: false, takenAway: false },
  ]);
});

test('assess takes a damaged pair for better gone only when its authority was read or is missing', (t) => {
  const takenAway = (change: Parameters<typeof authorityItem>[1]): boolean | undefined => {
    const pair = { ...leafItem(admin), certificates: damaged };
    const { findings } = assess(inputFor(node(pair, authorityItem('client-ca', { certificates: damaged, ...change }))));
    return findings.find(({ id, code }) => id === admin.id && code === 'LeafUnreadable')?.blocked?.takenAway;
  };
  t.true(takenAway({}));
  t.true(takenAway({ certificateFile: absent, certificates: missing }));
  for (const problem of ['io', 'denied', 'symlink-escapes', 'directory'] as const) {
    t.false(takenAway({ certificateFile: inPlaceOf(problem) }), problem);
    t.false(takenAway({ keyFile: inPlaceOf(problem) }), `key: ${problem}`);
  }
});

test('assess misses nothing on a node that was never started', (t) => {
  const gone = [admin, scheduler, apiServer, kubelet].map((entry) => ({
    ...leafItem(entry),
    certificateFile: absent,
    certificates: missing,
    keyFile: absent,
    key: missing,
  }));
  const authorities = ['server-ca', 'client-ca'].map((id) =>
    authorityItem(id, { certificateFile: absent, certificates: missing, keyFile: absent, key: missing }),
  );
  const { findings, health } = assess(inputFor(node(...gone, ...authorities)));
  t.is(health.level, 'ok');
  t.true(findings.every(({ severity, answer }) => severity === 'note' && answer === 'none'));
});

test('assess names file and figures in what it says', (t) => {
  const { findings } = assess(inputFor(node(leafItem(admin, { notAfter: now - 35 * day }))));
  t.is(
    findings[0]?.message,
    '/var/lib/rancher/rke2/server/tls/client-admin.crt expired 35 days ago, at 2026-04-27T00:00:00Z',
  );
});

test('assess rotates when the whole set has drifted, and repairs the pairs that have when not', (t) => {
  const [one, other] = [leafItem(admin, { commonName: 'x' }), leafItem(scheduler, { organizations: ['x'] })];
  const answers = (...items: Item[]) =>
    assess(inputFor(node(...items))).findings.flatMap(({ id, answer }) =>
      answer === 'none' ? [] : [`${id ?? ''} ${answer}`],
    );
  t.deepEqual(answers(one, other), ['client-admin repair', 'client-scheduler repair']);
  const all = [one, other, leafItem(apiServer, { dnsNames: [] })];
  t.deepEqual(answers(...all), ['client-admin rotate', 'client-scheduler rotate', 'serving-kube-apiserver rotate']);
});
