import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { mainPidOf } from './daemon.ts';
import { eventually, type SystemdNode } from './node.ts';

/** What the daemon of the installed package does while the service runs, or does not come up. */
export async function mindsWhatRuns(node: SystemdNode): Promise<string> {
  await node.say('dpkg', '--install', '/srv/new.deb');
  await node.say('sh', '-c', 'echo 100 >/opt/agent-days');
  await node.say('systemctl', 'restart', 'rke2-server');
  await eventually('a standby', async () => / · standby \d+ ready/.test(await node.property('certmend', 'StatusText')));
  await healsHungStart(node);
  const begun = performance.now();
  await renewsByItself(node);
  return `renewed and confirmed ${((performance.now() - begun) / 1000).toFixed(0)} s after the service was up`;
}

/**
 * The daemon, shut in by its unit, renews a service that runs: of the installed package, with real systemd's word on how
 * long the service has been up. Every leaf has less left than it is told to renew at.
 */
async function renewsByItself(node: SystemdNode): Promise<void> {
  const drop = '/etc/certmend/config.yaml.d/live.yaml';
  const prints = async (): Promise<string> =>
    await node.say(
      'sh',
      '-c',
      'cd /var/lib/rancher/rke2/server/tls && sha256sum client-admin.crt etcd/*.crt *.key etcd/*.key',
    );
  const before = await prints();
  const confirmed = async (): Promise<number> => {
    const { stdout } = await node.run('journalctl', '--no-pager', '-b', '-o', 'cat', 'CERTMEND_EVENT=confirmed');
    return Math.max(0, ...[...stdout.matchAll(/generation (\d+) is confirmed/g)].map(([, number]) => Number(number)));
  };
  const last = await confirmed();
  const pids = async (): Promise<string> =>
    await node.say('sh', '-c', 'cat /proc/$0/task/$0/children', await mainPidOf(node, 'rke2-server'));
  const running = await pids();
  assert.match((await node.run('certmend', 'status')).stdout, /renewal +by the daemon from 20/);
  await node.say('sh', '-c', `echo 'live: { renewBefore: 8759h }' >${drop}`);
  assert.match((await node.run('certmend', 'plan')).stdout, /while it runs: due: at the next check of the daemon/);
  await node.say('systemctl', 'reload', 'certmend');
  // It does not touch a service that has just come up; what wakes it then is a check, as it makes one each hour.
  await eventually('it is renewed and confirmed', async () => {
    await wait(5000);
    await node.say('systemctl', 'reload', 'certmend');
    return (await confirmed()) > last;
  });
  await renewsAgentPart(node);
  await node.say('rm', drop, '/opt/agent-days');
  await node.say('systemctl', 'reload', 'certmend');
  const after = await prints();
  const changed = (text: string, key: boolean): readonly string[] =>
    text.split('\n').filter((line) => line.endsWith(key ? '.key' : '.crt') && !/ca\.(crt|key)$/.test(line));
  assert.deepEqual(changed(after, true), changed(before, true), 'keys stay');
  assert.ok(
    changed(after, false).every((line) => !before.includes(line)),
    after,
  );
  assert.equal(await pids(), running, 'no process is another one');
  assert.doesNotMatch(await node.say('/usr/local/bin/ask'), /FAILED/);
  assert.match(
    (await node.run('certmend', 'status')).stdout,
    /renewal .*the next start of the service recreates its static pods/,
  );
  // The stand-in for the API server is one that reads its file at its start only: told, and no reason to go back.
  assert.match((await node.run('certmend', 'status')).stdout, /in use .*; not serving-kube-apiserver$/m);
  await node.say('systemctl', 'restart', 'rke2-server');
}

/**
 * The agent part, which a server signs: over the loopback, which is all that the daemon's unit lets it have. The product made
 * it for a hundred days.
 */
async function renewsAgentPart(node: SystemdNode): Promise<void> {
  const agent = '/var/lib/rancher/rke2/agent';
  const leaves = ['client-kubelet', 'serving-kubelet', 'client-kube-proxy', 'client-rke2-controller'];
  const lasts = async (days: number): Promise<readonly string[]> => {
    const good: string[] = [];
    for (const leaf of leaves) {
      const asked = ['openssl', 'x509', '-in', `${agent}/${leaf}.crt`, '-noout', '-checkend', String(days * 86_400)];
      if ((await node.run(...asked)).status === 0) good.push(leaf);
    }
    return good;
  };
  await eventually('the agent part is renewed and confirmed', async () => {
    const { stdout } = await node.run('journalctl', '--no-pager', '-b', '-o', 'cat', 'CERTMEND_EVENT=confirmed');
    if (stdout.includes('the renewal of the agent part is confirmed')) return true;
    await wait(5000);
    await node.say('systemctl', 'reload', 'certmend');
    return false;
  });
  assert.deepEqual(await lasts(360), leaves);
  for (const leaf of leaves) {
    const key = await node.say('openssl', 'pkey', '-in', `${agent}/${leaf}.key`, '-pubout');
    assert.equal(await node.say('openssl', 'x509', '-in', `${agent}/${leaf}.crt`, '-noout', '-pubkey'), key, leaf);
  }
  assert.match((await node.run('certmend', 'status')).stdout, /agent part +by the daemon from 20/);
  // By hand as well: the program that ships, on the node as it is.
  const { status, stdout, stderr } = await node.run('certmend', 'renew', 'agent/client-kubelet', '--yes');
  assert.equal(status, 0, stderr);
  assert.match(stdout, /renewed while the service runs · 1 file changed/);
}

const file = '/var/lib/rancher/rke2/server/tls/serving-kube-apiserver.crt';

/**
 * A start that never says that it is ready, as the product's does on a certificate that was emptied after the boot hook had
 * run: healed by the daemon, and the command that it prints is all that is left to do; or nothing, where it may restart.
 */
async function healsHungStart(node: SystemdNode): Promise<void> {
  const drop = '/etc/systemd/system/rke2-server.service.d/99-hangs.conf';
  const own = '/etc/certmend/config.yaml.d/restart.yaml';
  const put = async (path: string, lines: readonly string[]): Promise<void> => {
    const quoted = lines.map((line) => `'${line}'`).join(' ');
    await node.say('sh', '-c', `mkdir -p $(dirname ${path}) && printf '%s\\n' ${quoted} >${path}`);
  };
  // The word that it is ready does not come at the first start after `on`.
  await put('/opt/mute/systemd-notify', [
    '#!/bin/sh',
    'if rm /opt/mute/on 2>/dev/null; then exec sleep infinity; fi',
    'exec /usr/bin/systemd-notify "$@"',
  ]);
  await node.say('chmod', '+x', '/opt/mute/systemd-notify');
  const mute = 'Environment=PATH=/opt/mute:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  await put(drop, ['[Service]', 'TimeoutStartSec=0', mute]);
  await node.say('systemctl', 'daemon-reload');

  await hangs(node);
  await eventually('it is healed', async () => Number(await node.say('stat', '-c', '%s', file)) > 0);
  await eventually('the command is said', async () =>
    (await node.property('certmend', 'StatusText')).includes('systemctl restart rke2-server'),
  );
  const told = await node.say('journalctl', '--no-pager', '-x', 'CERTMEND_EVENT=start-healed');
  assert.match(told, /hung on damaged certificates/);
  await node.say('systemctl', 'restart', 'rke2-server.service');
  assert.doesNotMatch(await node.say('/usr/local/bin/ask'), /FAILED/);
  await eventually(
    'the line is the usual one again',
    async () => !(await node.property('certmend', 'StatusText')).includes('hangs'),
  );

  await put(own, ['restart: { hung: true }']);
  await node.say('systemctl', 'reload', 'certmend');
  await hangs(node);
  await eventually('it is up', async () => (await node.property('rke2-server', 'ActiveState')) === 'active');
  assert.doesNotMatch(await node.say('/usr/local/bin/ask'), /FAILED/);
  await node.say('rm', own, drop);
  await node.say('systemctl', 'daemon-reload');
  await node.say('systemctl', 'reload', 'certmend');
}

/** Starts the service, which will not say that it is ready, and empties a certificate after its boot hook has run. */
async function hangs(node: SystemdNode): Promise<void> {
  await node.say('systemctl', 'stop', 'rke2-server');
  await node.say('touch', '/opt/mute/on');
  await node.say('systemctl', 'start', '--no-block', 'rke2-server');
  await eventually('it hangs', async () => {
    const is = await node.property('rke2-server', 'SubState');
    return is === 'start' && (await node.run('test', '-e', '/opt/mute/on')).status === 1;
  });
  await node.say('truncate', '-s', '0', file);
}
