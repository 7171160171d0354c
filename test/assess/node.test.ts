import test from 'ava';
import { assess } from '../../src/assess/assess.ts';
import type { AssessInput } from '../../src/assess/context.ts';
import type { Inventory, Item, KubeconfigDocument } from '../../src/inventory/inventory.ts';
import {
  absent,
  admin,
  ahead,
  authorityCertificate,
  authorityItem,
  behind,
  certificate,
  damaged,
  day,
  documentItem,
  good,
  inPlaceOf,
  inputFor,
  keyItem,
  kubeconfigItem,
  leafCertificate,
  leafItem,
  listenerItem,
  missing,
  node,
  now,
  privateKey,
  regular,
  tls,
  trigger,
} from './sample-node.ts';

type Line = readonly [id: string | undefined, code: string, severity: string, answer: string];

function linesOf(inventory: Inventory, change: Partial<AssessInput> = {}): readonly Line[] {
  return assess(inputFor(inventory, change)).findings.map(({ id, code, severity, answer }) => [
    id,
    code,
    severity,
    answer,
  ]);
}

const table: readonly (readonly [
  title: string,
  items: readonly Item[],
  expected: readonly Line[],
  running?: boolean,
])[] = [
  ['finds nothing on a healthy node', [], []],
  // authorities
  [
    'warns of an authority a year from its end',
    [ends('server-ca', 365 * day)],
    [['server-ca', 'AuthorityExpiring', 'warning', 'operator']],
  ],
  ['says nothing of one with a day more', [ends('server-ca', 366 * day)], []],
  [
    'calls an authority 120 days from its end critical',
    [ends('server-ca', 120 * day)],
    [
      ['server-ca', 'AuthorityExpiring', 'critical', 'operator'],
      ['serving-kube-apiserver', 'LeafRenewDue', 'warning', 'operator'],
    ],
  ],
  [
    'calls an authority without a key a warning',
    [authorityItem('server-ca', { keyFile: absent, key: missing })],
    [['server-ca', 'AuthorityKeyMissing', 'warning', 'operator']],
  ],
  [
    'calls a damaged authority key damage of a protected file',
    [authorityItem('server-ca', { key: damaged })],
    [['server-ca', 'ProtectedFileDamaged', 'critical', 'operator']],
  ],
  [
    'calls a key of another authority critical',
    [authorityItem('server-ca', { key: good(privateKey('other')) })],
    [['server-ca', 'AuthorityKeyMismatch', 'critical', 'operator']],
  ],
  [
    'calls a damaged authority critical and says nothing of its leaves',
    [authorityItem('server-ca', { certificates: damaged })],
    [['server-ca', 'AuthorityUnreadable', 'critical', 'operator']],
  ],
  [
    'calls a leaf in place of an authority critical',
    [authorityItem('server-ca', { certificates: good([authorityCertificate('server-ca', { isAuthority: false })]) })],
    [['server-ca', 'AuthorityUnreadable', 'critical', 'operator']],
  ],
  [
    'calls a missing authority critical',
    [authorityItem('server-ca', { certificateFile: absent, certificates: missing })],
    [['server-ca', 'AuthorityMissing', 'critical', 'operator']],
  ],
  [
    'calls an authority of the future critical',
    [authorityItem('server-ca', { certificates: good([authorityCertificate('server-ca', { notBefore: now + day })]) })],
    [['server-ca', 'AuthorityNotYetValid', 'critical', 'operator']],
  ],
  [
    'warns of an authority key that others may read',
    [authorityItem('server-ca', { keyFile: regular(0o640) })],
    [['server-ca', 'WeakPermissions', 'warning', 'operator']],
  ],
  [
    'reports the end of a copy only with its original',
    [ends('server-ca', 300 * day), copyOf('server-ca', 300 * day)],
    [['server-ca', 'AuthorityExpiring', 'warning', 'operator']],
  ],
  [
    'only notes the end of an authority that signs nothing here',
    [ends('token-ca', -day)],
    [['token-ca', 'AuthorityExpired', 'note', 'none']],
  ],
  // listener
  [
    'asks for a new listener document when it has expired',
    [listenerItem({ notAfter: now - day })],
    [['dynamic-cert', 'ListenerExpired', 'critical', 'regenerate-listener']],
  ],
  [
    'asks for a new listener document inside the window',
    [listenerItem({ notAfter: now + 120 * day })],
    [['dynamic-cert', 'ListenerExpired', 'warning', 'regenerate-listener']],
  ],
  [
    'leaves a listener document inside the window to the running product',
    [listenerItem({ notAfter: now + 120 * day })],
    [['dynamic-cert', 'ListenerExpired', 'warning', 'none']],
    true,
  ],
  [
    'asks for a new listener document when another authority signed it',
    [listenerItem({ issuer: 'old-ca' })],
    [['dynamic-cert', 'ListenerIssuerMismatch', 'critical', 'regenerate-listener']],
  ],
  [
    'asks for a new listener document when its key does not fit',
    [listenerItem({ key: 'other' })],
    [['dynamic-cert', 'KeyMismatch', 'critical', 'regenerate-listener']],
  ],
  [
    'takes away a listener document that is no secret',
    [listenerItem({}, { document: damaged })],
    [['dynamic-cert', 'ListenerCorrupt', 'critical', 'quarantine']],
  ],
  [
    'takes away a directory in place of the listener document',
    [listenerItem({}, { file: inPlaceOf('directory'), document: damaged })],
    [['dynamic-cert', 'ListenerCorrupt', 'critical', 'quarantine']],
  ],
  ['misses no listener document', [listenerItem({}, { file: absent, document: missing })], []],
  [
    'leaves a static listener document to the operator',
    [staticListener()],
    [['dynamic-cert', 'ListenerExpired', 'critical', 'operator']],
  ],
  [
    'warns of a listener document that others may read',
    [listenerItem({}, { file: regular(0o644) })],
    [['dynamic-cert', 'WeakPermissions', 'warning', 'operator']],
  ],
  // kubeconfigs
  [
    'writes a missing kubeconfig again',
    [kubeconfigItem({ file: absent, document: missing })],
    [['cred/admin.kubeconfig', 'KubeconfigMissing', 'critical', 'write-kubeconfig']],
  ],
  [
    'writes a broken kubeconfig again',
    [kubeconfigItem({ document: damaged })],
    [['cred/admin.kubeconfig', 'KubeconfigCorrupt', 'critical', 'write-kubeconfig']],
  ],
  [
    'writes a kubeconfig that refers elsewhere again',
    [kubeconfigItem({ document: good(kubeconfig({ clientKey: { path: '/tmp/key' } })) })],
    [['cred/admin.kubeconfig', 'KubeconfigCorrupt', 'warning', 'write-kubeconfig']],
  ],
  [
    'writes a kubeconfig again in whose place a directory is',
    [kubeconfigItem({ file: inPlaceOf('directory'), document: damaged })],
    [['cred/admin.kubeconfig', 'KubeconfigCorrupt', 'critical', 'write-kubeconfig']],
  ],
  ['accepts embedded credentials that are good', [embedded({})], []],
  [
    'calls an embedded certificate that has expired stale',
    [embedded({ notAfter: now - day })],
    [['rke2.yaml', 'KubeconfigStale', 'warning', 'operator']],
  ],
  [
    'misses the kubeconfig that the running product writes at its start only, once somebody has deleted it',
    [writtenAtStart({ file: absent, document: missing })],
    [['rke2.yaml', 'KubeconfigMissing', 'warning', 'operator']],
    true,
  ],
  [
    'does not miss it while the service is down, which writes it when it starts',
    [writtenAtStart({ file: absent, document: missing })],
    [],
  ],
  [
    'calls an embedded certificate of another authority stale',
    [embedded({ issuer: 'old-ca' })],
    [['rke2.yaml', 'KubeconfigStale', 'warning', 'operator']],
  ],
  [
    'calls an embedded key that does not fit stale',
    [embedded({ key: 'other' })],
    [['rke2.yaml', 'KubeconfigStale', 'warning', 'operator']],
  ],
  // keys and documents
  [
    'takes away a damaged legacy key',
    [keyItem('legacy-shared', { keys: damaged })],
    [['client-kubelet.key', 'KeyUnreadable', 'critical', 'quarantine']],
  ],
  ['misses no legacy key', [keyItem('legacy-shared', { file: absent, keys: missing })], []],
  [
    'never touches a damaged service account key',
    [keyItem('service-account', { keys: damaged })],
    [['service.key', 'ProtectedFileDamaged', 'critical', 'operator']],
  ],
  [
    'misses the service account key',
    [keyItem('service-account', { file: absent, keys: missing })],
    [['service.key', 'ProtectedFileDamaged', 'critical', 'operator']],
  ],
  [
    'never touches a damaged document',
    [documentItem({ content: damaged })],
    [['cred/passwd', 'ProtectedFileDamaged', 'critical', 'operator']],
  ],
];

for (const [title, items, expected, serviceRunning = false] of table) {
  test(`assess ${title}`, (t) => {
    t.deepEqual(linesOf(node(...items), { serviceRunning }), expected);
  });
}

test('assess says of an expired authority in one sentence what it means and where the way back is written', (t) => {
  const { findings, health } = assess(inputFor(node(ends('server-ca', -3 * day))));
  const own = findings.find(({ id }) => id === 'server-ca');
  t.is(own?.code, 'AuthorityExpired');
  t.is(own?.severity, 'critical');
  t.regex(
    own?.message ?? '',
    /expired 3 days ago, at 2026-05-29T00:00:00Z.*nothing is signed.*rke2 certificate rotate-ca needs a running cluster.*certmend ca recover \(see docs\/authorities\.md/,
  );
  t.is(health.reasons[0]?.code, 'AuthorityExpired');
});

test('assess names the command that replaces an authority near its end', (t) => {
  const { findings } = assess(inputFor(node(ends('server-ca', 100 * day))));
  const own = findings.find(({ id }) => id === 'server-ca');
  t.is(own?.code, 'AuthorityExpiring');
  t.regex(
    own?.message ?? '',
    /replace it while the cluster runs: certmend ca status says .*certmend ca rotate does it/,
  );
});

test('assess reports an expired authority and the clock that is suspect for it, both', (t) => {
  const { findings } = assess(inputFor(node(ends('server-ca', -3 * day)), { clock: ahead }));
  t.deepEqual(
    findings.filter(({ severity }) => severity !== 'note').map(({ code }) => code),
    ['ClockAheadSuspect', 'AuthorityExpired'],
  );
  t.regex(findings.find(({ id }) => id === 'server-ca')?.message ?? '', /unless the clock runs ahead/);
});

test('assess sends a person who lost a token nowhere near removing it', (t) => {
  const { restoredByProduct, ...entry } = documentItem().entry;
  t.true(restoredByProduct);
  const { findings } = assess(inputFor(node(documentItem({ entry, content: damaged }))));
  t.notRegex(findings[0]?.message ?? '', /move it away|mv /);
});

for (const [title, serviceRunning, expected] of [
  ['is a note until the service starts', false, ['ListenerRegenerationPending', 'note', 'none']],
  ["is the operator's when the service runs on regardless", true, ['ListenerExpired', 'critical', 'operator']],
] as const) {
  test(`assess a listener document that was asked for anew ${title}`, (t) => {
    const inventory = { ...node(listenerItem({ notAfter: now - day })), pendingTriggers: [trigger] };
    t.deepEqual(linesOf(inventory, { serviceRunning }), [['dynamic-cert', ...expected]]);
  });
}

test('assess takes a corrupt listener document away though it was asked for anew', (t) => {
  const inventory = { ...node(listenerItem({}, { document: damaged })), pendingTriggers: [trigger] };
  t.deepEqual(
    linesOf(inventory).map(([, code]) => code),
    ['ListenerRegenerationPending', 'ListenerCorrupt'],
  );
});

test('assess notes unknown certificates and warns of expired ones', (t) => {
  const unknown = [
    { path: '/x/good.crt', certificates: [certificate({ commonName: 'a' })] },
    { path: '/x/old.crt', certificates: [certificate({ commonName: 'b', notAfter: now - day })] },
    { path: '/x/odd.crt', certificates: [], problems: ['no PEM block'] },
  ];
  const { findings, rows, health } = assess(inputFor({ ...node(), unknown }));
  t.deepEqual(
    findings.map(({ id, code, severity }) => [id, code, severity]),
    [
      ['/x/good.crt', 'UnknownCertificate', 'note'],
      ['/x/old.crt', 'UnknownCertificate', 'warning'],
      ['/x/odd.crt', 'UnknownCertificate', 'note'],
    ],
  );
  t.deepEqual(
    rows.filter(({ role }) => role === 'unknown').map(({ status }) => status),
    ['OK', 'EXPIRED', 'DAMAGED'],
  );
  t.is(health.level, 'warning');
});

test('assess puts the clock first, then authorities, then the rest, worst first', (t) => {
  const inventory = node(
    leafItem(admin, { notAfter: now - day }),
    ends('server-ca', 200 * day),
    ends('client-ca', -1),
    documentItem({ content: damaged }),
  );
  const { health } = assess(inputFor(inventory, { clock: behind }));
  t.is(health.level, 'critical');
  t.deepEqual(
    health.reasons.map(({ code, id }) => [code, id]),
    [
      ['AuthorityExpired', 'client-ca'],
      ['ProtectedFileDamaged', 'cred/passwd'],
      ['LeafExpired', 'client-admin'],
      ['ClockBehind', undefined],
      ['AuthorityExpiring', 'server-ca'],
    ],
  );
});

test('assess keeps the findings of others', (t) => {
  const extra = {
    code: 'StateRebuilt',
    id: undefined,
    path: undefined,
    severity: 'warning',
    message: 'rebuilt',
    evidence: {},
    answer: 'none',
  } as const;
  const { findings, health } = assess(inputFor(node(), { extraFindings: [extra] }));
  t.deepEqual(findings, [extra]);
  t.is(health.level, 'warning');
});

test('assess has a row with the figures of every certificate', (t) => {
  const { rows } = assess(inputFor(node()));
  const row = rows.find(({ id }) => id === 'serving-kube-apiserver');
  t.like(row, {
    role: 'leaf',
    subject: 'kube-apiserver',
    issuer: 'server-ca',
    usages: ['serverAuth'],
    notAfter: now + 300 * day,
    effectiveNotAfter: now + 300 * day,
    status: 'OK',
    findings: [],
  });
  t.is(rows.length, 11);
});

function ends(id: string, inMs: number): Item {
  return authorityItem(id, { certificates: good([authorityCertificate(id, { notAfter: now + inMs })]) });
}

function copyOf(id: string, inMs: number): Item {
  const item = authorityItem(id, { certificates: good([authorityCertificate(id, { notAfter: now + inMs })]) });
  return {
    ...item,
    entry: { ...item.entry, id: `agent/${id}`, keyPath: undefined, copyOf: id },
    keyFile: undefined,
    key: undefined,
  };
}

function staticListener(): Item {
  const item = listenerItem({ notAfter: now - day });
  return item.document.ok ? { ...item, document: good({ ...item.document.value, isStatic: true }) } : item;
}

function kubeconfig(change: Partial<KubeconfigDocument>): KubeconfigDocument {
  return {
    server: 'https://127.0.0.1:6443',
    authority: { path: `${tls}/server-ca.crt` },
    clientCertificate: { path: `${tls}/client-admin.crt` },
    clientKey: { path: `${tls}/client-admin.key` },
    ...change,
  };
}

/** The product's own, which people copy. */
function writtenAtStart(change: Parameters<typeof kubeconfigItem>[0]): Item {
  const { entry } = kubeconfigItem();
  const own = { id: 'rke2.yaml', style: 'embedded', writable: false, optional: true, reissuedAtStart: true } as const;
  return kubeconfigItem({ entry: { ...entry, ...own }, ...change });
}

function embedded(shape: Parameters<typeof leafCertificate>[1]): Item {
  const { entry } = kubeconfigItem();
  return kubeconfigItem({
    entry: { ...entry, id: 'rke2.yaml', style: 'embedded', writable: false },
    document: good({
      server: 'https://127.0.0.1:6443',
      authority: { embedded: [authorityCertificate('server-ca')] },
      clientCertificate: { embedded: [leafCertificate(admin, shape)] },
      clientKey: { key: privateKey('key of client-admin') },
    }),
  });
}
