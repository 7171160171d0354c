import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { packages } from '../packages.ts';
import { inScratch } from '../scratch.ts';
import { eventually, SystemdNode } from './node.ts';

/*
 * node test/scenarios/systemd/pictures.ts: captures what the pictures of docs/pictures show, each from a real run in a terminal of
 * 100 columns: the demo, and the installed package on a systemd in namespaces. build/pictures.ts draws them.
 */
const pictures = join(import.meta.dirname, '..', '..', '..', 'docs', 'pictures');
const columns = 100;

mkdirSync(pictures, { recursive: true });
writeFileSync(join(pictures, 'demo.txt'), `$ npm run demo\n${demo()}`);
await inScratch(status);

function demo(): string {
  const line = inTerminal(`exec '${process.execPath}' test/demo/demo.ts`);
  return execFileSync('script', line, { encoding: 'utf8', env: { ...process.env, TERM: 'xterm' } }).replaceAll(
    '\r',
    '',
  );
}

/** Arguments of script(1), which brings a terminal: so that a program says it as it does to a person. */
function inTerminal(command: string): readonly string[] {
  return ['-qec', `stty cols ${columns} rows 50; ${command}`, '/dev/null'];
}

async function status(scratch: string): Promise<void> {
  const node = new SystemdNode(scratch, {});
  const { deb } = await packages();
  mkdirSync(join(node.upper, 'srv'));
  cpSync(deb, join(node.upper, 'srv', basename(deb)));
  try {
    await node.boot();
    await node.say('sh', '-c', `cd /srv; dpkg --install ${basename(deb)} 2>&1`);
    await eventually('a standby', async () => /standby \d+ ready/.test(await node.property('certmend', 'StatusText')));
    const command = 'systemctl status certmend';
    const line = inTerminal(`TERM=xterm LANG=C.UTF-8 SYSTEMD_URLIFY=0 ${command} --no-pager`);
    const text = (await node.say('script', ...line)).replaceAll('\r', '');
    writeFileSync(join(pictures, 'status.txt'), `# ${command}\n${text.trimEnd()}\n`);
  } finally {
    await node.end();
  }
}
