import test, { type ExecutionContext } from 'ava';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { CheckReport, PrestartReport } from '../../src/report/document.ts';
import { runJson } from '../cli/run-cli.ts';
import { replacedAuthority } from '../fixtures/damage-node.ts';
import { opensslFingerprint } from '../fixtures/openssl.ts';
import { day, type Tree } from '../fixtures/tree.ts';
import { prestartAt } from './run-at.ts';
import { faultsOf } from './sound-node.ts';
import { temporaryTree } from './temporary-tree.ts';

/*
 * A standby goes live only while it is what it was made as, for this node, under these authorities. Whatever else it has
 * become, the boot hook issues afresh, and nothing of the standby reaches the node. One after the other: each is held to
 * the boot hook's own deadline, and a dozen at once on a busy machine could come to it.
 */

/** Due, not dead: a standby is made while the node is well. */
const due = { notBefore: Date.now() - 400 * day, notAfter: Date.now() + 90 * day };

interface Prepared {
  readonly tree: Tree;
  readonly generation: number;
  /** Host path of a file of the standby. */
  readonly stored: (nodePath: string) => string;
}

async function prepared(t: ExecutionContext, options: { readonly nodeName?: string } = {}): Promise<Prepared> {
  const tree = temporaryTree(t, { leaf: due, ...options });
  setMachineId(tree, 'a');
  const { document, status } = await runJson<{ generation: number }>(['--root', tree.root, 'standby', 'prepare']);
  t.is(status, 0);
  const { generation } = document;
  const files = `/var/lib/certmend/generations/${String(generation)}/files`;
  return { tree, generation, stored: (path) => tree.host(`${files}${path.slice(tree.dataDir.length)}`) };
}

/** The file is 0444, as systemd makes it: it is made anew. */
function setMachineId(tree: Tree, digit: string): void {
  rmSync(tree.host('/etc/machine-id'), { force: true });
  writeFileSync(tree.host('/etc/machine-id'), `${digit.repeat(32)}\n`);
}

/** Fingerprints of the standby's leaves, by openssl. */
function held({ tree, stored }: Prepared): readonly string[] {
  return issuable(tree).map(({ certificatePath }) => opensslFingerprint(stored(certificatePath)));
}

function issuable(tree: Tree): Tree['leaves'] {
  return tree.leaves.filter(({ id }) => !id.startsWith('agent/'));
}

async function issuesAfresh(t: ExecutionContext, spoil: (standby: Prepared) => void): Promise<void> {
  const standby = await prepared(t);
  const { tree } = standby;
  const made = held(standby);
  spoil(standby);
  const line = ['--root', tree.root, 'prestart', '--unit', 'rke2-server', '--strict'];
  const { status, document } = await runJson<PrestartReport>(line);
  t.is(status, 0);
  t.like(document, { decision: 'rotated', origin: 'issued' });
  t.not(document.generation, standby.generation);
  t.deepEqual(faultsOf(tree), []);
  const live = issuable(tree).map(({ certificatePath }) => opensslFingerprint(tree.host(certificatePath)));
  t.deepEqual(
    live.filter((fingerprint) => made.includes(fingerprint)),
    [],
    'nothing of the standby is live',
  );
  t.is((await runJson<PrestartReport>(line)).document.decision, 'nothing-to-do');
}

const spoilt: Readonly<Record<string, (standby: Prepared) => void>> = {
  'was made on another machine': ({ tree }) => {
    setMachineId(tree, 'b');
  },
  'was made for a node of another name': ({ tree }) => {
    writeFileSync(tree.host('/etc/hostname'), 'node-9\n');
  },
  'has a certificate that was changed': ({ tree, stored }) => {
    const path = stored(tree.leaf('etcd/client').certificatePath);
    writeFileSync(path, readFileSync(path, 'utf8').replace('A', 'B'));
  },
  'has a pair that was exchanged for another good one': ({ tree, stored }) => {
    const { certificatePath, keyPath } = tree.leaf('client-admin');
    for (const path of [certificatePath, keyPath]) writeFileSync(stored(path), readFileSync(tree.host(path)));
  },
  'has an empty key': ({ tree, stored }) => {
    writeFileSync(stored(tree.leaf('client-admin').keyPath), '');
  },
  'lacks a file': ({ tree, stored }) => {
    rmSync(stored(tree.leaf('client-admin').keyPath));
  },
  'has a manifest that was changed': ({ tree, generation }) => {
    const path = tree.host(`/var/lib/certmend/generations/${String(generation)}/manifest.json`);
    writeFileSync(path, readFileSync(path, 'utf8').replace('serving-kube-apiserver', 'serving-kube-apiserver2'));
  },
  'has no manifest': ({ tree, generation }) => {
    rmSync(tree.host(`/var/lib/certmend/generations/${String(generation)}/manifest.json`));
  },
  'was made under an authority that was replaced since': ({ tree }) => {
    replacedAuthority(tree, 'etcd/server-ca');
  },
};
for (const [name, spoil] of Object.entries(spoilt))
  test.serial(`prestart issues afresh when the standby ${name}`, issuesAfresh, spoil);

test.serial('prestart issues afresh when the whole of certmend was copied from a neighbour', async (t) => {
  const neighbour = await prepared(t, { nodeName: 'node-2' });
  await issuesAfresh(t, ({ tree }) => {
    rmSync(tree.host('/var/lib/certmend'), { recursive: true });
    cpSync(neighbour.tree.host('/var/lib/certmend'), tree.host('/var/lib/certmend'), { recursive: true });
  });
});

test.serial('prestart issues afresh when the standby has expired too, and never brings it back', async (t) => {
  const standby = await prepared(t);
  const then = Date.now() + 400 * day;
  const outcome = await prestartAt(standby.tree.root, '+400d');
  t.like(outcome, { decision: 'rotated', origin: 'issued' });
  t.not(outcome.generation, standby.generation);
  t.deepEqual(faultsOf(standby.tree, { at: [then, then + 360 * day] }), []);
});

test.serial('prestart commits the very standby when nothing has become of it', async (t) => {
  const standby = await prepared(t);
  const { tree, generation } = standby;
  const made = held(standby);
  const line = ['--root', tree.root, 'prestart', '--unit', 'rke2-server', '--strict'];
  const { document } = await runJson<PrestartReport>(line);
  t.like(document, { decision: 'rotated', origin: 'standby', generation });
  t.deepEqual(
    issuable(tree).map(({ certificatePath }) => opensslFingerprint(tree.host(certificatePath))),
    made,
  );
});

test.serial(
  'check warns of a standby that is not what it was, and of nothing on a node that never had one',
  async (t) => {
    const tree = temporaryTree(t, { leaf: 'fresh' });
    const line = ['--root', tree.root, 'check'];
    t.is((await runJson(line)).status, 0, 'without any state of certmend');
    const { document } = await runJson<{ generation: number }>(['--root', tree.root, 'standby', 'prepare']);
    t.is((await runJson(line)).status, 0);
    const files = tree.host(`/var/lib/certmend/generations/${String(document.generation)}/files`);
    writeFileSync(`${files}${tree.leaf('client-admin').keyPath.slice(tree.dataDir.length)}`, '');
    for (const command of ['check', 'status']) {
      const spoilt = await runJson<CheckReport>(['--root', tree.root, command]);
      t.is(spoilt.status, 1);
      t.deepEqual(
        spoilt.document.health.reasons.map(({ code }) => code),
        ['StandbyInvalid'],
      );
    }
    await runJson(['--root', tree.root, 'standby', 'prepare']);
    t.is((await runJson(line)).status, 0, 'a good one again');
  },
);
