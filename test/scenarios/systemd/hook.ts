import assert from 'node:assert/strict';
import { eventually, type SystemdNode } from './node.ts';

const unit = 'rke2-server';
const runtime = '/usr/lib/certmend/node';
const program = '/usr/bin/certmend';

/** The node's leaves expired 35 days ago, and the product could not start with them on its own. */
export async function hookNeverBlocks(node: SystemdNode): Promise<string> {
  await node.say('systemctl', 'stop', unit);
  await node.say('dpkg', '--install', '/srv/new.deb');
  assert.match(await node.say('systemctl', 'cat', unit), /10-certmend\.conf/);

  await node.say('systemctl', 'start', 'certmend');
  const headline = async (): Promise<string> => await node.property('certmend', 'StatusText');
  await eventually('the headline of an expired set', async () => (await headline()).startsWith('CRITICAL'));
  const cost = await start(node);
  const healed = performance.now();
  // The hook's commit reaches the daemon at once, and not at its next check.
  await eventually('the headline of the healed set', async () => (await headline()).startsWith('healthy'));
  const told = (performance.now() - healed) / 1000;
  assert.doesNotMatch(await node.say('/usr/local/bin/ask'), /FAILED/);
  const committed = JSON.parse(
    await node.say('journalctl', '-o', 'json', '-u', unit, 'CERTMEND_EVENT=committed'),
  ) as Readonly<Record<string, unknown>>;
  assert.match(String(committed['MESSAGE_ID']), /^[0-9a-f]{32}$/);
  assert.match(String(committed['CERTMEND_GENERATION']), /^\d+$/);

  // A loop of Restart=always: the hook runs at each start.
  const runs = await hookRuns(node);
  for (let turn = 1; turn <= 2; turn += 1) {
    const before = await node.property(unit, 'NRestarts');
    await node.say('kill', '-KILL', await node.property(unit, 'MainPID'));
    await eventually('the product is back', async () => {
      const again = (await node.property(unit, 'NRestarts')) !== before;
      return again && (await node.property(unit, 'ActiveState')) === 'active';
    });
  }
  assert.equal(await hookRuns(node), runs + 2);

  await node.say('mv', runtime, `${runtime}.away`);
  await start(node);
  await node.say('mv', `${runtime}.away`, runtime);

  await node.say('mv', program, `${program}.away`);
  await start(node);
  for (const body of ['exit 77', 'kill -KILL $$', 'kill -SEGV $$']) {
    await node.say('sh', '-c', `printf '#!/bin/sh\\n%s\\n' '${body}' >${program}; chmod 755 ${program}`);
    await start(node);
  }
  await node.say('mv', `${program}.away`, program);

  // Hangs, deaf to SIGTERM: the program's own limit ends it, whatever the runtime does.
  const deaf = '#!/bin/sh\\ntrap "" TERM\\nwhile :; do sleep 1; done\\n';
  await node.say('mv', runtime, `${runtime}.away`);
  await node.say('sh', '-c', `printf '${deaf}' >${runtime}; chmod 755 ${runtime}`);
  const hung = await start(node);
  // By a signal that cannot be ignored, as timeout(1) sends it in the end: systemd had no limit of its own.
  assert.match(await node.property(unit, 'ExecStartPre'), /status=(137|9)\b/, 'its own limit has ended it');
  await node.say('mv', `${runtime}.away`, runtime);
  const healthy = await start(node);
  return `healed in ${cost.toFixed(1)} s, the headline says so ${told.toFixed(1)} s later, a healthy start takes ${healthy.toFixed(1)} s; hanging delayed it by ${hung.toFixed(0)} s`;
}

/** Starts the product anew; seconds until it is active. */
async function start(node: SystemdNode): Promise<number> {
  await node.say('systemctl', 'stop', unit);
  // Five starts in ten seconds are too many for systemd, whoever asks for them.
  await node.say('systemctl', 'reset-failed', unit);
  const begin = performance.now();
  const child = await node.run('systemctl', 'start', '--no-block', unit);
  assert.equal(child.status, 0, child.stderr);
  await eventually('active', async () => (await node.property(unit, 'ActiveState')) === 'active');
  return (performance.now() - begin) / 1000;
}

/** How often the hook has said that there was nothing to do. */
async function hookRuns(node: SystemdNode): Promise<number> {
  // Under certmend's own name, whatever program bounds or runs it.
  const own = ['-u', unit, 'SYSLOG_IDENTIFIER=certmend'];
  const journal = await node.say('journalctl', '--no-pager', '-o', 'cat', ...own);
  return journal.split('\n').filter((line) => line.startsWith(`nothing to do · ${unit}.service`)).length;
}
