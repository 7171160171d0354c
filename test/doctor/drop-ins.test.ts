import test, { type ExecutionContext } from 'ava';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { readProject } from '../../packaging/project.ts';
import { shippedPaths } from '../../src/doctor/daemon-access.ts';
import type { DoctorReport } from '../../src/report/doctor.ts';
import { runCli, runJson } from '../cli/run-cli.ts';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import type { Tree, TreeOptions } from '../fixtures/tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';

const hook = '/etc/systemd/system/rke2-server.service.d/10-certmend.conf';
const packagedHook = '/usr/lib/systemd/system/rke2-server.service.d/10-certmend.conf';
const access = '/etc/systemd/system/certmend.service.d/50-data-dir.conf';
const unit = '/usr/lib/systemd/system/certmend.service';

/** A node on which the package is installed, as far as systemd is concerned. */
function installed(t: ExecutionContext, options: Omit<TreeOptions, 'directory'> = {}): Tree {
  const tree = temporaryTree(t, options);
  put(tree, packagedHook, readProject('systemd', '10-certmend.conf'));
  put(tree, unit, readProject('systemd', 'certmend.service'));
  return tree;
}

function put(tree: Tree, path: string, content: string): void {
  mkdirSync(dirname(tree.host(path)), { recursive: true });
  writeFileSync(tree.host(path), content);
}

function link(tree: Tree, target: string, path: string): void {
  mkdirSync(dirname(tree.host(path)), { recursive: true });
  symlinkSync(target, tree.host(path));
}

async function doctor(tree: Tree, ...words: readonly string[]): Promise<DoctorReport> {
  return (await runJson<DoctorReport>(['--root', tree.root, 'doctor', ...words])).document;
}

function answer(report: DoctorReport, check: string): DoctorReport['checks'][number] {
  const found = report.checks.find((one) => one.check === check);
  if (found === undefined) throw new Error(`no answer to ${check}`);
  return found;
}

/** The directories of ReadWritePaths= in a proposed drop-in. */
function opened(report: DoctorReport): readonly string[] {
  const content = report.dropIns.find(({ path }) => path === access)?.content ?? '';
  return (/^ReadWritePaths=(.*)$/m.exec(content)?.[1] ?? '').split(' ').filter((word) => word !== '');
}

test('doctor needs no drop-in where the package is installed and the data directory is the usual one', async (t) => {
  const report = await doctor(installed(t));
  t.deepEqual(report.dropIns, []);
  t.is(answer(report, 'boot-hook').level, 'ok');
  t.is(answer(report, 'daemon-access').level, 'ok');
});

test('doctor writes the drop-in that the package ships for a unit that does not run the boot hook, once', async (t) => {
  const tree = installed(t);
  rmSync(tree.host(packagedHook));
  const before = fingerprintTree(tree.root);
  const asked = await doctor(tree);
  t.is(answer(asked, 'boot-hook').level, 'warning');
  t.deepEqual(asked.dropIns, [
    { path: hook, content: readProject('systemd', '10-certmend.conf'), written: false, then: [] },
  ]);
  t.deepEqual(changedPaths(before, fingerprintTree(tree.root)), [], 'without being asked it writes nothing');

  const told = await doctor(tree, '--write-drop-ins');
  t.deepEqual(told.dropIns, [{ ...asked.dropIns[0], written: true }]);
  t.is(answer(told, 'boot-hook').level, 'ok');
  t.is(readFileSync(tree.host(hook), 'utf8'), readProject('systemd', '10-certmend.conf'));
  t.is(lstatSync(tree.host(hook)).mode & 0o7777, 0o644);

  const written = fingerprintTree(tree.root);
  t.deepEqual((await doctor(tree, '--write-drop-ins')).dropIns, []);
  t.deepEqual(changedPaths(written, fingerprintTree(tree.root)), [], 'a second run writes nothing');
});

test('doctor opens exactly the directories that certmend.service may not write', async (t) => {
  const tree = installed(t, { dataDir: '/srv/rke2' });
  put(tree, '/etc/certmend/config.yaml', 'metrics: {textfile: /srv/figures/certmend.prom}\n');
  const asked = await doctor(tree);
  t.deepEqual(opened(asked), ['-/srv/rke2', '-/srv/figures']);
  t.regex(answer(asked, 'daemon-access').message, /cannot write to \/srv\/rke2, \/srv\/figures$/);
  t.false(existsSync(tree.host(access)));

  t.deepEqual(opened(await doctor(tree, '--write-drop-ins')), ['-/srv/rke2', '-/srv/figures']);
  const after = await doctor(tree);
  t.is(answer(after, 'daemon-access').level, 'ok');
  t.deepEqual(after.dropIns, []);
});

test('doctor opens the real place of a data directory that is a symlink', async (t) => {
  const tree = installed(t);
  mkdirSync(tree.host('/data'));
  link(tree, '/data/node 1%', '/srv/place');
  renameSync(tree.host('/var/lib/rancher/rke2'), tree.host('/data/node 1%'));
  link(tree, '../../../srv/place', '/var/lib/rancher/rke2');
  const report = await doctor(tree, '--write-drop-ins');
  t.regex(readFileSync(tree.host(access), 'utf8'), /^ReadWritePaths="-\/data\/node 1%%"$/m);
  t.is(answer(report, 'daemon-access').level, 'ok', 'it reads what it wrote');
});

test('doctor knows that ReadWritePaths of a link opens what the link leads to', async (t) => {
  const tree = installed(t);
  renameSync(tree.host('/var/lib/rancher'), tree.host('/rancher'));
  link(tree, '/rancher', '/var/lib/rancher');
  t.deepEqual((await doctor(tree)).dropIns, []);
});

const covers: readonly (readonly [what: string, path: string, content: string])[] = [
  ['a drop-in of any name', '/etc/systemd/system/certmend.service.d/override.conf', 'ReadWritePaths=/opt -/srv'],
  [
    'a drop-in that lives until the next boot',
    '/run/systemd/system/certmend.service.d/x.conf',
    'ReadWritePaths=+/srv/rke2',
  ],
  ['a sandbox that is switched off', '/etc/systemd/system/certmend.service.d/open.conf', 'ProtectSystem=yes'],
];
for (const [what, path, line] of covers) {
  test(`doctor takes ${what} for what it is`, async (t) => {
    const tree = installed(t, { dataDir: '/srv/rke2' });
    put(tree, path, `[Service]\n${line}\n`);
    t.deepEqual((await doctor(tree)).dropIns, []);
  });
}

test('doctor sees that a drop-in takes back what the unit opens', async (t) => {
  const tree = installed(t);
  put(tree, '/etc/systemd/system/certmend.service.d/60-less.conf', '[Service]\nReadWritePaths=\n');
  t.deepEqual(opened(await doctor(tree)), ['-/var/lib/rancher/rke2']);
});

test('doctor finds the boot hook in the unit file, and misses one that was taken back', async (t) => {
  const tree = installed(t);
  rmSync(tree.host(packagedHook));
  put(tree, '/etc/systemd/system/rke2-server.service', '[Service]\nExecStartPre=-/opt/certmend prestart --unit %n\n');
  t.is(answer(await doctor(tree), 'boot-hook').level, 'ok');
  put(tree, '/etc/systemd/system/rke2-server.service.d/90-none.conf', '[Service]\nExecStartPre=\n');
  t.is(answer(await doctor(tree), 'boot-hook').level, 'warning');
});

function empty(tree: Tree, path: string): void {
  put(tree, path, '');
}

function mask(tree: Tree, path: string): void {
  link(tree, '/dev/null', path);
}

for (const [how, switchOff] of [
  ['a link to /dev/null', mask],
  ['an empty file', empty],
] as const) {
  test(`doctor respects ${how} in the place of a drop-in, and says so`, async (t) => {
    const tree = installed(t, { dataDir: '/srv/rke2' });
    switchOff(tree, hook);
    switchOff(tree, access);
    const before = fingerprintTree(tree.root);
    const report = await doctor(tree, '--write-drop-ins');
    t.deepEqual(report.dropIns, []);
    t.regex(answer(report, 'boot-hook').message, /switched off by .*10-certmend\.conf$/);
    t.regex(answer(report, 'daemon-access').message, /switched off by .*50-data-dir\.conf$/);
    t.deepEqual(changedPaths(before, fingerprintTree(tree.root)), []);
  });
}

test('doctor never overwrites a file of the same name, and says what to write into it', async (t) => {
  const tree = installed(t, { dataDir: '/srv/rke2' });
  put(tree, hook, '[Service]\nNice=5\n');
  put(tree, access, '[Service]\nReadWritePaths=/srv/k3s\n');
  const before = fingerprintTree(tree.root);
  const report = await doctor(tree, '--write-drop-ins');
  t.deepEqual(report.dropIns, []);
  t.regex(answer(report, 'boot-hook').message, /already exists/);
  t.regex(answer(report, 'boot-hook').hint ?? '', /ExecStartPre=-\/usr\/bin\/certmend prestart --unit %n; then: /);
  t.regex(answer(report, 'daemon-access').hint ?? '', /ReadWritePaths=-\/srv\/rke2; then: systemctl daemon-reload/);
  t.deepEqual(changedPaths(before, fingerprintTree(tree.root)), []);
});

test('doctor writes through no symlink, neither to a directory inside of the root nor out of it', async (t) => {
  const tree = installed(t, { dataDir: '/srv/rke2' });
  mkdirSync(tree.host('/elsewhere'));
  link(tree, '/elsewhere', dirname(access));
  rmSync(tree.host(packagedHook));
  link(tree, '/nowhere', hook);
  const before = fingerprintTree(tree.root);
  const report = await doctor(tree, '--write-drop-ins');
  t.regex(answer(report, 'daemon-access').message, /certmend\.service\.d is reached through a symlink$/);
  t.regex(answer(report, 'boot-hook').message, /already exists/);
  t.deepEqual(changedPaths(before, fingerprintTree(tree.root)), []);
});

test('doctor writes what it can, whole, after a run that was cut off', async (t) => {
  const tree = installed(t, { dataDir: '/srv/rke2' });
  put(tree, join(dirname(access), '.50-data-dir.conf.certmend'), '[Serv');
  await doctor(tree, '--write-drop-ins');
  t.regex(readFileSync(tree.host(access), 'utf8'), /\[Service\]\nReadWritePaths=-\/srv\/rke2\n$/);
  t.false(existsSync(tree.host(join(dirname(access), '.50-data-dir.conf.certmend'))));
});

test('doctor does not put into a unit file what would begin another line of it', async (t) => {
  const tree = installed(t);
  put(tree, '/etc/certmend/config.yaml', 'metrics: {textfile: "/srv/a\\nExecStartPre=x/certmend.prom"}\n');
  const { status, stderr } = await runCli(['--root', tree.root, 'doctor', '--write-drop-ins']);
  t.true(status === 1 || status === 78, stderr);
  t.false(existsSync(tree.host(access)));
});

test('doctor prints each missing drop-in as it is to be written', async (t) => {
  const tree = installed(t, { dataDir: '/srv/rke2' });
  const { status, stdout } = await runCli(['--root', tree.root, 'doctor']);
  t.is(status, 1);
  t.regex(stdout, /what to do: certmend doctor --write-drop-ins, or write \S+50-data-dir\.conf as below/);
  t.true(stdout.includes(`\n${access}:\n    # `));
  t.true(stdout.includes('\n    [Service]\n    ReadWritePaths=-/srv/rke2\n'));
  const written = await runCli(['--root', tree.root, 'doctor', '--write-drop-ins']);
  t.true(written.stdout.includes(`\n${access} was written:\n`));
});

test('what certmend.service may write is what doctor assumes where it is not installed', async (t) => {
  const lines = [...readProject('systemd', 'certmend.service').matchAll(/^ReadWritePaths=(.*)$/gm)];
  t.deepEqual(
    lines.flatMap(([, words = '']) => words.split(' ')).map((word) => word.replace('-', '')),
    shippedPaths,
  );
  const tree = temporaryTree(t, { dataDir: '/srv/rke2' });
  const report = await doctor(tree);
  t.deepEqual(
    report.dropIns.map(({ path }) => path),
    [hook, access],
  );
});
