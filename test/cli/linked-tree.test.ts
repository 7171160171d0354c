import test from 'ava';
import { existsSync, mkdirSync, readdirSync, renameSync, symlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { DoctorReport } from '../../src/report/doctor.ts';
import type { PrestartReport } from '../../src/report/document.ts';
import type { Tree } from '../fixtures/tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { runBuilt } from './built.ts';

/* A disk mounted elsewhere (--root) has the links of its own machine: what is read through them is written through them. */

/** Moves a directory of the tree, and leaves a link to it as the node's own administrator would have made it. */
function moved(tree: Tree, from: string, to: string, target = to): void {
  mkdirSync(dirname(tree.host(to)), { recursive: true });
  renameSync(tree.host(from), tree.host(to));
  symlinkSync(target, tree.host(from));
}

const links: Readonly<Record<string, (tree: Tree) => void>> = {
  'the data directory is an absolute link': (tree) => {
    moved(tree, '/var/lib/rancher', '/mnt/rancher');
  },
  'the data directory is a relative link': (tree) => {
    moved(tree, '/var/lib/rancher', '/mnt/rancher', '../../mnt/rancher');
  },
  'a chain of links leads there': (tree) => {
    moved(tree, '/var/lib/rancher', '/disk/one/rancher', '/mnt/rancher');
    mkdirSync(tree.host('/mnt'));
    symlinkSync('../disk/current', tree.host('/mnt/rancher'));
    symlinkSync('/disk/one/rancher', tree.host('/disk/current'));
  },
  'the whole of /var is one': (tree) => {
    moved(tree, '/var', '/mnt/var');
  },
  'the directory of the configuration is one': (tree) => {
    moved(tree, '/etc/rancher', '/data/etc-rancher');
  },
  "certmend's own directories are links that a shell would follow out of the tree": (tree) => {
    mkdirSync(tree.host('/mnt/certmend-state'), { recursive: true });
    mkdirSync(tree.host('/data/run'), { recursive: true });
    symlinkSync('/mnt/certmend-state', tree.host('/var/lib/certmend'));
    symlinkSync('/data/run', tree.host('/run'));
  },
};

for (const [name, arrange] of Object.entries(links)) {
  test(`prestart writes under --root where it reads: ${name}`, async (t) => {
    const tree = temporaryTree(t, { product: 'rke2', leaf: 'expired', dataDir: '/var/lib/rancher/rke2' });
    arrange(tree);
    const hook = await runBuilt(['--root', tree.root, 'prestart', '--unit', 'rke2-server', '--strict']);
    t.is(hook.status, 0, hook.stdout + hook.stderr);
    const check = await runBuilt(['--root', tree.root, 'check', '-o', 'json']);
    const { certificates } = JSON.parse(check.stdout) as {
      readonly certificates: readonly { id: string; status: string }[];
    };
    t.is(certificates.find(({ id }) => id === 'etcd/server-client')?.status, 'OK', check.stdout);
    const doctor = await runBuilt(['--root', tree.root, 'doctor']);
    t.notRegex(doctor.stdout, /critical/);
    const rehearsal = await runBuilt(['--root', tree.root, 'rehearse', '--at', '+400d']);
    t.is(rehearsal.status, 0, rehearsal.stdout + rehearsal.stderr);
    const live = await runBuilt(['--root', tree.root, 'rehearse', '--running', '--at', '+340d']);
    t.regex(live.stdout, /renewed with the existing keys/, live.stdout + live.stderr);
    if (existsSync(tree.host('/mnt/certmend-state'))) {
      t.true(readdirSync(tree.host('/mnt/certmend-state')).includes('audit.jsonl'));
      t.true(readdirSync(tree.host('/data/run/certmend')).includes('lock'));
    }
  });
}

const broken: Readonly<Record<string, (tree: Tree) => string>> = {
  'a directory of certificates leads nowhere': (tree) => {
    moved(tree, '/var/lib/rancher/rke2/server/tls/etcd', '/mnt/etcd', '/not/mounted');
    return '/var/lib/rancher/rke2/server/tls/etcd';
  },
  'the data directory leads to a disk that is not mounted': (tree) => {
    moved(tree, '/var/lib/rancher/rke2', '/mnt/rke2', '/not/mounted');
    return '/var/lib/rancher/rke2';
  },
  'the directory of certificates leads to itself': (tree) => {
    moved(tree, '/var/lib/rancher/rke2/server/tls', '/mnt/tls', 'tls');
    return '/var/lib/rancher/rke2/server/tls';
  },
};

for (const [name, arrange] of Object.entries(broken)) {
  test(`check, plan and prestart name the link on the way that is broken, and advise nothing behind it: ${name}`, async (t) => {
    const tree = temporaryTree(t, { product: 'rke2', dataDir: '/var/lib/rancher/rke2' });
    const link = arrange(tree);
    const check = await runBuilt(['--root', tree.root, 'check']);
    t.is(check.status, 2, check.stdout);
    const named = ['a symlink that leads', 'a dangling symlink'].map((what) => `is reached through ${link}, ${what}`);
    t.true(
      named.some((words) => check.stdout.includes(words)),
      check.stdout,
    );
    t.notRegex(check.stdout, /mv -T|removes the pair/);
    const plan = await runBuilt(['--root', tree.root, 'plan']);
    t.is(plan.status, 2, plan.stdout);
    const hook = await runBuilt(['--root', tree.root, 'prestart', '--unit', 'rke2-server', '--strict']);
    t.is(hook.status, 77, hook.stdout + hook.stderr);
    t.notRegex(hook.stderr, /earlier attempt/);
  });
}

test('doctor says which pairs the boot hook would leave to a person while it heals the others', async (t) => {
  const tree = temporaryTree(t, { product: 'rke2', leaf: 'expired' });
  const linked = tree.leaves.find(({ reissuedAtStart }) => !reissuedAtStart);
  if (linked === undefined) throw new Error('the tree has no leaf of its own');
  for (const path of [linked.certificatePath, linked.keyPath]) moved(tree, path, `/opt/pki/${basename(path)}`);
  const { status, stdout } = await runBuilt(['--root', tree.root, 'doctor', '-o', 'json']);
  const { checks } = JSON.parse(stdout) as DoctorReport;
  const told = checks.filter(({ check }) => check === 'next-start');
  t.is(status, 2);
  t.deepEqual(
    told.map(({ level, message }) => [
      level,
      [linked.certificatePath, linked.keyPath].find((path) => message.includes(path)),
    ]),
    [linked.certificatePath, linked.keyPath].map((path) => ['critical', path]),
  );
  // The rest is healed, and neither the first line in the journal of the unit nor --strict calls that well.
  const hook = ['--root', tree.root, 'prestart', '--unit', 'rke2-server'];
  const healed = await runBuilt([...hook, '--strict', '-o', 'json']);
  t.is(healed.status, 2, healed.stdout + healed.stderr);
  const report = JSON.parse(healed.stdout) as PrestartReport;
  t.is(report.decision, 'rotated');
  t.true(report.changed.length > 0);
  t.deepEqual([...new Set(report.left.map(({ id }) => id))], [linked.id]);
});
