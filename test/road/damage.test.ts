import test, { type ExecutionContext } from 'ava';
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckReport, PrestartReport } from '../../src/report/document.ts';
import type { ReasonCode } from '../../src/reason.ts';
import { runJson } from '../cli/run-cli.ts';
import {
  agentKeyGarbage,
  corruptKubeconfig,
  corruptListener,
  legacyKeyGarbage,
  missingKubeconfig,
} from '../fixtures/damage-node.ts';
import { pairDamages } from '../fixtures/damage-pair.ts';
import { directoryInPlace, fifoInPlace, unreadableKinds } from '../fixtures/damage.ts';
import { changedPaths, fingerprintPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import type { Tree } from '../fixtures/tree.ts';
import { faultsOf } from './sound-node.ts';
import { temporaryTree } from './temporary-tree.ts';

/*
 * Each single kind of damage (architecture, Answers) in turn, on a node that is healthy otherwise: found, healed by one run, by the
 * judgement of openssl; protected paths and healthy pairs untouched; the next run has nothing to do.
 */

interface Expected {
  readonly decision: PrestartReport['decision'];
  /** Paths that may change besides the damaged entry's own. */
  readonly also?: readonly string[];
}

async function heals(
  t: ExecutionContext,
  damage: (tree: Tree) => readonly string[],
  expected: Expected = { decision: 'repaired' },
): Promise<void> {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  const mine = damage(tree);
  const before = fingerprintTree(`${tree.root}${tree.dataDir}`);
  const protectedBefore = fingerprintPaths(tree.root, tree.protectedPaths);

  const found = await runJson<CheckReport>(['--root', tree.root, 'check']);
  t.not(found.document.health.level, 'ok');
  const { document, status } = await runJson<PrestartReport>([
    '--root',
    tree.root,
    'prestart',
    '--unit',
    'rke2-server',
    '--strict',
  ]);
  t.is(status, 0);
  t.is(document.decision, expected.decision);
  t.deepEqual(faultsOf(tree, { at: [Date.now()] }), []);
  t.deepEqual(changedPaths(protectedBefore, fingerprintPaths(tree.root, tree.protectedPaths)), []);
  if (expected.decision === 'repaired') {
    const changed = changedPaths(before, fingerprintTree(`${tree.root}${tree.dataDir}`)).map(
      (path) => `${tree.dataDir}${path}`,
    );
    t.deepEqual(
      changed.filter((path) => !mine.includes(path)),
      [],
      'healthy pairs are not moved',
    );
  }
  const again = await runJson<PrestartReport>(['--root', tree.root, 'prestart', '--unit', 'rke2-server', '--strict']);
  t.is(again.document.decision, 'nothing-to-do');
}

const victims = ['serving-kube-apiserver', 'etcd/peer-server-client'] as const;

for (const [index, [name, damage]] of Object.entries(pairDamages).entries()) {
  const id = victims[index % victims.length] ?? victims[0];
  // Age makes the whole set due; everything else, drift too, is answered for the pair alone.
  const decision = /expired|near/i.test(name) ? 'rotated' : 'repaired';
  const isClockOnly = /not.yet/i.test(name);
  test.serial(
    `prestart heals a pair with ${name}`,
    heals,
    (tree: Tree) => {
      damage(tree, id);
      const { certificatePath, keyPath } = tree.leaf(id);
      return [certificatePath, keyPath];
    },
    { decision: isClockOnly ? 'repaired' : decision },
  );
}

for (const [name, damage] of Object.entries(unreadableKinds)) {
  for (const part of ['certificatePath', 'keyPath'] as const) {
    test.serial(
      `prestart heals a ${part === 'keyPath' ? 'key' : 'certificate'} that is ${name}`,
      heals,
      (tree: Tree) => {
        const leaf = tree.leaf('etcd/server-client');
        damage(tree, leaf[part]);
        return [leaf.certificatePath, leaf.keyPath];
      },
    );
  }
}

test.serial('prestart writes a missing credential kubeconfig again', async (t) => {
  await heals(t, (tree) => {
    const [path = ''] = tree.credentials;
    missingKubeconfig(tree, path);
    return [path];
  });
});

test.serial('prestart writes a corrupt credential kubeconfig again and keeps the damaged bytes', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  const [path = ''] = tree.credentials;
  corruptKubeconfig(tree, path);
  const { document } = await runJson<PrestartReport>([
    '--root',
    tree.root,
    'prestart',
    '--unit',
    'rke2-server',
    '--strict',
  ]);
  t.like(document, { decision: 'repaired', changed: [path] });
  t.true(readdirSync(`${tree.root}/var/lib/certmend/quarantine`).length > 0);
});

test.serial('prestart takes an unparsable shared key away, which the service would refuse to start with', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  const path = legacyKeyGarbage(tree);
  const { document } = await runJson<PrestartReport>([
    '--root',
    tree.root,
    'prestart',
    '--unit',
    'rke2-server',
    '--strict',
  ]);
  t.like(document, { decision: 'repaired', changed: [path] });
  t.false(existsSync(tree.host(path)));
});

test.serial('prestart takes an unparsable agent key away, which the service would refuse to start with', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  const path = agentKeyGarbage(tree);
  const { document } = await runJson<PrestartReport>([
    '--root',
    tree.root,
    'prestart',
    '--unit',
    'rke2-server',
    '--strict',
  ]);
  t.like(document, { decision: 'repaired', changed: [path] });
  t.false(existsSync(tree.host(path)));
});

test.serial('prestart quarantines a listener document that is no Secret and asks for a new one', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  corruptListener(tree);
  const { document } = await runJson<PrestartReport>([
    '--root',
    tree.root,
    'prestart',
    '--unit',
    'rke2-server',
    '--strict',
  ]);
  t.is(document.decision, 'repaired');
  const trigger = tree.listener?.trigger ?? '';
  t.true(existsSync(tree.host(trigger)));
  t.false(existsSync(tree.host(tree.listener?.path ?? '')));
  t.deepEqual(
    document.reasons.map(({ code }): ReasonCode => code),
    ['ListenerCorrupt'],
  );
});

for (const [what, place] of [
  ['a credential kubeconfig', (tree: Tree) => tree.credentials[0] ?? ''],
  ['the listener document', (tree: Tree) => tree.listener?.path ?? ''],
] as const) {
  for (const [name, damage] of Object.entries({ 'a directory': directoryInPlace, 'a FIFO': fifoInPlace })) {
    test.serial(`prestart takes ${name} in the place of ${what} into quarantine as it is`, async (t) => {
      const tree = temporaryTree(t, { leaf: 'fresh' });
      const path = place(tree);
      damage(tree, path);
      const { ino } = lstatSync(tree.host(path));
      const { document, status } = await runJson<PrestartReport>([
        '--root',
        tree.root,
        'prestart',
        '--unit',
        'rke2-server',
        '--strict',
      ]);
      t.is(status, 0);
      t.is(document.decision, 'repaired');
      t.true(document.changed.includes(path));
      t.is(existsSync(tree.host(path)), path !== tree.listener?.path);
      const quarantine = tree.host('/var/lib/certmend/quarantine');
      const kept = readdirSync(quarantine, { recursive: true, encoding: 'utf8' }).map((each) => join(quarantine, each));
      t.true(kept.some((each) => lstatSync(each).ino === ino));
    });
  }
}
