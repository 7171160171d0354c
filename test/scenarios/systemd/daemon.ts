import assert from 'node:assert/strict';
import { messageId } from '../../../src/audit/audit-text.ts';
import { eventually, type SystemdNode } from './node.ts';

/** For a test that has no time to wait; the watchdog is so quick only while it is what is looked at. */
const quick = '/etc/systemd/system/certmend.service.d/quick.conf';
const quickWatchdog = '/etc/systemd/system/certmend.service.d/watchdog.conf';

export async function daemonSurvives(node: SystemdNode): Promise<string> {
  await node.say('dpkg', '--install', '/srv/new.deb');
  await node.say('mkdir', '-p', quick.slice(0, quick.lastIndexOf('/')));
  await node.say('sh', '-c', `printf '[Service]\\nRestartSec=1\\n' >${quick}`);
  await node.say('systemctl', 'daemon-reload');
  await node.say('systemctl', 'restart', 'certmend');

  await eventually('a standby', async () => / · standby \d+ ready/.test(await node.property('certmend', 'StatusText')));
  const prepared = 'CERTMEND_EVENT=standby-prepared';
  assert.match(await node.say('journalctl', '-o', 'json', prepared), new RegExp(messageId('standby-prepared')));
  const explained = await node.say('journalctl', '--no-pager', '-x', prepared);
  assert.match(explained, /^.. Subject: /m, 'the catalog knows it');

  await node.say('sh', '-c', `printf '[Service]\\nWatchdogSec=30\\n' >${quickWatchdog}`);
  await node.say('systemctl', 'daemon-reload');
  await node.say('systemctl', 'restart', 'certmend');
  const stopped = await mainPid(node);
  const status = await node.say('systemctl', 'status', '--no-pager', 'certmend');
  assert.match(status, new RegExp(`Main PID: ${stopped} \\(certmend\\)`), 'an operator sees whose process it is');
  await node.say('kill', '-STOP', stopped);
  const watchdog = await restarted(node, stopped);
  assert.match(await node.say('journalctl', '--no-pager', '-u', 'certmend'), /Watchdog timeout/);
  await node.say('rm', quickWatchdog);
  await node.say('systemctl', 'daemon-reload');
  await node.say('systemctl', 'restart', 'certmend');

  const killed = await mainPid(node);
  await node.say('kill', '-KILL', killed);
  await restarted(node, killed);

  const reloaded = await mainPid(node);
  await node.say('systemctl', 'reload', 'certmend');
  await eventually('it is back from the reload', async () => (await state(node)) === 'active running');
  assert.equal(await mainPid(node), reloaded, 'a reload is no restart');

  await isNotInUse(node);
  const handshakes = await renewsWhileItRuns(node);
  await isMissed(node);
  await comesBackCorrected(node);
  await sandboxOpens(node);

  await node.powerOff();
  await node.boot();
  await eventually('certmend after the reboot', async () => (await state(node)) === 'active running');
  await eventually('a standby', async () => / · standby \d+ ready/.test(await node.property('certmend', 'StatusText')));
  assert.doesNotMatch(await node.say('/usr/local/bin/ask'), /FAILED/);
  return `the watchdog took ${watchdog.toFixed(0)} s of 30; ${String(handshakes)} handshakes during renewals, none failed`;
}

/** What is renamed into place while the product runs is right on disk and not in use; the next start takes it. */
async function isNotInUse(node: SystemdNode): Promise<void> {
  const status = async (): Promise<string> => (await node.run('certmend', 'status')).stdout;
  assert.match(await status(), /in use +3 of 3 served certificates match the disk$/m);
  const renewed = [
    'cd /var/lib/rancher/rke2/server/tls',
    'name=serving-kube-apiserver',
    'openssl x509 -in $name.crt -x509toreq -signkey $name.key -copy_extensions copyall -out /run/request',
    'openssl x509 -req -in /run/request -copy_extensions copyall -days 365 -CA server-ca.crt -CAkey server-ca.key -set_serial 0x1234567890 -out /run/renewed',
    'cat /run/renewed server-ca.crt >$name.crt.new',
    'mv $name.crt.new $name.crt',
  ];
  await node.say('sh', '-c', renewed.join(' && '));
  assert.match(await status(), /in use +2 of 3 served certificates match the disk; not serving-kube-apiserver$/m);
  const why = (await node.run('certmend', 'why', 'serving-kube-apiserver')).stdout;
  assert.match(why, /ServedStale/);
  assert.match((await node.run('certmend', 'doctor')).stdout, /in-use .*2 of 3 served certificates/);
  await node.say('systemctl', 'restart', 'rke2-server');
  assert.match(await status(), /in use +3 of 3 served certificates/);
  assert.doesNotMatch(await node.say('/usr/local/bin/ask'), /FAILED/);
}

const etcd = ['etcd/client', 'etcd/server-client', 'etcd/peer-server-client'];

/**
 * etcd has its files mounted one by one, as in its static pod, and reads them at each handshake: it serves what was
 * renewed under it, no connection fails meanwhile, and no process is another one after it.
 * @returns handshakes that clients held meanwhile
 */
async function renewsWhileItRuns(node: SystemdNode): Promise<number> {
  const tls = '/var/lib/rancher/rke2/server/tls/etcd';
  const client = `-cert ${tls}/client.crt -key ${tls}/client.key -CAfile ${tls}/server-ca.crt -verify_return_error`;
  const hands = `openssl s_client -connect 127.0.0.1:2379 ${client} </dev/null >/dev/null 2>&1`;
  const load = `while [ ! -e /run/enough ]; do if ${hands}; then echo; else echo failed; fi >>/run/hands; done`;
  await node.say('sh', '-c', `( ${load} ) >/dev/null 2>&1 &`);
  const processes = async (): Promise<string> =>
    await node.say('sh', '-c', 'cat /proc/$0/task/$0/children', await mainPidOf(node, 'rke2-server'));
  const before = await processes();
  const keys = async (): Promise<string> => await node.say('sh', '-c', `sha256sum ${tls}/*.key`);
  const keysBefore = await keys();
  for (let round = 1; round <= 5; round += 1) {
    const ended = await node.run('certmend', 'renew', ...etcd, '--yes', '-o', 'json');
    assert.equal(ended.status, 0, ended.stderr + ended.stdout);
    const report = JSON.parse(ended.stdout) as {
      readonly decision: string;
      readonly changed: readonly string[];
      readonly served: readonly { readonly port: number; readonly state: string }[];
    };
    assert.equal(report.decision, 'renewed');
    assert.deepEqual(
      report.changed.toSorted(),
      etcd.map((id) => `/var/lib/rancher/rke2/server/tls/${id}.crt`).toSorted(),
    );
    assert.deepEqual(report.served.map(({ port, state }) => `${String(port)} ${state}`).toSorted(), [
      '2379 current',
      '2380 current',
    ]);
  }
  await node.say('touch', '/run/enough');
  const held = (await node.say('cat', '/run/hands')).split('\n');
  assert.equal(held.filter((line) => line === 'failed').length, 0, 'no connection failed');
  assert.ok(held.length > 20, `only ${String(held.length)} handshakes`);
  assert.equal(await keys(), keysBefore, 'keys stay');
  assert.equal(await processes(), before, 'no process is another one');
  assert.doesNotMatch(await node.say('/usr/local/bin/ask'), /FAILED/);
  // What a rename comes to where a single file is mounted: right on the disk, and not in use.
  await node.say('sh', '-c', `cp -p ${tls}/server-client.crt /run/kept && certmend renew ${etcd[1] ?? ''} --yes`);
  await node.say('sh', '-c', `cp -p /run/kept ${tls}/new && mv ${tls}/new ${tls}/server-client.crt`);
  assert.match((await node.run('certmend', 'status')).stdout, /in use .*; not etcd\/server-client$/m);
  await node.say('systemctl', 'restart', 'rke2-server');
  assert.match((await node.run('certmend', 'status')).stdout, /in use +3 of 3 served certificates/);
  return held.length;
}

/** A daemon that does nothing is told by doctor and status, with a line that mends it. */
async function isMissed(node: SystemdNode): Promise<void> {
  const told = async (what: RegExp): Promise<void> => {
    for (const command of ['doctor', 'status'])
      assert.match((await node.run('certmend', command)).stdout, what, command);
  };
  await node.say('systemctl', 'stop', 'certmend');
  await told(/certmend\.service is stopped/);
  await node.say('systemctl', 'disable', 'certmend');
  await told(/stopped and disabled.*\n?.*|systemctl enable --now certmend\.service/);
  await node.say('systemctl', 'enable', '--now', 'certmend.service');
  await node.say('kill', '-STOP', await mainPid(node));
  await told(/SIGSTOP/);
  await node.say('systemctl', 'kill', '-s', 'CONT', 'certmend.service');
  assert.doesNotMatch((await node.run('certmend', 'doctor')).stdout, /SIGSTOP|is stopped/);
}

/** A refused configuration is waited for: once it is right nobody has to restart anything. */
async function comesBackCorrected(node: SystemdNode): Promise<void> {
  const wrong = '/etc/certmend/config.yaml.d/wrong.yaml';
  await node.say('sh', '-c', `echo 'renewl: 1' >${wrong}`);
  await node.say('systemctl', '--no-block', 'restart', 'certmend');
  await eventually('its word', async () =>
    (await node.say('journalctl', '--no-pager', '-b', '-u', 'certmend')).includes('unknown key renewl'),
  );
  await node.say('rm', wrong);
  await eventually('it is back', async () => (await state(node)) === 'active running');
}

/** A directory of the operator's own is closed to the daemon until doctor's drop-in opens it. */
async function sandboxOpens(node: SystemdNode): Promise<void> {
  const [place, figures] = ['/srv/node', '/srv/node/certmend.prom'];
  await node.say('mkdir', place);
  await node.say('mv', '/var/lib/rancher/rke2', `${place}/rke2`);
  await node.say('ln', '-s', `${place}/rke2`, '/var/lib/rancher/rke2');
  await node.say(
    'sh',
    '-c',
    `printf 'metrics: {textfile: ${figures}, listen: "127.0.0.1:9745"}\\n' >/etc/certmend/config.yaml.d/figures.yaml`,
  );
  await node.say('systemctl', 'restart', 'certmend');
  assert.match(await node.property('certmend', 'StatusText'), /metrics not written: .*certmend\.prom/);
  assert.match(await node.say('certmend', 'doctor', '--write-drop-ins'), /systemctl daemon-reload\n.*restart certmend/);
  await node.say('systemctl', 'daemon-reload');
  await node.say('systemctl', 'restart', 'certmend');
  assert.match(await node.property('certmend', 'StatusText'), /^healthy .* standby \d+ ready$/);
  assert.match(await node.say('cat', figures), /^certmend_/m);
  const ask = 'exec 3<>/dev/tcp/127.0.0.1/9745; printf "GET /healthz HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3';
  assert.match(await node.say('bash', '-c', ask), /^HTTP\/1\.1 200 /);
  // As the daemon sees it, and nothing beside it.
  const inside = ['nsenter', '-t', await mainPid(node), '-m', '-r', 'test', '-w'];
  await node.say(...inside, `${place}/rke2/server/tls`);
  assert.notEqual((await node.run(...inside, '/srv')).status, 0, 'the rest stays closed');
}

async function mainPid(node: SystemdNode): Promise<string> {
  return await mainPidOf(node, 'certmend');
}

export async function mainPidOf(node: SystemdNode, unit: string): Promise<string> {
  return await node.property(unit, 'MainPID');
}

async function state(node: SystemdNode): Promise<string> {
  return `${await node.property('certmend', 'ActiveState')} ${await node.property('certmend', 'SubState')}`;
}

/** Resolves when another process runs and is ready; seconds that it took. */
async function restarted(node: SystemdNode, before: string): Promise<number> {
  const begin = performance.now();
  await eventually('another process', async () => !['0', before].includes(await mainPid(node)));
  await eventually('it is ready', async () => (await state(node)) === 'active running');
  return (performance.now() - begin) / 1000;
}
