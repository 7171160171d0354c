import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import test from 'ava';
import type { CheckReport, PrestartReport } from '../../src/report/document.ts';
import type { DoctorReport } from '../../src/report/doctor.ts';
import type { RehearsalReport } from '../../src/report/rehearsal/rehearsal.ts';
import { runBuilt } from '../cli/built.ts';
import type { Tree } from '../fixtures/tree.ts';
import { faultsOf } from './sound-node.ts';
import { temporaryTree } from './temporary-tree.ts';

/*
 * Nothing can be renamed onto a mount point (EBUSY), and what is mounted there cannot be moved away either. One such file must
 * not keep the other certificates from being renewed. Each command runs in a mount namespace of its own.
 */

const canMount = spawnSync('unshare', ['-Urm', 'true']).status === 0;
const mounting = canMount ? test : test.skip;

interface Mount {
  readonly id: string;
  readonly of: 'certificatePath' | 'keyPath';
  /** Shell commands; `$at` is the path on the node, `$from` a place of its own elsewhere. */
  readonly script: string;
}

const hook = ['prestart', '--unit', 'rke2-server', '--strict'];
const writable = 'test -e "$from" || cp -p "$at" "$from"; mount --bind "$from" "$at"';
const readOnly = `${writable}; mount -o remount,bind,ro "$at"`;

const placeOf = (tree: Tree, { id }: Mount): string => tree.host(`/mnt/${id}`);
const pathOf = (tree: Tree, { id, of }: Mount): string => tree.leaf(id)[of];

// The caller says what is printed: the words do not.
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
async function under<Document>(
  tree: Tree,
  mounts: readonly Mount[],
  ...words: readonly string[]
): Promise<{ readonly status: number | undefined; readonly document: Document; readonly stderr: string }> {
  mkdirSync(tree.host('/mnt'), { recursive: true });
  const lines = mounts.map(
    (mount) => `at='${tree.host(pathOf(tree, mount))}'; from='${placeOf(tree, mount)}'; ${mount.script}`,
  );
  const around = ['unshare', '-Urm', 'sh', '-ec', [...lines, 'exec "$@"'].join('\n'), 'sh'];
  const { status, stdout, stderr } = await runBuilt(['--root', tree.root, '-o', 'json', ...words], around);
  return { status, document: JSON.parse(stdout) as Document, stderr };
}

mounting('prestart writes over a certificate and a key that are mounted files, and renews all', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  const mounts: readonly Mount[] = [
    { id: 'client-controller', of: 'certificatePath', script: writable },
    { id: 'etcd/client', of: 'keyPath', script: writable.replaceAll('$from', '${from%/*}/key') },
  ];
  const key = tree.host('/mnt/etcd/key');
  mkdirSync(tree.host('/mnt/etcd'), { recursive: true });
  const rehearsal = await under<RehearsalReport>(tree, mounts, 'rehearse');
  t.like(rehearsal.document, { decision: 'rotated', comesBack: true });
  const below = mounts.map((mount) => readFileSync(tree.host(pathOf(tree, mount))));
  const done = await under<PrestartReport>(tree, mounts, ...hook);
  t.is(done.status, 0, done.stderr);
  t.is(done.document.decision, 'rotated');
  t.deepEqual(
    mounts.map((mount) => readFileSync(tree.host(pathOf(tree, mount)))),
    below,
    'what lies below the mounts is not touched',
  );
  t.is((await under<PrestartReport>(tree, mounts, ...hook)).document.decision, 'nothing-to-do');
  t.is(statSync(key).mode & 0o777, 0o600);
  // What was mounted, in its place: openssl sees the node as its processes did.
  renameSync(tree.host('/mnt/client-controller'), tree.host(tree.leaf('client-controller').certificatePath));
  renameSync(key, tree.host(tree.leaf('etcd/client').keyPath));
  t.deepEqual(faultsOf(tree), []);
});

const inTheWay: readonly Mount[] = [
  { id: 'client-controller', of: 'certificatePath', script: readOnly },
  { id: 'client-scheduler', of: 'keyPath', script: readOnly },
  { id: 'client-admin', of: 'certificatePath', script: 'mount --bind /dev/null "$at"' },
  {
    id: 'client-kube-apiserver',
    of: 'certificatePath',
    script: 'rm -rf "$at"; mkdir -p "$at" "$from"; mount --bind "$from" "$at"',
  },
];

mounting(
  'prestart leaves a pair to a person, by the name of the mount, when no file can be put there, and renews every other',
  async (t) => {
    const tree = temporaryTree(t, { leaf: 'expired' });
    const told = (reasons: readonly { readonly message: string }[]): readonly string[] =>
      inTheWay
        .filter((mount) => reasons.some(({ message }) => message.includes(`umount '${pathOf(tree, mount)}'`)))
        .map(({ id }) => id);
    const all = inTheWay.map(({ id }) => id);
    const rehearsal = await under<RehearsalReport>(tree, inTheWay, 'rehearse');
    const done = await under<PrestartReport>(tree, inTheWay, ...hook);
    t.is(done.status, 2, done.stderr);
    t.is(done.document.decision, 'rotated');
    t.deepEqual(told(done.document.left), all);
    t.like(rehearsal.document, { decision: 'rotated', comesBack: false });
    t.deepEqual(faultsOf({ ...tree, leaves: tree.leaves.filter(({ id }) => !all.includes(id)) }), []);
    t.deepEqual(told((await under<CheckReport>(tree, inTheWay, 'check')).document.health.reasons), all);
    const again = await under<PrestartReport>(tree, inTheWay, ...hook);
    t.is(again.document.decision, 'refused', 'the same is told again, and nothing is done');
  },
);

mounting('check and doctor tell of a mount that no new certificate can be put on before the bad day', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  const mounts = inTheWay.slice(0, 1);
  const { document } = await under<CheckReport>(tree, mounts, 'check');
  t.deepEqual(
    document.health.reasons.filter(({ code }) => code === 'MountInTheWay').map(({ id }) => id),
    ['client-controller'],
  );
  const doctor = await under<DoctorReport>(tree, mounts, 'doctor');
  t.is(doctor.document.checks.filter(({ check }) => check === 'mounts').length, 1);
});
