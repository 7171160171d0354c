import test from 'ava';
import type { PrestartReport } from '../../src/report/document.ts';
import { runCli, runJson } from '../cli/run-cli.ts';
import { authorityWithoutKey } from '../fixtures/damage-node.ts';
import { expired, foreignKey } from '../fixtures/damage-pair.ts';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import type { Tree } from '../fixtures/tree.ts';
import { faultsOf } from './sound-node.ts';
import { temporaryTree } from './temporary-tree.ts';

/*
 * A neighbour that nothing can help on this node, or that only the product can once it is taken away, must not keep the
 * pairs that talk to it from being healed.
 */

const beyondHelp: Readonly<
  Record<string, { readonly damage: (tree: Tree, id: string) => void; readonly isTakenAway: boolean }>
> = {
  'has expired': { damage: expired, isTakenAway: false },
  'has a key that does not fit': { damage: foreignKey, isTakenAway: true },
};
for (const [name, { damage, isTakenAway }] of Object.entries(beyondHelp)) {
  test(`prestart heals a client of a server that ${name} and whose authority has no key here`, async (t) => {
    const tree = temporaryTree(t, { leaf: 'fresh' });
    damage(tree, 'serving-kube-apiserver');
    authorityWithoutKey(tree, 'server-ca');
    foreignKey(tree, 'client-admin');
    const touched = ['client-admin', ...(isTakenAway ? ['serving-kube-apiserver'] : [])]
      .map((id) => tree.leaf(id))
      .flatMap(({ certificatePath, keyPath }) => [certificatePath, keyPath])
      .sort();
    const before = fingerprintTree(`${tree.root}${tree.dataDir}`);
    const line = ['--root', tree.root, 'prestart', '--unit', 'rke2-server', '--strict'];

    const { status, document } = await runJson<PrestartReport>(line);
    // What is taken away the product makes anew; what only has expired stays, until somebody brings the authority's key.
    t.is(status, isTakenAway ? 0 : 2);
    t.deepEqual(
      document.left.map(({ code }) => code),
      isTakenAway ? [] : ['AuthorityKeyMissing'],
    );
    t.is(document.decision, 'repaired');
    t.deepEqual([...document.changed].sort(), touched);
    const changed = changedPaths(before, fingerprintTree(`${tree.root}${tree.dataDir}`));
    t.deepEqual(
      changed.map((path) => tree.dataDir + path),
      touched,
    );
    const others = { ...tree, leaves: tree.leaves.filter(({ id }) => id !== 'serving-kube-apiserver') };
    const healed = faultsOf(others, { at: [Date.now()] });
    t.deepEqual(healed, []);
    t.true(document.reasons.some(({ code }) => code === 'AuthorityKeyMissing'));
    t.regex((await runCli(['--root', tree.root, 'status'])).stdout, /could not take part in verifying the new set/);
  });
}
