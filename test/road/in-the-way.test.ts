import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { PrestartReport } from '../../src/report/document.ts';
import { runBuilt } from '../cli/built.ts';
import { temporaryTree } from './temporary-tree.ts';

/* What the product itself writes at each start: it fails on a directory in that place, and waits for ever at a FIFO. */

for (const [name, make] of [
  ['a directory', (path: string) => void mkdirSync(join(path, 'inside'), { recursive: true })],
  ['a FIFO', (path: string) => void execFileSync('mkfifo', [path])],
] as const) {
  test(`prestart takes ${name} in the place of a certificate that the product makes anew at its start out of its way`, async (t) => {
    const tree = temporaryTree(t);
    const path = tree.host(join(tree.dataDir, 'agent/client-kubelet.crt'));
    rmSync(path);
    make(path);
    const { status, stdout, stderr } = await runBuilt([
      '--root',
      tree.root,
      '-o',
      'json',
      'prestart',
      '--unit',
      'rke2-server',
      '--strict',
    ]);
    t.is(status, 0, stderr);
    t.is((JSON.parse(stdout) as PrestartReport).decision, 'repaired');
    t.false(existsSync(path));
    const kept = readdirSync(tree.host('/var/lib/certmend/quarantine'), { recursive: true, encoding: 'utf8' });
    t.true(
      kept.some((entry) => entry.includes('client-kubelet.crt')),
      kept.join(' '),
    );
    const again = await runBuilt(['--root', tree.root, '-o', 'json', 'prestart', '--unit', 'rke2-server', '--strict']);
    t.is((JSON.parse(again.stdout) as PrestartReport).decision, 'nothing-to-do', again.stderr);
  });
}
