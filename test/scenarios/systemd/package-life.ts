import assert from 'node:assert/strict';
import { eventually, type SystemdNode } from './node.ts';
import { previousVersion } from '../packages.ts';

const edit = '/etc/certmend/config.yaml';

interface Manager {
  readonly install: readonly string[];
  readonly upgrade: readonly string[];
  readonly remove: readonly string[];
  /** Prints the version that is installed. */
  readonly version: readonly string[];
}

const dpkg: Manager = {
  install: ['dpkg', '--install', '/srv/old.deb'],
  upgrade: ['dpkg', '--install', '/srv/new.deb'],
  remove: ['dpkg', '--remove', 'certmend'],
  version: ['dpkg-query', '-W', '-f', '${Version}', 'certmend'],
};

/** rpm's database knows none of Debian's packages. */
const rpm: Manager = {
  install: ['rpm', '--install', '--nodeps', '/srv/old.rpm'],
  upgrade: ['rpm', '--upgrade', '--nodeps', '/srv/new.rpm'],
  remove: ['rpm', '--erase', 'certmend'],
  version: ['rpm', '-q', '--qf', '%{VERSION}', 'certmend'],
};

export async function debLife(node: SystemdNode): Promise<string> {
  const seen = await live(node, dpkg);
  assert.match(await node.say('cat', edit), /checkInterval: 2h/, 'an edited conffile stays until the purge');
  await node.say('dpkg', '--purge', 'certmend');
  for (const path of ['/var/lib/certmend', '/etc/certmend', '/usr/lib/certmend']) await assertGone(node, path);
  return `${seen}; purge leaves nothing`;
}

export async function rpmLife(node: SystemdNode): Promise<string> {
  return await live(node, rpm);
}

async function live(node: SystemdNode, manager: Manager): Promise<string> {
  const product = await identity(node, 'rke2-server');
  const sockets = await listeners(node);

  await node.say(...manager.install);
  assert.equal(await node.say(...manager.version), previousVersion);
  assert.equal(await node.say('systemctl', 'is-enabled', 'certmend'), 'enabled\n');
  await active(node);
  await eventually('a standby', async () => / · standby \d+ ready/.test(await node.property('certmend', 'StatusText')));
  const status = await node.say('systemctl', 'status', '--no-pager', 'certmend');
  assert.match(status, /Status: "healthy · \d+ certificates · next: [\w/-]+ in \d+ d · standby \d+ ready"/);
  assert.equal(await listeners(node), sockets, 'nothing listens that did not before');
  const security = await node.say('systemd-analyze', 'security', '--no-pager', 'certmend.service');
  const exposure = Number(/exposure level for certmend\.service: ([\d.]+)/.exec(security)?.[1]);
  assert.ok(exposure <= 2.2, `systemd-analyze security: ${exposure}`);

  await node.say('sh', '-c', `printf 'daemon:\\n  checkInterval: 2h\\n' >>${edit}`);
  const daemon = await identity(node, 'certmend');
  await node.say(...manager.upgrade);
  assert.notEqual(await node.say(...manager.version), previousVersion);
  await active(node);
  assert.notEqual(await identity(node, 'certmend'), daemon, 'an upgrade restarts certmend');
  assert.match(await node.say('cat', edit), /checkInterval: 2h/, 'an edit survives the upgrade');

  await node.say(...manager.remove);
  assert.notEqual((await node.run('systemctl', 'is-active', 'certmend')).stdout, 'active\n');
  assert.match(await node.say('ls', '/var/lib/certmend'), /dynamic-cert\.json/, 'a removal keeps the state');
  await assertGone(node, '/usr/lib/certmend');
  assert.equal(await identity(node, 'rke2-server'), product, 'the product never noticed');
  await node.say('systemctl', 'restart', 'rke2-server');
  assert.doesNotMatch(await node.say('/usr/local/bin/ask'), /FAILED/);
  return `exposure ${exposure}; the product was never restarted, and starts without certmend afterwards`;
}

async function active(node: SystemdNode): Promise<void> {
  await eventually('certmend is active', async () => (await node.property('certmend', 'ActiveState')) === 'active');
}

/** Differs when a unit was started again. */
async function identity(node: SystemdNode, unit: string): Promise<string> {
  return await node.say('systemctl', 'show', '-p', 'MainPID,InvocationID', unit);
}

async function listeners(node: SystemdNode): Promise<string> {
  const lines = (await node.say('ss', '-ltunH')).trim().split('\n');
  return lines
    .map((line) => line.split(/\s+/)[4])
    .sort()
    .join(' ');
}

async function assertGone(node: SystemdNode, path: string): Promise<void> {
  assert.notEqual((await node.run('test', '-e', path)).status, 0, `${path} is gone`);
}
