import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { changeSet, filesOf, type StoredFile } from '../../src/activate/change-set.ts';
import type { Change } from '../../src/commit/change.ts';
import { renew } from '../../src/heal/renew.ts';
import { rotate } from '../../src/heal/rotate.ts';
import { servedChain } from '../../src/system/served-chain.ts';
import { runBuilt } from '../cli/built.ts';
import { changedPaths, fingerprintPaths } from '../fixtures/fingerprint-tree.ts';
import { tlsServer, type Served } from '../fixtures/tls-server.ts';
import type { Tree } from '../fixtures/tree.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { inventoryOf } from '../generation/node.ts';
import type { HealthAnswer, Ports } from '../../src/survey/ports.ts';
import { portsAt } from './run-at.ts';
import { temporaryTree } from './temporary-tree.ts';

/*
 * P12: while the service runs only certificate files change, under the same keys; what has them mounted sees the same
 * inode, at no instant shorter than before; what falls silent for it brings the old ones back.
 */

interface Running {
  readonly tree: Tree;
  readonly ports: Ports;
}

function pairOf(tree: Tree): Served {
  const { certificatePath, keyPath } = tree.leaf('serving-kube-apiserver');
  return { cert: readFileSync(tree.host(certificatePath), 'utf8'), key: readFileSync(tree.host(keyPath), 'utf8') };
}

/** A server whose API server answers, and takes up its files at each handshake or not at all. */
async function running(t: ExecutionContext, { rereads = true } = {}): Promise<Running> {
  const tree = temporaryTree(t, { product: 'rke2' });
  const server = await tlsServer(t, pairOf(tree));
  const ports = await portsAt(tree.root, '+0d', { unit: tree.unit });
  return {
    tree,
    ports: {
      ...ports,
      serviceRunning: () => true,
      servedChain: async (port) => {
        if (port !== 6443) return undefined;
        if (rereads) server.serve(pairOf(tree));
        // It is there: that a busy machine did not come to answer in time says nothing.
        for (;;) {
          const chain = await servedChain(server.port);
          if (chain !== undefined) return chain;
        }
      },
    },
  };
}

/** All but times: a file that was written over twice is newer. */
function bytesBelow(tree: Tree): readonly string[] {
  return [...fingerprintPaths(tree.root, [tree.dataDir])].map(
    ([path, { content, mode, uid, gid }]) => `${path} ${content} ${String(mode)} ${String(uid)} ${String(gid)}`,
  );
}

test('renew changes every certificate that certmend may write and nothing else: same keys, and the same inode where a pod has the file mounted', async (t) => {
  const { tree, ports } = await running(t);
  // Longer than any new one: what is written over must not become shorter under its readers.
  appendFileSync(tree.host(tree.leaf('etcd/server-client').certificatePath), '\n'.repeat(64));
  const inodes = new Map(
    tree.leaves.map(({ certificatePath }) => [certificatePath, statSync(tree.host(certificatePath))]),
  );
  const before = fingerprintPaths(tree.root, [tree.dataDir]);
  const { outcome, served, rolledBack } = await renew(ports, []);
  t.false(rolledBack);
  t.deepEqual(served.silent, []);
  t.deepEqual(served.stale, []);
  t.deepEqual(
    served.current.map(({ id }) => id),
    ['serving-kube-apiserver'],
  );
  const changed = changedPaths(before, fingerprintPaths(tree.root, [tree.dataDir]));
  t.deepEqual([...changed].sort(), [...outcome.changed].sort());
  t.true(changed.length >= 13);
  t.true(changed.every((path) => path.endsWith('.crt')));
  const mounted = outcome.survey.layout.entries.flatMap((entry) =>
    entry.kind === 'leaf' && entry.writeMode === 'in-place' ? [entry.certificatePath] : [],
  );
  t.true(mounted.length >= 4);
  for (const path of outcome.changed) {
    const [now, then] = [statSync(tree.host(path)), inodes.get(path)];
    t.is(now.ino === then?.ino, mounted.includes(path), path);
    if (mounted.includes(path)) t.true(now.size >= (then?.size ?? 0), `${path} became shorter`);
    t.is(now.mode, then?.mode ?? 0, path);
  }
  const check = await runBuilt(['--root', tree.root, 'check', '-o', 'json']);
  t.is(check.status, 0, check.stdout);
  const listed = await runBuilt(['--root', tree.root, 'generations']);
  t.is(listed.status, 0);
});

test('renew does not hold the lock while it watches, and takes back nothing that somebody else put there meanwhile', async (t) => {
  const { tree, ports } = await running(t);
  const { certificatePath } = tree.leaf('serving-kube-apiserver');
  const old = readFileSync(tree.host(certificatePath), 'utf8');
  let [looks, others] = [0, 0];
  const servedChain: Ports['servedChain'] = async (port) => {
    if (readFileSync(tree.host(certificatePath), 'utf8') === old) return ports.servedChain(port);
    if (port === 6443) looks += 1;
    // The first look is the commit's own, under its lock.
    if (looks === 2 && others === 0) {
      others += 1;
      await rotate({ ...ports, serviceRunning: () => false }, { ids: ['client-admin'], reuseKeys: false });
    }
    return undefined;
  };
  await t.throwsAsync(() => renew({ ...ports, servedChain }, []), { code: 'ExternalChange', message: /left alone/ });
  t.is(others, 1);
  t.not(readFileSync(tree.host(certificatePath), 'utf8'), old);
});

test('renew says who keeps what it read at its start, and until when', async (t) => {
  const { ports } = await running(t);
  const { outcome } = await renew(ports, ['etcd/client', 'client-admin']);
  const [note, ...more] = outcome.notes.filter((text) => text.includes('when it started'));
  t.deepEqual(more, []);
  t.regex(
    note ?? '',
    /^rke2 keeps the certificate of etcd\/client .* restart rke2-server\.service before .*\d{4}-\d\d-\d\d/,
  );
  t.false((await renew(ports, ['client-admin'])).outcome.notes.some((text) => text.includes('when it started')));
});

test('renew of one entry leaves all others as they are', async (t) => {
  const { tree, ports } = await running(t);
  const before = fingerprintPaths(tree.root, [tree.dataDir]);
  await renew(ports, ['etcd/client']);
  t.deepEqual(changedPaths(before, fingerprintPaths(tree.root, [tree.dataDir])), [
    tree.leaf('etcd/client').certificatePath,
  ]);
});

test('renew says of a component that goes on with its old certificate that it does', async (t) => {
  const { ports } = await running(t, { rereads: false });
  const { served, rolledBack } = await renew(ports, []);
  t.false(rolledBack);
  t.deepEqual(
    served.stale.map(({ port }) => port),
    [6443],
  );
});

test('renew brings the old certificates back, byte for byte, when a port that answered falls silent', async (t) => {
  const { tree, ports } = await running(t);
  const before = bytesBelow(tree);
  const { certificatePath } = tree.leaf('serving-kube-apiserver');
  const old = readFileSync(tree.host(certificatePath), 'utf8');
  const isOld = (): boolean => readFileSync(tree.host(certificatePath), 'utf8') === old;
  const { outcome, rolledBack, served } = await renew(
    // A component that cannot live with what it reads.
    { ...ports, servedChain: (port) => (isOld() ? ports.servedChain(port) : Promise.resolve(undefined)) },
    [],
  );
  t.true(rolledBack);
  t.deepEqual(
    served.silent.map(({ id }) => id),
    ['serving-kube-apiserver'],
  );
  t.is(outcome.reasons[0]?.code, 'RenewalRolledBack');
  t.deepEqual(bytesBelow(tree), before);
});

test('renew brings no set back that is not good any more, and makes no third one instead', async (t) => {
  const { tree, ports } = await running(t);
  const { certificatePath } = tree.leaf('serving-kube-apiserver');
  const old = readFileSync(tree.host(certificatePath), 'utf8');
  const isOld = (): boolean => readFileSync(tree.host(certificatePath), 'utf8') === old;
  const generations = tree.host('/var/lib/certmend/generations');
  const servedChain: Ports['servedChain'] = async (port) => {
    if (isOld()) return ports.servedChain(port);
    for (const name of readdirSync(join(generations, '1'), { recursive: true, encoding: 'utf8' }))
      if (name.endsWith('.crt')) writeFileSync(join(generations, '1', name), 'x');
    return undefined;
  };
  await t.throwsAsync(() => renew({ ...ports, servedChain }, []), { code: 'GenerationDamaged' });
  t.deepEqual(readdirSync(generations).toSorted(), ['1', '2']);
});

test('renew comes to an end with a port that answers now and then', async (t) => {
  const { tree, ports } = await running(t);
  const { certificatePath } = tree.leaf('serving-kube-apiserver');
  const old = readFileSync(tree.host(certificatePath), 'utf8');
  let looks = 0;
  const servedChain: Ports['servedChain'] = (port) => {
    const isOld = readFileSync(tree.host(certificatePath), 'utf8') === old;
    if (!isOld && port === 6443) looks += 1;
    return isOld || looks % 3 > 0 ? ports.servedChain(port) : Promise.resolve(undefined);
  };
  await renew({ ...ports, servedChain }, []);
  t.true(looks > 30 && looks < 90, String(looks));
});

/** `ask` answers in place of each component, by the port where it is asked, and whether its old certificate is there. */
function asking({ tree, ports }: Running, ask: (port: number, isOld: boolean) => HealthAnswer): Ports {
  const path = tree.host(tree.leaf('etcd/server-client').certificatePath);
  const old = readFileSync(path, 'utf8');
  const well: HealthAnswer = { is: 'well' };
  return {
    ...ports,
    askHealth: ({ port, path: asked }) =>
      Promise.resolve(asked === '/version' ? well : ask(port, readFileSync(path, 'utf8') === old)),
  };
}

const refuses: HealthAnswer = { is: 'ill', problem: 'answers 500 to /readyz' };

test('renew asks the API server and etcd for their health, with the pairs that are on the disk', async (t) => {
  const { ports } = await running(t);
  const asked = new Map<number, Set<string>>();
  const askHealth: Ports['askHealth'] = ({ port, path, certificatePem, keyPem, trustedPem }) => {
    const who = new X509Certificate(certificatePem);
    t.true(who.checkPrivateKey(createPrivateKey(keyPem)), path);
    const ca = new X509Certificate(trustedPem).subject.replace(/@\d+/, '');
    const words = `${path} ${/CN=.*/.exec(who.subject)?.[0] ?? ''} ${ca}`;
    asked.set(port, (asked.get(port) ?? new Set()).add(words));
    return Promise.resolve({ is: 'well' });
  };
  const { rolledBack } = await renew({ ...ports, askHealth }, []);
  t.false(rolledBack);
  const told = [...asked].map(([port, words]) => [port, ...[...words].toSorted()]);
  t.deepEqual(told.toSorted(), [
    [2382, '/health CN=etcd-client CN=etcd-server-ca'],
    [
      6443,
      '/readyz CN=system:admin CN=rke2-server-ca',
      ...[
        'rke2-cloud-controller-manager',
        'system:admin',
        'system:apiserver',
        'system:kube-controller-manager',
        'system:kube-scheduler',
        'system:rke2-supervisor',
      ].map((name) => `/version CN=${name} CN=rke2-server-ca`),
    ],
  ]);
});

test('renew leaves a component alone that was ill before, whatever else is well', async (t) => {
  const node = await running(t);
  const before = fingerprintPaths(node.tree.root, [node.tree.dataDir]);
  const ports = asking(node, (port) => (port === 6443 ? refuses : { is: 'well' }));
  const error = await t.throwsAsync(() => renew(ports, ['etcd/client']), { code: 'RenewalUnfit' });
  t.regex(
    error?.message ?? '',
    /kube-apiserver is not healthy \(port 6443 answers 500 to \/readyz\); nothing was changed/,
  );
  t.deepEqual(changedPaths(before, fingerprintPaths(node.tree.root, [node.tree.dataDir])), []);
});

for (const [name, after] of [
  [
    'renew brings the old certificates back, byte for byte, when a component that was well says that it is not well',
    refuses,
  ],
  ['renew brings the old certificates back, byte for byte, when a component that was well is gone', { is: 'absent' }],
] as const) {
  test(name, async (t) => {
    const node = await running(t);
    const before = bytesBelow(node.tree);
    const ports = asking(node, (port, isOld) => (port === 2382 && !isOld ? after : { is: 'well' }));
    const { outcome, rolledBack, served } = await renew(ports, []);
    t.true(rolledBack);
    t.deepEqual(served.silent, []);
    t.deepEqual(
      served.ill.map(({ id, port }) => [id, port]),
      [['etcd/server-client', 2382]],
    );
    t.regex(outcome.reasons[0]?.message ?? '', /after the renewal etcd was no longer healthy \(port 2382 /);
    t.deepEqual(bytesBelow(node.tree), before);
  });
}

/** The API server gives this answer to the scheduler's certificate, and is well. */
function answering({ tree, ports }: Running, answer: (isOld: boolean) => HealthAnswer): Ports {
  const live = tree.host(tree.leaf('client-scheduler').certificatePath);
  const old = readFileSync(live);
  const askHealth: Ports['askHealth'] = ({ path, certificatePem }) =>
    Promise.resolve(
      path === '/version' && certificatePem.equals(readFileSync(live))
        ? answer(certificatePem.equals(old))
        : { is: 'well' },
    );
  return { ...ports, askHealth };
}

const says = (status: number): HealthAnswer => ({
  is: 'ill',
  problem: `answers ${String(status)} to /version`,
  status,
});

test('renew brings the old certificates back when the API server no longer accepts a client, though every component is well', async (t) => {
  const node = await running(t);
  const before = bytesBelow(node.tree);
  const { outcome, rolledBack, served } = await renew(
    answering(node, (isOld) => (isOld ? { is: 'well' } : says(401))),
    [],
  );
  t.true(rolledBack);
  t.deepEqual([served.ill, served.refused.map(({ id, port }) => [id, port])], [[], [['client-scheduler', 6443]]]);
  t.regex(
    outcome.reasons[0]?.message ?? '',
    /the certificate of client-scheduler, which kube-scheduler uses, was no longer accepted \(port 6443 answers 401 /,
  );
  t.deepEqual(bytesBelow(node.tree), before);
});

for (const [name, answer] of [
  ['was refused before as well', (): HealthAnswer => says(401)],
  ['may not ask for that', (isOld: boolean): HealthAnswer => (isOld ? { is: 'well' } : says(403))],
  ['asks in a bad moment', (isOld: boolean): HealthAnswer => (isOld ? { is: 'well' } : says(503))],
  ['cannot be tried', (isOld: boolean): HealthAnswer => ({ is: isOld ? 'well' : 'absent' })],
] as const) {
  test(`renew takes nothing back for a client that ${name}`, async (t) => {
    const { rolledBack, served } = await renew(answering(await running(t), answer), []);
    t.false(rolledBack);
    t.deepEqual([served.ill, served.refused], [[], []]);
  });
}

/** Of one file other bytes are on the disk than were written: what reads them has not done so yet, and all that answers is well. */
function landing({ tree, ports }: Running, id: string, bytes: string): Ports {
  const { certificatePath } = tree.leaf(id);
  const old = readFileSync(tree.host(certificatePath), 'utf8');
  let isDone = false;
  return {
    ...ports,
    writeSide: async () => {
      const side = await ports.writeSide();
      const syncDirectory = (path: string): void => {
        if (!isDone && readFileSync(tree.host(certificatePath), 'utf8') !== old) {
          isDone = true;
          writeFileSync(tree.host(certificatePath), bytes);
        }
        side.writer.syncDirectory(path);
      };
      return { ...side, writer: { ...side.writer, syncDirectory } };
    },
  };
}

for (const [name, bytes] of [
  [
    'renew brings the old certificates back, byte for byte, when an empty file is on the disk in place of what was verified',
    () => '',
  ],
  [
    'renew brings the old certificates back, byte for byte, when another certificate is on the disk in place of what was verified',
    (tree) => readFileSync(tree.host(tree.leaf('client-supervisor').certificatePath), 'utf8'),
  ],
] as readonly (readonly [string, (tree: Tree) => string])[]) {
  test(name, async (t) => {
    const node = await running(t);
    const { tree } = node;
    const before = bytesBelow(tree);
    const { rolledBack, served, outcome } = await renew(landing(node, 'client-controller', bytes(tree)), []);
    t.true(rolledBack);
    t.deepEqual([served.silent, served.ill], [[], []]);
    t.regex(outcome.reasons[0]?.message ?? '', /client-controller on disk is not the one that was verified/);
    t.deepEqual(bytesBelow(tree), before);
  });
}

test('renew takes nothing back because a component could not be asked, or was never there', async (t) => {
  const node = await running(t);
  const ports = asking(node, (port, isOld) => {
    if (port === 2382) return isOld ? { is: 'absent' } : refuses;
    return isOld ? { is: 'well' } : { is: 'unasked' };
  });
  t.false((await renew(ports, [])).rolledBack);
});

test('renew waits for a component that comes back within half a minute', async (t) => {
  const node = await running(t);
  let looks = 0;
  const ports = asking(node, (port, isOld) => {
    if (isOld || port !== 6443) return { is: 'well' };
    looks += 1;
    return looks < 8 ? refuses : { is: 'well' };
  });
  t.false((await renew(ports, [])).rolledBack);
  t.is(looks, 10, 'three good looks in a row');
});

/** Its authorities are other ones than the running processes have read: no new certificate would be trusted there. */
function withOtherAuthorities(tree: Tree): void {
  const other = tree.authority('request-header-ca');
  for (const id of ['server-ca', 'client-ca'] as const) {
    const { certificatePath, keyPath } = tree.authority(id);
    copyFileSync(tree.host(other.certificatePath), tree.host(certificatePath));
    copyFileSync(tree.host(other.keyPath), tree.host(keyPath));
  }
}

const unsound: readonly (readonly [name: string, make: (running: Running) => Promise<Ports> | Ports, words: RegExp])[] =
  [
    [
      'has a damaged leaf',
      ({ tree, ports }) => {
        writeFileSync(tree.host(tree.leaf('client-admin').certificatePath), 'x');
        return ports;
      },
      /client-admin/,
    ],
    [
      'has a leaf without its key',
      ({ tree, ports }) => {
        writeFileSync(tree.host(tree.leaf('etcd/client').keyPath), '');
        return ports;
      },
      /etcd\/client/,
    ],
    [
      'has other authorities than those that signed its leaves',
      ({ tree, ports }) => {
        withOtherAuthorities(tree);
        return ports;
      },
      /signed|authority/,
    ],
    [
      'has expired',
      async ({ tree, ports }) => {
        const { clock } = await portsAt(tree.root, '+400d', { unit: tree.unit });
        return { ...ports, clock, operatorBelieves: true };
      },
      /expired/,
    ],
    [
      'expires within ten minutes',
      async ({ tree, ports }) => {
        const end = Date.parse(new X509Certificate(pairOf(tree).cert).validTo);
        const at = new Date(end - 9 * 60_000).toISOString();
        const { clock } = await portsAt(tree.root, at, { unit: tree.unit });
        return { ...ports, clock, operatorBelieves: true };
      },
      /expires within ten minutes/,
    ],
    [
      'has a clock that is not believed',
      async ({ tree, ports }) => {
        const { clock } = await portsAt(tree.root, '2001-01-01T00:00:00Z', { unit: tree.unit });
        return { ...ports, clock };
      },
      /the clock is not believed/,
    ],
    [
      'is silent',
      ({ ports }) => ({ ...ports, servedChain: () => Promise.resolve(undefined) }),
      /none of its ports answers in TLS/,
    ],
  ];
for (const [name, make, words] of unsound) {
  test(`renew leaves a node alone that ${name}`, async (t) => {
    const node = await running(t);
    const ports = await make(node);
    const { tree } = node;
    const before = fingerprintPaths(tree.root, [tree.dataDir]);
    const error = await t.throwsAsync(() => renew(ports, ['serving-kube-apiserver']), { code: 'RenewalUnfit' });
    t.regex(error?.message ?? '', words);
    t.deepEqual(changedPaths(before, fingerprintPaths(tree.root, [tree.dataDir])), []);
  });
}

test('renew of several entries renews none when one of them is not there', async (t) => {
  const { tree, ports } = await running(t);
  // Where it is switched off nothing is wrong without it.
  mkdirSync(tree.host('/etc/rancher/rke2/config.yaml.d'), { recursive: true });
  writeFileSync(tree.host('/etc/rancher/rke2/config.yaml.d/off.yaml'), 'disable-scheduler: true\n');
  const { certificatePath, keyPath } = tree.leaf('kube-scheduler/kube-scheduler');
  for (const path of [certificatePath, keyPath]) rmSync(tree.host(path));
  const before = fingerprintPaths(tree.root, [tree.dataDir]);
  const error = await t.throwsAsync(() => renew(ports, ['client-admin', 'kube-scheduler/kube-scheduler']), {
    code: 'RenewalUnfit',
  });
  t.regex(error?.message ?? '', /no certificate of kube-scheduler\/kube-scheduler/);
  t.deepEqual(changedPaths(before, fingerprintPaths(tree.root, [tree.dataDir])), []);
});

test('renew is for a service that runs, and unknown is not taken for running', async (t) => {
  const { tree, ports } = await running(t);
  const before = fingerprintPaths(tree.root, [tree.dataDir]);
  for (const is of [false, undefined])
    await t.throwsAsync(() => renew({ ...ports, serviceRunning: () => is }, []), { code: 'ServiceStopped' });
  t.deepEqual(changedPaths(before, fingerprintPaths(tree.root, [tree.dataDir])), []);
});

test('a change set for a service that runs holds certificates alone, and refuses a key that would change', (t) => {
  const tree = temporaryTree(t, { product: 'rke2' });
  const inventory = inventoryOf(tree);
  const id = 'etcd/server-client';
  const { certificatePath, keyPath } = tree.leaf(id);
  const file = (path: string, role: 'key' | 'certificate', sha256: string): StoredFile => ({
    ...{ path, id, role, sha256, mode: 0o600, uid: 1, gid: 1, stored: 'x', source: '/x', fingerprint256: undefined },
  });
  const plan: Plan = {
    ...{ decision: 'rotate', source: { kind: 'issue' }, reasons: [] },
    actions: [{ kind: 'install', id, reason: 'OperatorRequest' }],
  };
  const { sha256 } = filesOf(inventory.items).get(keyPath) as { readonly sha256: string };
  const certificate = file(certificatePath, 'certificate', '0'.repeat(64));
  const made = (key: string): readonly Change[] =>
    changeSet({ plan, inventory, files: [file(keyPath, 'key', key), certificate], whileRunning: true });
  const { mode, uid, gid } = statSync(tree.host(certificatePath));
  const [change, ...more] = made(sha256);
  t.deepEqual(more, []);
  t.like(change, { op: 'put', path: certificatePath, how: 'in-place', mode: mode & 0o777, uid, gid });
  t.throws(() => made('1'.repeat(64)), { code: 'ServiceRunning' });
});

test('renew on the command line refuses where nobody can say whether the service runs, with a remedy that works', async (t) => {
  const tree = temporaryTree(t, { product: 'rke2' });
  const refused = await runBuilt(['--root', tree.root, 'renew', 'client-admin', '--yes']);
  t.is(refused.status, 77);
  t.regex(refused.stderr, /certmend rotate --reuse-key client-admin --yes/);
  const done = await runBuilt(['--root', tree.root, 'rotate', '--reuse-key', 'client-admin', '--yes']);
  t.is(done.status, 0, done.stderr);
});
