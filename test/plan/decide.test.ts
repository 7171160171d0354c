import test from 'ava';
import { assess } from '../../src/assess/assess.ts';
import type { AssessInput } from '../../src/assess/context.ts';
import { CertmendError } from '../../src/error.ts';
import type { Inventory, Item } from '../../src/inventory/inventory.ts';
import { decide } from '../../src/plan/decide.ts';
import type { DecideInput, Action, Plan, StandbyVerdict } from '../../src/plan/plan.ts';
import {
  absent,
  admin,
  ahead,
  apiServer,
  authorityCertificate,
  authorityItem,
  behind,
  damaged,
  day,
  documentItem,
  good,
  inPlaceOf,
  inputFor,
  keyItem,
  kubeconfigItem,
  kubelet,
  leafItem,
  listenerItem,
  missing,
  node,
  now,
  privateKey,
  regular,
  scheduler,
  tls,
  trigger,
  window,
} from '../assess/sample-node.ts';

type Change = Partial<Omit<DecideInput, 'inventory' | 'assessment'>> & Pick<Partial<AssessInput>, 'clock'>;

const noStandby: StandbyVerdict = { state: 'missing', reason: 'no standby was prepared' };
const readyStandby: StandbyVerdict = {
  state: 'ready',
  generation: 7,
  notBefore: now - 60 * day,
  notAfter: now + (window + 1) * day + 1,
};

function planFor(inventory: Inventory, { clock, ...change }: Change = {}): Plan {
  const assessment = assess(inputFor(inventory, clock === undefined ? {} : { clock }));
  return decide({
    inventory,
    assessment,
    standby: noStandby,
    brake: { commits: [], maxCommitsPerDay: 3 },
    now,
    renewBeforeDays: window,
    ...change,
  });
}

const plan = (items: readonly Item[], change: Change = {}): Plan => planFor(node(...items), change);

function installed(found: Plan): readonly string[] {
  return found.actions.flatMap((action) => (action.kind === 'install' ? [action.id] : []));
}

function kinds(found: Plan): readonly Action['kind'][] {
  return found.actions.map((action) => action.kind);
}

function codes(found: Plan): readonly string[] {
  return found.reasons.map(({ code, id }) => (id === undefined ? code : `${code} ${id}`));
}

const everyLeaf = ['client-admin', 'client-scheduler', 'serving-kube-apiserver'];
const expired = [admin, scheduler, apiServer].map((entry) => leafItem(entry, { notAfter: now - 35 * day }));
const keyless = (id: string): Item => authorityItem(id, { keyFile: absent, key: missing });
const ended = (id: string): Item =>
  authorityItem(id, { certificates: good([authorityCertificate(id, { notAfter: now - day })]) });

test('decide does nothing on a healthy node', (t) => {
  t.deepEqual(plan([]), { decision: 'nothing-to-do', actions: [], reasons: [], source: { kind: 'none' } });
});

test('decide issues every leaf in table order when one is due', (t) => {
  const found = plan([leafItem(scheduler, { notAfter: now + 100 * day })]);
  t.is(found.decision, 'rotate');
  t.deepEqual(found.source, { kind: 'issue' });
  t.deepEqual(
    found.actions,
    everyLeaf.map((id) => ({ kind: 'install', id, reason: 'LeafRenewDue' })),
  );
  t.deepEqual(codes(found), ['LeafRenewDue client-scheduler']);
});

test('decide gives each pair of a rotation its own reason, or the deciding one', (t) => {
  const found = plan([leafItem(admin, { notAfter: now + day }), leafItem(scheduler, { notAfter: now - day })]);
  t.deepEqual(codes(found), ['LeafExpired client-scheduler', 'LeafRenewDue client-admin']);
  t.deepEqual(
    found.actions.map((action) => action.reason),
    ['LeafRenewDue', 'LeafExpired', 'LeafExpired'],
  );
});

test('decide replaces the one pair that has drifted though validity remains, and keeps no damaged bytes of it', (t) => {
  const found = plan([leafItem(apiServer, { dnsNames: [] })]);
  t.deepEqual(codes(found), ['SanMissing serving-kube-apiserver']);
  t.is(found.decision, 'repair');
  t.deepEqual(found.actions, [{ kind: 'install', id: 'serving-kube-apiserver', reason: 'SanMissing' }]);
});

test('decide rotates when every pair has drifted', (t) => {
  const found = plan([admin, scheduler, apiServer].map((entry) => leafItem(entry, { commonName: 'another' })));
  t.is(found.decision, 'rotate');
  t.deepEqual(installed(found), everyLeaf);
});

test('decide never installs what the product re-issues, nor an optional leaf that is not there', (t) => {
  const optional = { ...leafItem({ ...scheduler, optional: true }), certificateFile: absent, certificates: missing };
  const gone = { ...optional, keyFile: absent, key: missing };
  const found = plan([leafItem(admin, { notAfter: now - day }), gone, leafItem(kubelet, { notAfter: now - day })]);
  t.deepEqual(installed(found), ['client-admin', 'serving-kube-apiserver']);
});

test('decide takes a standby that is good for longer than the window', (t) => {
  const found = plan(expired, { standby: readyStandby });
  t.deepEqual(found.source, { kind: 'standby', generation: 7 });
  t.deepEqual(installed(found), everyLeaf);
});

const poorStandbys: readonly (readonly [title: string, standby: StandbyVerdict])[] = [
  ['has to be renewed as soon as it is live', { ...readyStandby, notAfter: now + (window + 1) * day }],
  ['is not valid yet', { ...readyStandby, notBefore: now + 1 }],
  ['is stale', { state: 'stale', generation: 7, reason: 'its authority changed' }],
  ['is invalid', { state: 'invalid', generation: 7, reason: 'it was tampered with' }],
];
for (const [title, standby] of poorStandbys) {
  test(`decide issues afresh when the standby ${title}`, (t) => {
    const found = plan(expired, { standby });
    t.deepEqual(found.source, { kind: 'issue' });
    t.deepEqual(installed(found), everyLeaf);
  });
}

test('decide repairs only the damaged pair and keeps its bytes', (t) => {
  const found = plan([{ ...leafItem(admin), key: good(privateKey('other')) }], { standby: readyStandby });
  t.is(found.decision, 'repair');
  t.deepEqual(found.source, { kind: 'issue' });
  t.deepEqual(found.actions, [
    { kind: 'quarantine', id: 'client-admin', path: `${tls}/client-admin.key`, remove: false, reason: 'KeyMismatch' },
    { kind: 'quarantine', id: 'client-admin', path: `${tls}/client-admin.crt`, remove: false, reason: 'KeyMismatch' },
    { kind: 'install', id: 'client-admin', reason: 'KeyMismatch' },
  ]);
  t.deepEqual(codes(found), ['KeyMismatch client-admin']);
});

test('decide keeps what there is to keep of a pair with a FIFO in it', (t) => {
  const item = { ...leafItem(admin), certificateFile: inPlaceOf('special-file'), certificates: damaged };
  t.deepEqual(kinds(plan([item])), ['quarantine', 'quarantine', 'install']);
  const alone = { ...item, keyFile: absent, key: missing };
  t.deepEqual(kinds(plan([alone])), ['quarantine', 'install']);
});

test('decide mends a damaged pair in the course of a rotation and keeps its bytes', (t) => {
  const found = plan([leafItem(scheduler, { notAfter: now - day }), { ...leafItem(admin), certificates: damaged }]);
  t.is(found.decision, 'rotate');
  t.deepEqual(kinds(found), ['quarantine', 'quarantine', 'install', 'install', 'install']);
  t.like(found.actions[2], { id: 'client-admin', reason: 'LeafUnreadable' });
});

test('decide leaves out what cannot be renamed over and says so', (t) => {
  const inTheWay = { ...leafItem(admin), certificateFile: inPlaceOf('symlink-escapes'), certificates: damaged };
  const found = plan([inTheWay, leafItem(scheduler, { notAfter: now - day })]);
  t.deepEqual(installed(found), ['client-scheduler', 'serving-kube-apiserver']);
  t.deepEqual(codes(found), ['LeafExpired client-scheduler', 'LeafUnreadable client-admin']);
  const alone = plan([inTheWay]);
  t.is(alone.decision, 'refused');
  t.deepEqual(codes(alone), ['LeafUnreadable client-admin']);
});

// authorities

test('decide refuses a rotation of dead leaves whose authority has expired, and changes nothing', (t) => {
  const found = plan([...expired, ended('server-ca'), listenerItem({ notAfter: now - day })]);
  t.is(found.decision, 'refused');
  t.deepEqual(found.actions, []);
  t.is(codes(found)[0], 'AuthorityExpired server-ca');
});

test('decide refuses when an authority expired under leaves that are valid themselves', (t) => {
  const found = plan([ended('server-ca')]);
  t.is(found.decision, 'refused');
  t.is(codes(found)[0], 'AuthorityExpired server-ca');
});

test('decide refuses a rotation of dead leaves whose authority has no key, and changes nothing', (t) => {
  for (const id of ['server-ca', 'client-ca']) {
    const found = plan([...expired, keyless(id), listenerItem({ notAfter: now - day })]);
    t.is(found.decision, 'refused');
    t.deepEqual(found.actions, []);
    t.is(codes(found)[0], `AuthorityKeyMissing ${id}`);
  }
});

test('decide commits the standby though an authority has no key', (t) => {
  const found = plan([...expired, keyless('server-ca')], { standby: readyStandby });
  t.deepEqual(found.source, { kind: 'standby', generation: 7 });
  t.deepEqual(installed(found), everyLeaf);
});

test('decide commits the whole standby for one damaged pair that cannot be issued', (t) => {
  const items = [{ ...leafItem(admin), certificates: damaged }, keyless('client-ca')];
  const found = plan(items, { standby: readyStandby });
  t.is(found.decision, 'rotate');
  t.deepEqual(installed(found), everyLeaf);
  const without = plan(items);
  t.is(without.decision, 'repair');
  t.deepEqual(without.source, { kind: 'none' });
  t.deepEqual(
    without.actions.map((action) => ('path' in action ? [action.path, action.kind] : [])),
    [
      [`${tls}/client-admin.key`, 'quarantine'],
      [`${tls}/client-admin.crt`, 'quarantine'],
    ],
    'the product restores the key, and makes anew what is missing',
  );
  t.deepEqual(codes(without), ['LeafUnreadable client-admin', 'AuthorityKeyMissing client-ca']);
});

test('decide takes a damaged pair away only when the product restores its authority and would keep the pair', (t) => {
  const broken = { ...leafItem(admin), certificates: damaged };
  const lostToken = {
    ...documentItem({ file: absent, content: missing }),
    entry: { ...documentItem().entry, id: 'token', restoredByProduct: undefined },
  };
  const refusals: readonly (readonly Item[])[] = [
    [broken, ended('client-ca')],
    [broken, keyless('client-ca'), lostToken],
    [{ ...leafItem(admin), keyFile: absent, key: missing }, keyless('client-ca')],
    [leafItem(admin, { notAfter: now - day }), keyless('client-ca')],
  ];
  for (const items of refusals) t.like(plan(items), { decision: 'refused', actions: [] });
});

test('decide lets an authority without a key stop nothing that is not its own', (t) => {
  const rotated = plan([leafItem(admin, { notAfter: now - day }), keyless('server-ca')]);
  t.is(rotated.decision, 'rotate');
  t.deepEqual(installed(rotated), ['client-admin', 'client-scheduler']);
  const due = plan([
    leafItem(admin, { notAfter: now - day }),
    leafItem(apiServer, { notAfter: now + day }),
    keyless('server-ca'),
  ]);
  t.is(due.decision, 'rotate');
  t.deepEqual(codes(due), ['LeafExpired client-admin', 'AuthorityKeyMissing server-ca']);
});

test('decide refuses when only leaves without a signing authority are due', (t) => {
  const found = plan([leafItem(apiServer, { notAfter: now + day }), keyless('server-ca')]);
  t.is(found.decision, 'refused');
  t.deepEqual(codes(found), ['AuthorityKeyMissing server-ca', 'LeafRenewDue serving-kube-apiserver']);
});

test('decide repairs what it can while a dead leaf cannot be issued, without the listener', (t) => {
  const found = plan([
    { ...leafItem(admin), certificates: damaged },
    leafItem(apiServer, { notAfter: now - day }),
    keyless('server-ca'),
    listenerItem({ notAfter: now - day }),
  ]);
  t.is(found.decision, 'repair');
  t.deepEqual(installed(found), ['client-admin']);
  t.false(kinds(found).includes('regenerate-listener'));
  t.deepEqual(codes(found).slice(0, 2), ['LeafUnreadable client-admin', 'AuthorityKeyMissing server-ca']);
});

test('decide has nothing to do for an authority that is only near its end', (t) => {
  const near = authorityItem('server-ca', {
    certificates: good([authorityCertificate('server-ca', { notAfter: now + 100 * day })]),
  });
  t.is(plan([near]).decision, 'nothing-to-do');
});

test('decide never writes a damaged protected file, and takes it away only when asked to', (t) => {
  const items = [authorityItem('server-ca', { certificates: damaged }), documentItem({ content: damaged })];
  const found = plan(items);
  t.is(found.decision, 'refused');
  t.deepEqual(codes(found), ['AuthorityUnreadable server-ca', 'ProtectedFileDamaged cred/passwd']);
  t.deepEqual(plan(items, { bootRepair: true }).actions, [
    {
      kind: 'quarantine',
      id: 'server-ca',
      path: `${tls}/server-ca.crt`,
      remove: true,
      reason: 'AuthorityUnreadable',
      bootstrap: true,
    },
    {
      kind: 'quarantine',
      id: 'cred/passwd',
      path: '/var/lib/rancher/rke2/server/cred/passwd',
      remove: true,
      reason: 'ProtectedFileDamaged',
      bootstrap: true,
    },
  ]);
});

test('decide takes nothing of the bootstrap set away that can be parsed, nor anything while the token is damaged', (t) => {
  const leafInPlace = authorityItem('server-ca', {
    certificates: good([authorityCertificate('server-ca', { isAuthority: false })]),
  });
  const found = plan([leafInPlace], { bootRepair: true });
  t.deepEqual(codes(found), ['AuthorityUnreadable server-ca']);
  t.deepEqual(found.actions, []);

  const { restoredByProduct, ...entry } = documentItem().entry;
  t.true(restoredByProduct);
  const token = { ...entry, id: 'token', path: '/var/lib/rancher/rke2/server/token' };
  const items = [documentItem({ content: damaged }), documentItem({ entry: token, content: damaged })];
  t.deepEqual(plan(items, { bootRepair: true }).actions, []);
});

test('decide takes no token away, whatever is asked', (t) => {
  const { restoredByProduct, ...entry } = documentItem().entry;
  t.true(restoredByProduct);
  const found = plan(
    [documentItem({ entry: { ...entry, id: 'token', path: '/var/lib/rancher/rke2/server/token' }, content: damaged })],
    { bootRepair: true },
  );
  t.is(found.decision, 'refused');
  t.deepEqual(found.actions, []);
});

// what goes along

test('decide asks for a new listener document when that is all there is to do', (t) => {
  const found = plan([listenerItem({ notAfter: now - day })]);
  t.is(found.decision, 'repair');
  t.deepEqual(found.source, { kind: 'none' });
  t.deepEqual(found.actions, [{ kind: 'regenerate-listener', id: 'dynamic-cert', trigger, reason: 'ListenerExpired' }]);
  t.deepEqual(codes(found), ['ListenerExpired dynamic-cert']);
});

test('decide asks for a new listener document only once', (t) => {
  const inventory = { ...node(listenerItem({ notAfter: now - day })), pendingTriggers: [trigger] };
  t.is(planFor(inventory).decision, 'nothing-to-do');
});

test('decide takes a corrupt listener document away and asks for a new one', (t) => {
  const found = plan([listenerItem({}, { document: damaged })]);
  t.deepEqual(
    found.actions.map((action) => [action.kind, 'remove' in action ? action.remove : undefined]),
    [
      ['quarantine', true],
      ['regenerate-listener', undefined],
    ],
  );
});

test('decide does not ask again when a corrupt listener document is taken away', (t) => {
  const inventory = { ...node(listenerItem({}, { document: damaged })), pendingTriggers: [trigger] };
  t.deepEqual(kinds(planFor(inventory)), ['quarantine']);
});

test('decide writes a broken kubeconfig again and keeps the broken one', (t) => {
  const { path } = kubeconfigItem().entry;
  t.deepEqual(plan([kubeconfigItem({ document: damaged })]).actions, [
    { kind: 'quarantine', id: 'cred/admin.kubeconfig', path, remove: false, reason: 'KubeconfigCorrupt' },
    { kind: 'write-kubeconfig', id: 'cred/admin.kubeconfig', path, reason: 'KubeconfigCorrupt' },
  ]);
  t.deepEqual(kinds(plan([kubeconfigItem({ file: absent, document: missing })])), ['write-kubeconfig']);
});

test('decide takes damaged keys away that would keep the product from starting', (t) => {
  const found = plan([keyItem('legacy-shared', { keys: damaged }), { ...leafItem(kubelet), key: damaged }]);
  t.is(found.decision, 'repair');
  t.deepEqual(
    found.actions.map((action) => ('path' in action ? [action.kind, action.path] : [])),
    [
      ['quarantine', `${tls}/agent/client-kubelet.key`],
      ['quarantine', `${tls}/client-kubelet.key`],
    ],
  );
});

test('decide does nothing about weak permissions', (t) => {
  t.is(plan([{ ...leafItem(admin), keyFile: regular(0o644) }]).decision, 'nothing-to-do');
});

// clock

for (const [title, clock] of [
  ['behind', behind],
  ['suspected to be ahead', ahead],
] as const) {
  test(`decide defers everything on a clock that is ${title}`, (t) => {
    const items = [
      ...expired,
      listenerItem({}, { document: damaged }),
      kubeconfigItem({ document: damaged }),
      keyItem('legacy-shared', { keys: damaged }),
    ];
    for (const change of [{}, { request: { kind: 'rotate', ids: [] } }, { bootRepair: true }] as const) {
      const found = plan(items, { clock, standby: readyStandby, ...change });
      t.is(found.decision, 'deferred');
      t.deepEqual(found.actions, []);
      t.deepEqual(found.source, { kind: 'none' });
      t.deepEqual(codes(found), [clock.verdict === 'behind' ? 'ClockBehind' : 'ClockAheadSuspect']);
    }
  });
}

test('decide names the expired authority beside a suspect clock', (t) => {
  t.deepEqual(codes(plan([ended('server-ca')], { clock: ahead })), ['ClockAheadSuspect', 'AuthorityExpired server-ca']);
});

const future = [admin, scheduler, apiServer].map((entry) =>
  leafItem(entry, { notBefore: now + 400 * day, notAfter: now + 765 * day }),
);
const previous = { generation: 3, notBefore: now - 65 * day, notAfter: now + 300 * day };

test('decide offers the previous set when the clock went back behind the one that is live', (t) => {
  const found = plan(future, { clock: behind, previous });
  t.is(found.decision, 'deferred');
  t.deepEqual(codes(found), ['ClockBehind', 'LeafNotYetValid client-admin']);
  t.regex(found.reasons[1]?.message ?? '', /certmend rollback 3 --yes$/);
  t.deepEqual(codes(plan(future, { clock: behind, previous: { ...previous, notAfter: now - 1 } })), ['ClockBehind']);
});

test('decide brings the previous set back when a believed clock lies before the one that is live', (t) => {
  const found = plan(future, { previous });
  t.deepEqual(found.source, { kind: 'previous', generation: 3 });
  t.deepEqual(
    found.actions,
    everyLeaf.map((id) => ({ kind: 'install', id, reason: 'LeafNotYetValid' })),
  );
});

test('decide issues when there is no previous set, or it would soon be due again', (t) => {
  t.deepEqual(plan(future).source, { kind: 'issue' });
  t.deepEqual(plan(future, { previous: { ...previous, notAfter: now + 100 * day } }).source, { kind: 'issue' });
});

// brake

test('decide refuses every change once the day has had its commits', (t) => {
  const brake = { commits: [now - 23 * 3_600_000, now - 1000, now + 5000], maxCommitsPerDay: 3 };
  const repairs = new Map(['client-admin', 'dynamic-cert'].map((id) => [id, brake.commits]));
  for (const items of [
    expired,
    [listenerItem({ notAfter: now - day })],
    [{ ...leafItem(admin), certificates: damaged }],
  ]) {
    const found = plan(items, { brake: { ...brake, repairs }, standby: readyStandby });
    t.is(found.decision, 'refused');
    t.deepEqual(found.actions, []);
    t.regex(codes(found)[0] ?? '', /^BrakeEngaged/);
  }
  t.is(plan([], { brake }).decision, 'nothing-to-do');
  t.is(plan(expired, { brake: { ...brake, maxCommitsPerDay: 4 } }).decision, 'rotate');
});

test('decide mends what is damaged though the rotations of the day are used up, and counts each entry for itself', (t) => {
  const commits = [now - 1000, now, now + 5000];
  const items = [
    leafItem(scheduler, { notAfter: now - day }),
    { ...leafItem(admin), certificates: damaged },
    { ...leafItem(apiServer), certificates: damaged },
  ];
  const brake = { commits, repairs: new Map([['client-admin', commits]]), maxCommitsPerDay: 3 };
  const found = plan(items, { brake });
  t.is(found.decision, 'repair');
  t.deepEqual(installed(found), ['serving-kube-apiserver']);
  t.true(found.actions.every(({ id }) => id === 'serving-kube-apiserver'));
  t.true(['BrakeEngaged', 'BrakeEngaged client-admin'].every((code) => codes(found).includes(code)));
});

test('decide lets a person pass the brake and records it', (t) => {
  const brake = { commits: [now, now, now], maxCommitsPerDay: 3 };
  const found = plan([], { brake, request: { kind: 'rotate', ids: [] } });
  t.is(found.decision, 'rotate');
  t.deepEqual(codes(found), ['OperatorRequest', 'BrakeEngaged']);
});

// requests

test('decide rotates every leaf when a person asks, from the standby when it is ready', (t) => {
  const request = { kind: 'rotate', ids: [] } as const;
  t.deepEqual(
    plan([], { request }).actions,
    everyLeaf.map((id) => ({ kind: 'install', id, reason: 'OperatorRequest' })),
  );
  t.deepEqual(plan([], { request }).source, { kind: 'issue' });
  t.deepEqual(plan([], { request, standby: readyStandby }).source, { kind: 'standby', generation: 7 });
  t.deepEqual(plan([], { request: { ...request, issueAfresh: true }, standby: readyStandby }).source, {
    kind: 'issue',
  });
});

test('decide rotates just the leaves that a person names', (t) => {
  const request = { kind: 'rotate', ids: ['client-admin', 'client-admin'] } as const;
  const found = plan([...expired, keyless('server-ca')], { request, standby: readyStandby });
  t.deepEqual(found.actions, [{ kind: 'install', id: 'client-admin', reason: 'OperatorRequest' }]);
  t.deepEqual(found.source, { kind: 'issue' });
});

test('decide refuses a request that an authority cannot sign', (t) => {
  for (const ids of [[], ['serving-kube-apiserver']]) {
    const found = plan([keyless('server-ca')], { request: { kind: 'rotate', ids } });
    t.is(found.decision, 'refused');
    t.is(codes(found)[0], 'AuthorityKeyMissing server-ca');
  }
});

for (const [id, code] of [
  ['nonsense', 'Usage'],
  ['server-ca', 'Usage'],
  ['agent/client-kubelet', 'Usage'],
  ['client-admin', 'ProtectedPath'],
  ['client-scheduler', 'StorageDenied'],
] as const) {
  test(`decide does not take a request for ${id}`, (t) => {
    const items = [
      leafItem({ ...admin, protected: true }),
      { ...leafItem(scheduler), keyFile: inPlaceOf('symlink-escapes'), key: damaged },
    ];
    const error = t.throws(() => plan(items, { request: { kind: 'rotate', ids: [id] } }), {
      instanceOf: CertmendError,
    });
    t.is(error.code, code);
  });
}

test('decide issues an optional leaf that a person names', (t) => {
  const optional = leafItem({ ...scheduler, optional: true });
  const gone = { ...optional, certificateFile: absent, certificates: missing, keyFile: absent, key: missing };
  const found = plan([gone], { request: { kind: 'rotate', ids: ['client-scheduler'] } });
  t.deepEqual(installed(found), ['client-scheduler']);
});
