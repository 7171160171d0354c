import { readFileSync, statSync, writeFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { renew } from '../../src/heal/renew.ts';
import { rotate } from '../../src/heal/rotate.ts';
import { servedChain } from '../../src/system/served-chain.ts';
import { runBuilt } from '../cli/built.ts';
import { changedPaths, fingerprintPaths } from '../fixtures/fingerprint-tree.ts';
import { tlsServer, type Served } from '../fixtures/tls-server.ts';
import type { Tree } from '../fixtures/tree.ts';
import type { Ports } from '../../src/survey/ports.ts';
import { portsAt } from './run-at.ts';
import { temporaryTree } from './temporary-tree.ts';

/*
 * P12: while the service runs only certificate files change, under the same keys; what has them mounted sees the same
 * inode, at no instant shorter than before; what falls silent for it brings the old ones back.
 */

interface Running {
  readonly tree: Tree;
  readonly server: Awaited<ReturnType<typeof tlsServer>>;
  readonly ports: Ports;
}

function pairOf(tree: Tree): Served {
  const { certificatePath, keyPath } = tree.leaf('serving-kube-apiserver');
  return { cert: readFileSync(tree.host(certificatePath), 'utf8'), key: readFileSync(tree.host(keyPath), 'utf8') };
}

/** A server whose API server answers, and takes up its files at each handshake or not at all. */
async function running(
  t: ExecutionContext,
  options: { readonly rereads?: boolean; readonly at?: string } = {},
): Promise<Running> {
  const tree = temporaryTree(t, { product: 'rke2' });
  const server = await tlsServer(t, pairOf(tree));
  const { rereads = true, at = '+0d' } = options;
  const ports = await portsAt(tree.root, at, { unit: tree.unit });
  return {
    tree,
    server,
    ports: {
      ...ports,
      serviceRunning: () => true,
      servedChain: (port) => {
        if (port !== 6443) return Promise.resolve(undefined);
        if (rereads) server.serve(pairOf(tree));
        return servedChain(server.port);
      },
    },
  };
}

function leavesOf(tree: Tree): readonly { readonly id: string; readonly certificate: string; readonly key: string }[] {
  return tree.leaves.map(({ id, certificatePath, keyPath }) => ({
    id,
    certificate: tree.host(certificatePath),
    key: tree.host(keyPath),
  }));
}

/** All but times: a file that was written over twice is newer. */
function bytesBelow(tree: Tree): readonly string[] {
  return [...fingerprintPaths(tree.root, [tree.dataDir])].map(
    ([path, { content, mode, uid, gid }]) => `${path} ${content} ${String(mode)} ${String(uid)} ${String(gid)}`,
  );
}

test('renew changes every certificate that certmend may write and nothing else: same keys, and the same inode where a pod has the file mounted', async (t) => {
  const { tree, ports } = await running(t);
  const inodes = new Map(leavesOf(tree).map(({ certificate }) => [certificate, statSync(certificate)]));
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
    const [now, then] = [statSync(tree.host(path)), inodes.get(tree.host(path))];
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

for (const [name, damage, words] of [
  [
    'a damaged leaf',
    (tree: Tree) => {
      writeFileSync(tree.host(tree.leaf('client-admin').certificatePath), 'x');
    },
    /client-admin/,
  ],
  [
    'a leaf without its key',
    (tree: Tree) => {
      writeFileSync(tree.host(tree.leaf('etcd/client').keyPath), '');
    },
    /etcd\/client/,
  ],
] as const) {
  test(`renew leaves a node alone that has ${name}`, async (t) => {
    const { tree, ports } = await running(t);
    damage(tree);
    const before = fingerprintPaths(tree.root, [tree.dataDir]);
    const error = await t.throwsAsync(() => renew(ports, ['serving-kube-apiserver']), { code: 'RenewalUnfit' });
    t.regex(error?.message ?? '', words);
    t.deepEqual(changedPaths(before, fingerprintPaths(tree.root, [tree.dataDir])), []);
  });
}

test('renew leaves a node alone whose certificates have expired, whose service is silent, or whose clock is not believed', async (t) => {
  const { tree, ports } = await running(t);
  const before = fingerprintPaths(tree.root, [tree.dataDir]);
  const late = await portsAt(tree.root, '+400d', { unit: tree.unit });
  const expired = { ...ports, clock: late.clock, clockIsShifted: true };
  await t.throwsAsync(() => renew(expired, []), { code: 'RenewalUnfit' });
  await t.throwsAsync(() => renew({ ...ports, servedChain: () => Promise.resolve(undefined) }, []), {
    code: 'RenewalUnfit',
    message: /nobody answers/,
  });
  await t.throwsAsync(() => renew({ ...ports, serviceRunning: () => false }, []), { code: 'ServiceStopped' });
  await t.throwsAsync(() => renew({ ...ports, serviceRunning: () => undefined }, []), { code: 'ServiceStopped' });
  t.deepEqual(changedPaths(before, fingerprintPaths(tree.root, [tree.dataDir])), []);
});

test('renew on the command line refuses where nobody can say whether the service runs, with a remedy that works', async (t) => {
  const tree = temporaryTree(t, { product: 'rke2' });
  const refused = await runBuilt(['--root', tree.root, 'renew', 'client-admin', '--yes']);
  t.is(refused.status, 77);
  t.regex(refused.stderr, /certmend rotate --reuse-key client-admin --yes/);
  const done = await runBuilt(['--root', tree.root, 'rotate', '--reuse-key', 'client-admin', '--yes']);
  t.is(done.status, 0, done.stderr);
});
