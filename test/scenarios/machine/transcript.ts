import { basename, join } from 'node:path';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { day } from '../../fixtures/tree.ts';
import { packages } from '../packages.ts';
import { inScratch } from '../scratch.ts';
import { eventually, SystemdNode } from '../systemd/node.ts';
import { makeDisk, readDisk, seen } from './disk.ts';
import { powerOn } from './machine.ts';

/*
 * node test/scenarios/machine/transcript.ts: writes docs/transcript.md from a real run. Installed on a systemd in
 * namespaces; then a machine that is switched on today, switched off, and switched on again 400 days later.
 */
const output = join(import.meta.dirname, '..', '..', '..', 'docs', 'transcript.md');
const sections: string[] = [
  '# An operator’s transcript',
  '',
  'Made by `node test/scenarios/machine/transcript.ts` from a real run, not by hand. The node is a test node: etcd and two ' +
    'TLS servers stand in for RKE2 and use its certificates. The second half is a machine under emulation, where ' +
    'everything takes ten times as long.',
];

await inScratch(installed);
await inScratch(slept);
writeFileSync(output, `${sections.join('\n')}\n`);

function say(heading: string, ...commands: readonly (readonly [string, string])[]): void {
  sections.push('', `## ${heading}`);
  for (const [command, text] of commands) sections.push('', '```console', `# ${command}`, text.trim(), '```');
}

async function installed(scratch: string): Promise<void> {
  const node = new SystemdNode(scratch, {});
  const { deb } = await packages();
  mkdirSync(join(node.upper, 'srv'));
  cpSync(deb, join(node.upper, 'srv', basename(deb)));
  try {
    await node.boot();
    const line = ['dpkg', '--install', basename(deb)];
    const install = await node.say('sh', '-c', `cd /srv; ${line.join(' ')} 2>&1`);
    await eventually('a standby', async () => /standby \d+ ready/.test(await node.property('certmend', 'StatusText')));
    say(
      'Day one',
      [line.join(' '), install],
      ['systemctl status certmend', await node.say('systemctl', 'status', '--no-pager', 'certmend')],
      ['journalctl -u certmend', await node.say('journalctl', '--no-pager', '-u', 'certmend')],
      ['certmend check', (await node.run('certmend', 'check')).stdout],
    );
  } finally {
    await node.end();
  }
}

async function slept(scratch: string): Promise<void> {
  const disk = await makeDisk(scratch);
  const now = Date.now();
  await powerOn(disk, { clock: now });
  await powerOn(disk, { clock: now + 400 * day });
  const tree = await readDisk(disk, join(scratch, 'seen'));
  say(
    '400 days later, switched on without a network',
    ['date -u +%FT%TZ', seen(tree, 'date')],
    ['journalctl -b -o short-iso -u rke2-server', seen(tree, 'journal-product')],
    ['systemctl status certmend', seen(tree, 'status')],
    ['journalctl -b -o short-iso -u certmend', seen(tree, 'journal-certmend')],
    ['certmend check', seen(tree, 'check')],
  );
}
