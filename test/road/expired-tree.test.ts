import test, { type ExecutionContext } from 'ava';
import type { PrestartReport } from '../../src/report/document.ts';
import { runJson } from '../cli/run-cli.ts';
import { changedPaths, fingerprintPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { opensslFingerprint } from '../fixtures/openssl.ts';
import type { TreeOptions } from '../fixtures/tree.ts';
import { faultsOf } from './sound-node.ts';
import { temporaryTree } from './temporary-tree.ts';

/** The main job: everything has expired 35 days ago, one command, and the node is sound by everybody's measure. */
async function comesBack(t: ExecutionContext, options: Omit<TreeOptions, 'directory'>): Promise<void> {
  const tree = temporaryTree(t, { leaf: 'expired', ...options });
  const unit = tree.unit;
  const protectedBefore = fingerprintPaths(tree.root, tree.protectedPaths);
  t.true(protectedBefore.size > 15);

  const { status, document } = await runJson<PrestartReport>([
    '--root',
    tree.root,
    'prestart',
    '--unit',
    unit,
    '--strict',
  ]);
  t.is(status, 0);
  t.like(document, { decision: 'rotated', origin: 'issued' });
  t.deepEqual(faultsOf(tree), []);
  t.deepEqual(changedPaths(protectedBefore, fingerprintPaths(tree.root, tree.protectedPaths)), []);

  const settled = fingerprintTree(tree.root);
  t.deepEqual(
    [...settled.keys()].filter((path) => path.includes('.certmend-') || path.endsWith('journal.json')),
    [],
  );
  const again = await runJson<PrestartReport>(['--root', tree.root, 'prestart', '--unit', unit, '--strict']);
  t.is(again.document.decision, 'nothing-to-do');
  t.deepEqual(changedPaths(settled, fingerprintTree(tree.root)), [], 'a second run right after writes nothing');
}

const variants: Readonly<Record<string, Omit<TreeOptions, 'directory'>>> = {
  'an RKE2 server': {},
  'a K3s server': { product: 'k3s' },
  'a custom data dir': { dataDir: '/data/rke2' },
  'RSA authorities': { algorithm: 'rsa' },
  'P-384 authorities': { algorithm: 'ec384' },
  'a chain of four': { chain: 'four' },
  'a chain of four under K3s': { product: 'k3s', chain: 'four' },
  'tls-san in two files': { tlsSans: ['edge.example.org', '192.0.2.17', 'lb.example.org'] },
};
for (const [name, options] of Object.entries(variants)) test(`prestart brings ${name} back`, comesBack, options);

test('prestart on a healthy node does nothing from its second run on', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  const first = await runJson<PrestartReport>(['--root', tree.root, 'prestart', '--unit', 'rke2-server', '--strict']);
  t.is(first.document.decision, 'nothing-to-do');
  const settled = fingerprintTree(tree.root);
  await runJson(['--root', tree.root, 'prestart', '--unit', 'rke2-server', '--strict']);
  t.deepEqual(changedPaths(settled, fingerprintTree(tree.root)), []);
});

test('prestart commits exactly the standby that was prepared', async (t) => {
  const tree = temporaryTree(t, {
    leaf: { notBefore: Date.now() - 400 * 86_400_000, notAfter: Date.now() + 90 * 86_400_000 },
  });
  const prepared = await runJson<{ generation: number }>(['--root', tree.root, 'standby', 'prepare']);
  const generation = String(prepared.document.generation);
  const held = tree.leaves
    .filter(({ id }) => !id.startsWith('agent/'))
    .map(
      ({ certificatePath }) =>
        [
          certificatePath,
          opensslFingerprint(
            `${tree.root}/var/lib/certmend/generations/${generation}/files${certificatePath.slice(tree.dataDir.length)}`,
          ),
        ] as const,
    );
  const { document } = await runJson<PrestartReport>([
    '--root',
    tree.root,
    'prestart',
    '--unit',
    'rke2-server',
    '--strict',
  ]);
  t.like(document, { decision: 'rotated', origin: 'standby', generation: prepared.document.generation });
  t.deepEqual(
    held,
    held.map(([path]) => [path, opensslFingerprint(tree.host(path))] as const),
  );
  t.deepEqual(faultsOf(tree), []);
});
