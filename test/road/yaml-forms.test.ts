import test from 'ava';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { runBuilt } from '../cli/built.ts';
import { opensslExtension } from '../fixtures/openssl.ts';
import { configForms, kubeconfigForms } from '../fixtures/yaml-forms.ts';
import { temporaryTree } from './temporary-tree.ts';

// On the built program: what reads these forms is loaded late, and once was not in what shipped. One after the other:
// each is a process of its own.

for (const { name, bytes, path, san } of configForms) {
  test.serial(`prestart heals a node whose config.yaml has a form that the product reads: ${name}`, async (t) => {
    const tree = temporaryTree(t, { leaf: 'expired' });
    const file = tree.host(`/etc/rancher/rke2/${path}`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    const ended = await runBuilt(['--root', tree.root, 'prestart', '--unit', tree.unit, '--strict']);
    t.is(ended.status, 0, ended.stderr);
    const names = opensslExtension(tree.host(tree.leaf('serving-kube-apiserver').certificatePath), 'subjectAltName');
    t.true(names.includes(san === '::1' ? 'IP Address:0:0:0:0:0:0:0:1' : `DNS:${san}`), names);
  });
}

test.serial('a kubeconfig in any form that client-go reads is no finding and is not written over', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  const [admin = ''] = tree.credentials.filter((path) => path.endsWith('/admin.kubeconfig'));
  const original = readFileSync(tree.host(admin), 'utf8');
  for (const [form, bytes] of Object.entries(kubeconfigForms(original))) {
    writeFileSync(tree.host(admin), bytes);
    const check = await runBuilt(['--root', tree.root, 'check']);
    t.is(check.status, 0, `${form}: ${check.stdout}${check.stderr}`);
    const hook = await runBuilt(['--root', tree.root, 'prestart', '--unit', tree.unit, '--strict']);
    t.is(hook.status, 0, `${form}: ${hook.stderr}`);
    t.true(readFileSync(tree.host(admin)).equals(bytes), `${form}: written over`);
  }
});
