import test from 'ava';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { dirname } from 'node:path';
import { expiredAuthority } from '../fixtures/damage-node.ts';
import type { Tree } from '../fixtures/tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { runBuilt, startBuilt } from './built.ts';

/** Linux lets anybody be root in a namespace of his own, unless the machine forbids it; then a small disk can be had. */
const ownNamespace = spawnSync('unshare', ['-Urm', 'true']).status === 0;

function put(tree: Tree, path: string, text: string): void {
  mkdirSync(dirname(tree.host(path)), { recursive: true });
  writeFileSync(tree.host(path), text);
}

const hook = '/usr/lib/systemd/system/rke2-server.service.d/10-certmend.conf';
const execStartPre = '[Service]\nExecStartPre=-/usr/bin/certmend prestart --unit %n\n';

test('doctor and status say that a hook which is switched off in the configuration heals nothing', async (t) => {
  const tree = temporaryTree(t);
  put(tree, hook, execStartPre);
  put(tree, '/etc/certmend/config.yaml', 'boot: { enabled: false }\n');
  const doctor = await runBuilt(['--root', tree.root, 'doctor']);
  t.regex(doctor.stdout, /warning\s+boot-hook\s.*boot\.enabled is false/);
  const status = await runBuilt(['--root', tree.root, 'status']);
  t.regex(status.stdout, /boot-hook\s.*boot\.enabled is false/);
});

test('doctor says that the boot hook would refuse, and why', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  put(tree, hook, execStartPre);
  expiredAuthority(tree, 'server-ca');
  const { status, stdout } = await runBuilt(['--root', tree.root, 'doctor']);
  t.is(status, 2);
  t.regex(stdout, /critical\s+next-start\s+the boot hook would change nothing now \(refused\)/);
});

(ownNamespace ? test : test.skip)(
  'doctor tries the disk: room for a file and not for a rotation is critical',
  async (t) => {
    const tree = temporaryTree(t);
    const state = tree.host('/var/lib/certmend');
    mkdirSync(state, { recursive: true });
    const small = ['unshare', '-Urm', 'sh', '-c', `mount -t tmpfs -o size=64k none '${state}' && exec "$@"`, 'sh'];
    const { status, stdout } = await runBuilt(['--root', tree.root, 'doctor'], small);
    t.is(status, 2, stdout);
    t.regex(stdout, /critical\s+space\s+\d+ bytes could not be written to \/var\/lib\/certmend \(ENOSPC\)/);
  },
);

test('doctor leaves nothing of what it writes to try the disk', async (t) => {
  const tree = temporaryTree(t, { dataDir: '/var/lib/rancher/rke2' });
  const before = [tree.host('/var/lib'), tree.host('/var/lib/rancher/rke2')].map((path) => readdirSync(path));
  await runBuilt(['--root', tree.root, 'doctor']);
  t.deepEqual(
    [tree.host('/var/lib'), tree.host('/var/lib/rancher/rke2')].map((path) => readdirSync(path)),
    before,
  );
});

test('daemon comes back by itself when a refused configuration is corrected, and names the command', async (t) => {
  const tree = temporaryTree(t);
  put(tree, '/etc/certmend/config.yaml', 'retention: many\n');
  const { child, ended } = startBuilt(['--root', tree.root, 'daemon']);
  await new Promise<void>((resolve) => {
    child.stderr?.on('data', (text: string) => {
      if (text.includes('waits for the corrected file')) resolve();
    });
  });
  put(tree, '/etc/certmend/config.yaml', 'retention: 3\n');
  while (child.exitCode === null && !existsSync(tree.host('/var/lib/certmend/dynamic-cert.json')))
    await setTimeout(100);
  child.kill('SIGTERM');
  const { status, stderr } = await ended;
  t.is(status, 0, stderr);
  t.regex(stderr, /retention/);
  t.regex(stderr, /systemctl restart certmend/);
});
