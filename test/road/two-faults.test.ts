import test, { type ExecutionContext } from 'ava';
import { existsSync, statSync, utimesSync } from 'node:fs';
import type { PrestartReport } from '../../src/report/document.ts';
import { runBuilt } from '../cli/built.ts';
import {
  agentKeyGarbage,
  authorityMissing,
  authorityWithoutKey,
  corruptListener,
  legacyKeyGarbage,
  missingKubeconfig,
  truncatedAuthority,
  truncatedAuthorityKey,
} from '../fixtures/damage-node.ts';
import { notYetValid, reissueLeaf, swapKeys, withoutCertificate, wrongUsage } from '../fixtures/damage-pair.ts';
import { emptyFile, garbageFile, truncateFile } from '../fixtures/damage.ts';
import { day, type Tree } from '../fixtures/tree.ts';
import { datastoreOf, startProduct } from './product-start.ts';
import { temporaryTree } from './temporary-tree.ts';

/*
 * Two faults at once. Every pair of the single faults that were tried on the real product, and each fault of an authority
 * with each of a pair: after one run of the boot hook the product comes up at its next start. What cannot be issued
 * because its authority is gone is taken away, since the product restores the authority and makes anew what is missing.
 */

type Damage = (tree: Tree) => void;

/** The damage of a torn write that the product sees as older than its datastore's copy. */
function withOldTime(path: (tree: Tree) => string, damage: Damage): Damage {
  return (tree) => {
    const { mtimeMs } = statSync(tree.host(path(tree)));
    damage(tree);
    utimesSync(tree.host(path(tree)), mtimeMs / 1000, mtimeMs / 1000);
  };
}

const certificateOf =
  (id: string) =>
  (tree: Tree): string =>
    tree.authority(id).certificatePath;

const authorityFaults: Readonly<Record<string, Damage>> = {
  'server-ca.crt truncated, new time': (tree) => {
    truncatedAuthority(tree, 'server-ca');
  },
  'server-ca.crt truncated, old time': withOldTime(certificateOf('server-ca'), (tree) => {
    truncatedAuthority(tree, 'server-ca');
  }),
};

const otherFaults: Readonly<Record<string, Damage>> = {
  'serving-kube-apiserver.crt empty': (tree) => {
    emptyFile(tree, tree.leaf('serving-kube-apiserver').certificatePath);
  },
  'etcd/peer-server-client.crt truncated': (tree) => {
    truncateFile(tree, tree.leaf('etcd/peer-server-client').certificatePath);
  },
  'keys of controller and scheduler swapped': (tree) => {
    swapKeys(tree, 'client-controller', 'client-scheduler');
  },
  'controller.kubeconfig missing': (tree) => {
    missingKubeconfig(tree, `${tree.dataDir}/server/cred/controller.kubeconfig`);
  },
  'serving-kube-apiserver.crt not valid yet': (tree) => {
    const path = tree.leaf('serving-kube-apiserver').certificatePath;
    // The other fault may have emptied it, or the authority that would sign it.
    if (statSync(tree.host(path)).size === 0) return;
    const validity = { notBefore: Date.now() + 9 * day, notAfter: Date.now() + 374 * day };
    reissueLeaf(tree, 'serving-kube-apiserver', { validity });
  },
  'dynamic-cert.json garbage': corruptListener,
  'agent/client-kubelet.key garbage': agentKeyGarbage,
  'client-kubelet.key empty': (tree) => {
    emptyFile(tree, legacyKeyGarbage(tree));
  },
  'every certificate and the listener zero bytes': (tree) => {
    for (const { certificatePath } of tree.leaves) emptyFile(tree, certificatePath);
    emptyFile(tree, tree.listener?.path ?? '');
  },
};

/** Beside those of the laboratory: what else an authority can lack, and what else a pair can. */
const moreAuthorityFaults: Readonly<Record<string, Damage>> = {
  'server-ca.crt missing': (tree) => {
    authorityMissing(tree, 'server-ca');
  },
  'server-ca.key missing': (tree) => {
    authorityWithoutKey(tree, 'server-ca');
  },
  'server-ca.key truncated': withOldTime(
    (tree) => tree.authority('server-ca').keyPath,
    (tree) => {
      truncatedAuthorityKey(tree, 'server-ca');
    },
  ),
};

const pairFaults: Readonly<Record<string, Damage>> = {
  'a key garbage': (tree) => {
    garbageFile(tree, tree.leaf('serving-kube-apiserver').keyPath);
  },
  'no certificate beside a garbage key': (tree) => {
    withoutCertificate(tree, 'serving-kube-apiserver');
    garbageFile(tree, tree.leaf('serving-kube-apiserver').keyPath);
  },
  'the wrong usages': (tree) => {
    wrongUsage(tree, 'serving-kube-apiserver');
  },
  'a certificate a year ahead': (tree) => {
    notYetValid(tree, 'serving-kube-apiserver');
  },
};

async function comesUp(t: ExecutionContext, damages: readonly Damage[], repairBootstrap: boolean): Promise<void> {
  const tree = temporaryTree(t, { leaf: 'fresh', now: Date.now() - (Date.now() % day) - 3 * day });
  const datastore = datastoreOf(tree);
  t.is(startProduct(tree, datastore), undefined, 'the model starts a healthy node');
  for (const damage of damages) damage(tree);
  const line = ['--root', tree.root, '-o', 'json', 'prestart', '--unit', 'rke2-server', '--strict'];
  const run = await runBuilt(repairBootstrap ? [...line, '--repair-bootstrap'] : line);
  t.notThrows(() => JSON.parse(run.stdout) as PrestartReport, run.stderr);
  t.is(startProduct(tree, datastore), undefined, run.stdout);
  t.true(tree.authorities.every(({ certificatePath }) => existsSync(tree.host(certificatePath))));
}

const table = { ...otherFaults, ...authorityFaults };
const names = Object.keys(table);
for (const [index, first] of names.entries()) {
  for (const second of names.slice(index + 1)) {
    if (first in authorityFaults && second in authorityFaults) continue;
    // Leaves first: a damage that has to sign something needs the authority.
    const damages = [first, second].flatMap((name) => table[name] ?? []);
    const asked = [first, second].some((name) => name.includes('new time'));
    test(
      `prestart and then the product bring a node back from two faults: ${first}; ${second}`,
      comesUp,
      damages,
      asked,
    );
  }
}
for (const [first, authority] of Object.entries({ ...authorityFaults, ...moreAuthorityFaults })) {
  const others = first in authorityFaults ? pairFaults : { ...pairFaults, ...otherFaults };
  for (const [second, damage] of Object.entries(others)) {
    const title = `prestart and then the product bring a node back from a fault of an authority and one beside it: ${first}; ${second}`;
    test(title, comesUp, [damage, authority], first.includes('new time'));
  }
}
