import test from 'ava';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DoctorReport } from '../../src/report/doctor.ts';
import type { Tree, TreeOptions } from '../fixtures/tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { runBuilt } from './built.ts';

/*
 * Nodes whose unit is not called what the product calls it. The data directory is known from that unit alone, so whoever
 * goes by a name looks at an empty directory and calls the node healthy.
 */

const wants = '/etc/systemd/system/multi-user.target.wants';

interface Case {
  readonly name: string;
  readonly tree: Omit<TreeOptions, 'directory'>;
  readonly unit: string;
  /** Where its file is, with everything that it reads. */
  readonly files: Readonly<Record<string, string>>;
}

const cases: readonly Case[] = [
  {
    name: 'k3s-server.service with the data directory in its arguments',
    tree: { product: 'k3s', dataDir: '/srv/k3s' },
    unit: 'k3s-server.service',
    files: {
      '/usr/lib/systemd/system/k3s-server.service': '[Service]\nExecStart=/usr/local/bin/k3s server -d /srv/k3s\n',
    },
  },
  {
    name: 'INSTALL_K3S_NAME with the data directory in its environment file',
    tree: { product: 'k3s', dataDir: '/srv/k3s' },
    unit: 'k3s-edge.service',
    files: {
      '/etc/systemd/system/k3s-edge.service':
        '[Service]\nEnvironmentFile=-/etc/systemd/system/%n.env\nExecStart=/usr/local/bin/k3s \\\n    server\n',
      '/etc/systemd/system/k3s-edge.service.env': 'K3S_DATA_DIR=/srv/k3s\n',
    },
  },
  {
    name: "a vendor's unit that starts the product in a shell with a configuration of its own",
    tree: { product: 'rke2', dataDir: '/data/cluster' },
    unit: 'appliance-control-plane.service',
    files: {
      '/etc/systemd/system/appliance-control-plane.service':
        "[Service]\nExecStart=/bin/sh -c 'exec /opt/appliance/rke2 server --config /etc/appliance/rke2.yaml'\n",
      '/etc/appliance/rke2.yaml': 'data-dir: /data/cluster\ntls-san: [node.example.com]\n',
    },
  },
];

function install(tree: Tree, { unit, files }: Pick<Case, 'unit' | 'files'>): void {
  const usual = tree.product === 'rke2' ? '/usr/local/lib' : '/etc';
  rmSync(tree.host(`${usual}/systemd/system/${tree.unit}.service`));
  rmSync(tree.host(`${wants}/${tree.unit}.service`));
  rmSync(tree.host(`/etc/rancher/${tree.product}`), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(tree.host(path)), { recursive: true });
    writeFileSync(tree.host(path), text);
  }
  symlinkSync(Object.keys(files)[0] ?? '', tree.host(`${wants}/${unit}`));
}

for (const { name, tree: options, ...own } of cases) {
  test(`check, doctor and the hook go by the unit that runs the product: ${name}`, async (t) => {
    const tree = temporaryTree(t, { ...options, leaf: 'expired' });
    install(tree, own);

    const check = await runBuilt(['--root', tree.root, 'check']);
    t.is(check.status, 2, check.stdout + check.stderr);
    t.regex(check.stdout, /EXPIRED/);

    const doctor = await runBuilt(['--root', tree.root, 'doctor', '-o', 'json']);
    const report = JSON.parse(doctor.stdout) as DoctorReport;
    t.is(report.checks.find((one) => one.check === 'boot-hook')?.level, 'warning');
    t.deepEqual(
      report.dropIns.map(({ path }) => path).filter((path) => path.includes('10-certmend')),
      [`/etc/systemd/system/${own.unit}.d/10-certmend.conf`],
    );

    const hook = await runBuilt(['--root', tree.root, 'prestart', '--unit', own.unit, '--strict']);
    t.is(hook.status, 0, hook.stdout + hook.stderr);
    const after = await runBuilt(['--root', tree.root, 'check', '-o', 'json']);
    const { certificates } = JSON.parse(after.stdout) as {
      readonly certificates: readonly { id: string; status: string }[];
    };
    t.is(certificates.find(({ id }) => id === 'serving-kube-apiserver')?.status, 'OK', after.stdout);
  });
}

test('check and doctor go by unit: and layout: where a script of somebody starts the product', async (t) => {
  const tree = temporaryTree(t, { product: 'k3s', leaf: 'expired' });
  install(tree, {
    unit: 'edge.service',
    files: {
      '/etc/systemd/system/edge.service': '[Service]\nExecStart=/opt/edge/start.sh --all\n',
      '/etc/certmend/config.yaml': 'unit: edge\nlayout: k3s-server\n',
    },
  });
  t.is((await runBuilt(['--root', tree.root, 'check'])).status, 2);
  const told = await runBuilt(['--root', tree.root, 'doctor', '--write-drop-ins', '-o', 'json']);
  t.regex(told.stdout, /edge\.service runs certmend before each start/);
  const hook = await runBuilt(['--root', tree.root, 'prestart', '--unit', 'edge.service', '--strict']);
  t.is(hook.status, 0, hook.stdout + hook.stderr);
});

test('doctor does not call the boot hook ok for a unit that does not exist, though its drop-in is there', async (t) => {
  const tree = temporaryTree(t, { product: 'k3s', leaf: 'expired' });
  rmSync(tree.host('/etc/systemd/system/k3s.service'));
  rmSync(tree.host(`${wants}/k3s.service`));
  const dropIn = tree.host('/usr/lib/systemd/system/k3s.service.d/10-certmend.conf');
  mkdirSync(dirname(dropIn), { recursive: true });
  writeFileSync(dropIn, '[Service]\nExecStartPre=-/usr/bin/certmend prestart --unit %n\n');
  const doctor = await runBuilt(['--root', tree.root, 'doctor']);
  t.regex(doctor.stdout, /warning\s+boot-hook\s+no unit file of k3s\.service is on this node/);
});

test('check calls nothing healthy where an enabled unit has no data and another product has some without a unit', async (t) => {
  const tree = temporaryTree(t, { product: 'rke2' });
  rmSync(tree.host('/usr/local/lib/systemd/system/rke2-server.service'));
  rmSync(tree.host(`${wants}/rke2-server.service`));
  const unit = tree.host('/etc/systemd/system/k3s.service');
  writeFileSync(unit, '[Service]\nExecStart=/usr/local/bin/k3s server\n');
  symlinkSync('/etc/systemd/system/k3s.service', tree.host(`${wants}/k3s.service`));
  for (const command of ['check', 'status', 'doctor']) {
    const { status, stdout, stderr } = await runBuilt(['--root', tree.root, command]);
    t.is(status, 78, stdout);
    t.regex(stderr, /k3s\.service is enabled and has no data in .*rancher\/k3s, while .*rancher\/rke2/);
  }
});
