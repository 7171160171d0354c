import test from 'ava';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DoctorReport } from '../../src/report/doctor.ts';
import type { Tree } from '../fixtures/tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { runBuilt } from './built.ts';

/* An empty set satisfies nothing: where every certificate is gone, none is expired, and yet nothing is well. */

const server = '/var/lib/rancher/rke2/server';

function lose(tree: Tree, ...names: readonly string[]): void {
  for (const name of names) rmSync(tree.host(`${server}/${name}`), { recursive: true, force: true });
}

const lost: Readonly<Record<string, (tree: Tree) => Promise<void> | void>> = {
  'the directory is gone, with its token, passwd and database beside it': (tree) => {
    mkdirSync(tree.host(`${server}/db/etcd/member`), { recursive: true });
    lose(tree, 'tls');
  },
  'the directory is an empty mount point': (tree) => {
    lose(tree, 'tls');
    mkdirSync(tree.host(`${server}/tls`));
  },
  'nothing but the token is left': (tree) => {
    lose(tree, 'tls', 'cred', 'db');
  },
  'nothing below the data directory, which is not mounted, and the kubeconfig of the server is in /etc': (tree) => {
    lose(tree, '.');
    rmSync(tree.host('/var/lib/rancher/rke2'), { recursive: true, force: true });
    mkdirSync(tree.host('/var/lib/rancher/rke2'));
  },
  'nothing of the product is left, and the state of certmend knows the node': async (tree) => {
    await runBuilt(['--root', tree.root, 'prestart', '--unit', 'rke2-server']);
    lose(tree, '.');
  },
  'nothing of the product is left but a generation of certmend': async (tree) => {
    await runBuilt(['--root', tree.root, 'standby', 'prepare']);
    rmSync(tree.host('/var/lib/certmend/dynamic-cert.json'));
    lose(tree, '.');
  },
};

for (const [name, arrange] of Object.entries(lost)) {
  test(`every command calls a set that is lost critical: ${name}`, async (t) => {
    const tree = temporaryTree(t, { product: 'rke2' });
    await arrange(tree);

    const check = await runBuilt(['--root', tree.root, 'check']);
    t.is(check.status, 2, check.stdout);
    t.regex(check.stdout, /^CRITICAL/);
    t.regex(check.stdout, /CertificatesLost/);
    const status = await runBuilt(['--root', tree.root, 'status']);
    t.is(status.status, 2, status.stdout);
    t.notRegex(status.stdout, /healthy/);

    const doctor = await runBuilt(['--root', tree.root, 'doctor', '-o', 'json']);
    t.is(doctor.status, 2, doctor.stdout);
    const { checks } = JSON.parse(doctor.stdout) as DoctorReport;
    const authorities = checks.filter((one) => one.check === 'authorities');
    t.true(authorities.length > 0 && authorities.every(({ level }) => level === 'critical'), doctor.stdout);

    const hook = await runBuilt(['--root', tree.root, 'prestart', '--unit', 'rke2-server']);
    t.is(hook.status, 0);
    t.regex(hook.stdout + hook.stderr, /CertificatesLost/);
    const rehearsal = await runBuilt(['--root', tree.root, 'rehearse', '--at', '+10d']);
    t.is(rehearsal.status, 2, rehearsal.stdout);
  });
}

test('check says what comes next without the token, which alone brings the authorities back', async (t) => {
  const tree = temporaryTree(t, { product: 'rke2' });
  mkdirSync(tree.host(`${server}/db/etcd`), { recursive: true });
  writeFileSync(tree.host(`${server}/db/etcd/x`), '');
  lose(tree, 'tls', 'token');
  const { stdout } = await runBuilt(['--root', tree.root, 'check']);
  t.regex(stdout.replaceAll(/\s+/g, ' '), /do not start it without its token/);
});

test('check misses an authority where the leaves are gone and the node has run', async (t) => {
  const tree = temporaryTree(t, { product: 'rke2' });
  for (const leaf of tree.leaves.filter(({ reissuedAtStart }) => !reissuedAtStart)) {
    rmSync(tree.host(leaf.certificatePath));
    rmSync(tree.host(leaf.keyPath));
  }
  // As after `rke2 certificate rotate`: the product makes leaves anew, and the node is not well before it has started.
  t.is((await runBuilt(['--root', tree.root, 'check'])).status, 1);
  rmSync(tree.host(tree.authority('client-ca').certificatePath));
  rmSync(tree.host(tree.authority('client-ca').keyPath));
  const { status, stdout } = await runBuilt(['--root', tree.root, 'check']);
  t.is(status, 2, stdout);
  t.regex(stdout, /AuthorityMissing/);
});

test('check, status and doctor call a node that has never run neither healthy, nor broken, nor able to issue', async (t) => {
  const tree = temporaryTree(t, { product: 'rke2' });
  lose(tree, '.');
  rmSync(tree.host('/var/lib/rancher/rke2/agent'), { recursive: true });
  rmSync(tree.host('/etc/rancher/rke2/rke2.yaml'));
  const check = await runBuilt(['--root', tree.root, 'check']);
  t.notRegex(check.stdout, /CRITICAL|CertificatesLost|healthy/);
  t.regex(check.stdout, /^new node · no certificates yet/);
  const status = await runBuilt(['--root', tree.root, 'status']);
  t.regex(status.stdout, /^new node · no certificates yet/);
  const doctor = await runBuilt(['--root', tree.root, 'doctor']);
  t.regex(doctor.stdout, /warning\s+authorities\s+nothing can be issued on this node/);
  t.notRegex(doctor.stdout, /can sign$/m);
});

test('doctor calls no authority able to sign whose key is damaged', async (t) => {
  const tree = temporaryTree(t, { product: 'rke2' });
  writeFileSync(tree.host(tree.authority('etcd/peer-ca').keyPath), 'not a key\n');
  const { status, stdout } = await runBuilt(['--root', tree.root, 'doctor']);
  t.not(status, 0);
  t.regex(stdout, /(warning|critical)\s+authorities\s+.*etcd\/peer-ca/);
  t.notRegex(stdout, /ok\s+authorities/);
  // The four others can sign, and what they sign is healed.
  t.notRegex(stdout, /nothing can be issued/);
});

test('check of a directory without certificates does not call it healthy', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'certmend-empty-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true });
  });
  cpSync(import.meta.filename, join(directory, 'no-certificate'));
  const { status, stdout } = await runBuilt(['check', '--path', directory]);
  t.is(status, 3);
  t.notRegex(stdout, /healthy/);
});
