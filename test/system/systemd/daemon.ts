import assert from 'node:assert/strict';
import { messageId } from '../../../src/report/message-id.ts';
import { eventually, type SystemdNode } from './node.ts';

/** A watchdog that a test has time for. */
const quick = '/etc/systemd/system/certmend.service.d/quick.conf';

export async function daemonSurvives(node: SystemdNode): Promise<string> {
  await node.say('dpkg', '--install', '/srv/new.deb');
  await node.say('mkdir', '-p', quick.slice(0, quick.lastIndexOf('/')));
  await node.say('sh', '-c', `printf '[Service]\\nWatchdogSec=8\\nRestartSec=1\\n' >${quick}`);
  await node.say('systemctl', 'daemon-reload');
  await node.say('systemctl', 'restart', 'certmend');

  await eventually('a standby', async () => / · standby \d+ ready/.test(await node.property('certmend', 'StatusText')));
  const prepared = 'CERTMEND_EVENT=standby-prepared';
  assert.match(await node.say('journalctl', '-o', 'json', prepared), new RegExp(messageId('StandbyMissing')));
  const explained = await node.say('journalctl', '--no-pager', '-x', prepared);
  assert.match(explained, /^.. Subject: /m, 'the catalog knows it');

  const stopped = await mainPid(node);
  await node.say('kill', '-STOP', stopped);
  const watchdog = await restarted(node, stopped);
  assert.match(await node.say('journalctl', '--no-pager', '-u', 'certmend'), /Watchdog timeout/);

  const killed = await mainPid(node);
  await node.say('kill', '-KILL', killed);
  await restarted(node, killed);

  const reloaded = await mainPid(node);
  await node.say('systemctl', 'reload', 'certmend');
  await eventually('it is back from the reload', async () => (await state(node)) === 'active running');
  assert.equal(await mainPid(node), reloaded, 'a reload is no restart');

  await node.powerOff();
  await node.boot();
  await eventually('certmend after the reboot', async () => (await state(node)) === 'active running');
  await eventually('a standby', async () => / · standby \d+ ready/.test(await node.property('certmend', 'StatusText')));
  assert.doesNotMatch(await node.say('/usr/local/bin/ask'), /FAILED/);
  return `the watchdog took ${watchdog.toFixed(0)} s of 8`;
}

async function mainPid(node: SystemdNode): Promise<string> {
  return await node.property('certmend', 'MainPID');
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
