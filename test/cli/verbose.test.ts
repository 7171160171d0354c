import test from 'ava';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { temporaryTree } from '../road/temporary-tree.ts';
import { runCli } from './run-cli.ts';

const commands = ['check', 'plan', 'status', 'doctor', 'why server-ca', 'prestart --unit rke2-server'];

for (const command of commands) {
  test(`certmend ${command} -v says how the layout was found and where its settings come from`, async (t) => {
    const tree = temporaryTree(t, { dataDir: '/data/rke2' });
    const words = ['--root', tree.root, '-o', 'json', ...command.split(' ')];
    const quiet = await runCli(words);
    const told = await runCli([...words, '-v']);
    t.is(told.status, quiet.status);
    t.regex(told.stderr, /^certmend: layout rke2-server, unit rke2-server\.service, data directory \/data\/rke2$/m);
    t.regex(told.stderr, /^ {2}evidence: unit .*rke2-server\.service/m);
    t.regex(told.stderr, /^ {2}setting: data-dir = \/data\/rke2 \(\/etc\/rancher\/rke2\/config\.yaml:\d+\)$/m);
    t.regex(told.stderr, /^ {2}setting: tls-san = .* \(\/etc\/rancher\/rke2\/config\.yaml\.d\/10-names\.yaml:\d+\)$/m);
    t.notRegex(quiet.stderr, /evidence|setting/);
    t.notThrows(() => JSON.parse(told.stdout) as unknown, 'the document stays one');
  });
}

test('certmend -v shows what was looked at also when no layout was found', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'certmend-cli-'));
  t.teardown(() => {
    rmSync(root, { recursive: true, force: true });
  });
  const { status, stderr } = await runCli(['--root', root, 'check', '-v']);
  t.is(status, 78);
  t.regex(stderr, /^certmend: no layout was found$/m);
  t.regex(stderr, /^certmend: no RKE2 or K3s was found on this node/m);
});
