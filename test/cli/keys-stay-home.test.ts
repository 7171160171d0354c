import test from 'ava';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { foreignKey } from '../fixtures/damage-pair.ts';
import { corruptListener } from '../fixtures/damage-node.ts';
import { garbageFile } from '../fixtures/damage.ts';
import { cutAfterJournal } from '../road/cut-after-journal.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { filesBelow, tracesBelow, tracesFound } from './private-keys.ts';
import { runCli } from './run-cli.ts';

/*
 * P9: private keys, and the tokens beside them, are in the files that are made for them and nowhere else. A whole life of a node, every command in
 * every form of output, a power cut in the middle; then every word that was said and every file that certmend keeps is
 * searched for every key that was ever there.
 */

const formats = ['table', 'json', 'yaml'] as const;

test('no private key is in any output, log, state, journal or note over a whole life', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  mkdirSync(tree.host('/etc/certmend'));
  writeFileSync(tree.host('/etc/certmend/config.yaml'), 'brake:\n  maxCommitsPerDay: 50\n');
  garbageFile(tree, tree.leaf('client-admin').certificatePath);
  corruptListener(tree);
  const traces = new Set<string>();
  const said: string[] = [];
  const learn = (): void => {
    for (const trace of tracesBelow(tree.root)) traces.add(trace);
    for (const name of ['token', 'cred/passwd', 'cred/ipsec.psk'])
      traces.add(readFileSync(tree.host(`${tree.dataDir}/server/${name}`), 'latin1').trim());
  };
  const run = async (...words: readonly string[]): Promise<void> => {
    for (const format of formats) {
      learn();
      const { status, stdout, stderr } = await runCli(['--root', tree.root, '-v', '-o', format, ...words]);
      t.not(status, 70, stderr);
      said.push(stdout, stderr);
    }
  };
  const look = async (): Promise<void> => {
    for (const words of ['check', 'plan', 'status', 'doctor', 'generations', 'standby show', 'standby verify'])
      await run(...words.split(' '));
    await run('check', '--path', `${tree.dataDir}/server/tls`);
    for (const id of ['client-admin', 'server-ca', 'dynamic-cert', 'service.key', 'rke2.yaml', 'cred/passwd'])
      await run('why', id);
  };

  await look();
  await run('rehearse', '--at', '+400d');
  await run('rehearse', '--running', '--at', '+340d');
  await run('prestart', '--unit', 'rke2-server');
  await run('standby', 'prepare');
  await look();
  await run('rotate', '--yes');
  await run('rotate', 'etcd/client', '--reuse-key', '--yes');
  await run('rollback', '--yes');
  foreignKey(tree, 'etcd/client');
  learn();
  await cutAfterJournal(tree.root);
  const journal = readFileSync(tree.host('/var/lib/certmend/journal.json'), 'utf8');
  t.true(journal.includes('etcd/client'));
  await run('prestart', '--unit', 'rke2-server', '--strict');
  await look();
  learn();

  const kept = filesBelow(tree.host('/var/lib/certmend')).filter(
    (path) => !/\/generations\/\d+\/files\//.test(path) && (!path.includes('/quarantine/') || path.endsWith('.json')),
  );
  for (const name of ['audit.jsonl', 'dynamic-cert.json', 'manifest.json', '.note.json']) {
    t.true(
      kept.some((path) => path.endsWith(name)),
      name,
    );
  }
  t.true(traces.size > 300, String(traces.size));
  for (const path of kept) t.deepEqual(tracesFound(readFileSync(path, 'latin1'), traces), [], path);
  t.deepEqual(tracesFound(journal, traces), []);
  t.true(said.join('').length > 100_000);
  t.deepEqual(tracesFound(said.join('\n'), traces), []);
  t.notRegex(said.join('\n'), /PRIVATE KEY/);
  t.false(existsSync(tree.host('/var/lib/certmend/journal.json')));

  // The search finds what there is to find, in each form in which it could be there.
  const pem = readFileSync(tree.host(tree.leaf('client-admin').keyPath), 'utf8');
  const forms = [pem, JSON.stringify({ pem }), Buffer.from(pem).toString('base64'), pem.replaceAll('\n', '\n    ')];
  for (const form of forms) t.true(tracesFound(form, traces).length > 0, form);
});
