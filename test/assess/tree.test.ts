import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { assess } from '../../src/assess/assess.ts';
import type { Assessment } from '../../src/assess/assessment.ts';
import { takeInventory } from '../../src/inventory/take-inventory.ts';
import { resolveLayout } from '../../src/layout/resolve-layout.ts';
import { readHostFacts } from '../../src/system/host-facts.ts';
import { createFileReader } from '../../src/system/files/node-file-reader.ts';
import {
  agentKeyGarbage,
  authorityNearEnd,
  authorityWithoutKey,
  corruptKubeconfig,
  corruptListener,
  expiredAuthority,
  expiredListener,
  legacyKeyGarbage,
  listenerOfImpostor,
  listenerOfOtherAuthority,
  mismatchedAuthorityKey,
  missingKubeconfig,
  notYetValidAuthority,
  replacedAuthority,
  staleKubeconfig,
  truncatedAuthority,
  truncatedAuthorityKey,
} from '../fixtures/damage-node.ts';
import * as pair from '../fixtures/damage-pair.ts';
import {
  directoryInPlace,
  emptyFile,
  linkLeavingDataDir,
  removeFile,
  truncateFile,
  weakPermissions,
  type FileDamage,
} from '../fixtures/damage.ts';
import { makeTree, type Tree, type TreeOptions } from '../fixtures/tree.ts';
import { reasons } from '../../src/reason.ts';
import { believed, inputFor } from './sample-node.ts';

// Real certificates in the shape the products write, made with the openssl CLI: what the rules see must be what is there.

function treeFor(t: ExecutionContext, options: Omit<TreeOptions, 'directory'> = {}): Tree {
  const directory = mkdtempSync(join(tmpdir(), 'certmend-assess-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return makeTree({ ...options, directory: join(directory, 'node') });
}

function assessmentOf(tree: Tree, serviceRunning = false): Assessment {
  const reader = createFileReader(tree.root);
  const answer = resolveLayout({ unit: tree.unit }, reader, readHostFacts(tree.root));
  if (!answer.ok) throw new Error(answer.problem);
  const inventory = takeInventory(answer.layout, reader);
  return assess(inputFor(inventory, { now: tree.now, clock: believed, serviceRunning }));
}

function lines(tree: Tree, serviceRunning = false): readonly string[] {
  return assessmentOf(tree, serviceRunning).findings.map(({ id, code, severity, answer }) => {
    if (rank[severity] > rank[reasons[code].worst])
      throw new Error(`${code} is ${severity}, and its row says otherwise`);
    return `${id ?? 'node'} ${code} ${severity} ${answer}`;
  });
}

const rank = { note: 0, warning: 1, critical: 2, error: -1 };

const healthy: readonly (readonly [title: string, options: Omit<TreeOptions, 'directory'>])[] = [
  ['rke2 server', {}],
  ['rke2 agent', { role: 'agent' }],
  ['k3s server', { product: 'k3s' }],
  ['rke2 server with RSA authorities', { algorithm: 'rsa' }],
  ['rke2 server with a chain of four', { chain: 'four' }],
];
for (const [title, options] of healthy) {
  test(`assess finds nothing wrong with a healthy ${title}`, (t) => {
    const { findings, health, rows } = assessmentOf(treeFor(t, options));
    t.deepEqual(
      findings.filter(({ severity }) => severity !== 'note'),
      [],
    );
    t.is(health.level, 'ok');
    t.true(rows.every(({ status }) => status === 'OK'));
  });
}

const id = 'serving-kube-apiserver';

function onFile(damage: FileDamage, part: 'certificatePath' | 'keyPath'): pair.PairDamage {
  return (tree, leaf) => {
    damage(tree, tree.leaf(leaf)[part]);
  };
}

function onAuthority(damage: pair.PairDamage, authority: string): (tree: Tree) => void {
  return (tree) => {
    damage(tree, authority);
  };
}

function onPath(damage: FileDamage, path: string): (tree: Tree) => void {
  return (tree) => {
    damage(tree, `${tree.dataDir}/${path}`);
  };
}

const leafDamages: readonly (readonly [title: string, damage: pair.PairDamage, line: string])[] = [
  ['a key of another pair', pair.foreignKey, 'KeyMismatch critical repair'],
  ['an impostor as issuer', pair.foreignIssuer, 'SignatureInvalid critical repair'],
  ['another authority as issuer', pair.otherAuthority, 'IssuerMismatch critical repair'],
  ['a bad signature', pair.badSignature, 'SignatureInvalid critical repair'],
  ['an expired certificate', pair.expired, 'LeafExpired critical rotate'],
  ['a certificate near its end', pair.nearEnd, 'LeafRenewDue warning rotate'],
  ['a certificate of the future', pair.notYetValid, 'LeafNotYetValid critical repair'],
  ['the wrong usages', pair.wrongUsage, 'UsageMismatch critical repair'],
  ['a name less', pair.missingSan, 'SanMissing warning repair'],
  ['the wrong common name', pair.wrongCommonName, 'IdentityDrift warning repair'],
  ['the wrong organization', pair.wrongOrganization, 'IdentityDrift warning repair'],
  ['no chain', pair.withoutChain, 'ChainIncomplete warning repair'],
  ['no certificate', pair.withoutCertificate, 'LeafMissing critical repair'],
  ['no key', pair.withoutKey, 'KeyMissing critical repair'],
  ['an empty certificate', onFile(emptyFile, 'certificatePath'), 'LeafUnreadable critical repair'],
  ['a truncated key', onFile(truncateFile, 'keyPath'), 'KeyUnreadable critical repair'],
  [
    'a directory in place of its certificate',
    onFile(directoryInPlace, 'certificatePath'),
    'LeafUnreadable critical repair',
  ],
  [
    'a link out of the data directory',
    onFile(linkLeavingDataDir, 'certificatePath'),
    'LeafUnreadable critical operator',
  ],
  ['a key that everybody reads', onFile(weakPermissions, 'keyPath'), 'WeakPermissions warning none'],
];
for (const [title, damage, line] of leafDamages) {
  test(`assess sees a real pair with ${title}`, (t) => {
    const tree = treeFor(t);
    damage(tree, id);
    t.deepEqual(lines(tree), [`${id} ${line}`]);
  });
}

const nodeDamages: readonly (readonly [title: string, damage: (tree: Tree) => void, expected: readonly string[]])[] = [
  [
    'an authority without a key',
    onAuthority(authorityWithoutKey, 'client-ca'),
    ['client-ca AuthorityKeyMissing warning operator'],
  ],
  [
    'a truncated authority',
    onAuthority(truncatedAuthority, 'client-ca'),
    ['client-ca AuthorityUnreadable critical operator'],
  ],
  [
    'a truncated authority key',
    onAuthority(truncatedAuthorityKey, 'client-ca'),
    ['client-ca ProtectedFileDamaged critical operator'],
  ],
  [
    "another authority's key",
    onAuthority(mismatchedAuthorityKey, 'client-ca'),
    ['client-ca AuthorityKeyMismatch critical operator'],
  ],
  ['an expired listener', expiredListener, ['dynamic-cert ListenerExpired critical regenerate-listener']],
  [
    'a listener of another authority',
    listenerOfOtherAuthority,
    ['dynamic-cert ListenerIssuerMismatch critical regenerate-listener'],
  ],
  [
    'a listener of an impostor',
    listenerOfImpostor,
    ['dynamic-cert ListenerIssuerMismatch critical regenerate-listener'],
  ],
  ['a corrupt listener', corruptListener, ['dynamic-cert ListenerCorrupt critical quarantine']],
  [
    'a missing kubeconfig',
    onPath(missingKubeconfig, 'server/cred/admin.kubeconfig'),
    ['cred/admin.kubeconfig KubeconfigMissing critical write-kubeconfig'],
  ],
  [
    'a corrupt kubeconfig',
    onPath(corruptKubeconfig, 'server/cred/admin.kubeconfig'),
    ['cred/admin.kubeconfig KubeconfigCorrupt critical write-kubeconfig'],
  ],
  [
    'a kubeconfig that refers elsewhere',
    onPath(staleKubeconfig, 'server/cred/admin.kubeconfig'),
    ['cred/admin.kubeconfig KubeconfigCorrupt warning write-kubeconfig'],
  ],
  ['a damaged shared key', legacyKeyGarbage, ['client-kubelet.key KeyUnreadable critical quarantine']],
  ['a damaged agent key', agentKeyGarbage, ['agent/client-kubelet KeyUnreadable critical quarantine']],
  [
    'a truncated service account key',
    onPath(truncateFile, 'server/tls/service.key'),
    ['service.key ProtectedFileDamaged critical operator'],
  ],
  [
    'no password file',
    onPath(removeFile, 'server/cred/passwd'),
    ['cred/passwd ProtectedFileDamaged critical operator'],
  ],
];
for (const [title, damage, expected] of nodeDamages) {
  test(`assess sees a real node with ${title}`, (t) => {
    const tree = treeFor(t);
    damage(tree);
    t.deepEqual(lines(tree), expected);
  });
}

test('assess sees an authority near its end, and every leaf under it only when nothing lasts longer', (t) => {
  const tree = treeFor(t);
  authorityNearEnd(tree, 'request-header-ca');
  const found = lines(tree);
  t.true(found.includes('request-header-ca AuthorityExpiring critical operator'));
  t.true(found.includes('client-auth-proxy LeafRenewDue warning operator'));
});

test('assess sees an expired authority, and its leaves blocked by it', (t) => {
  const tree = treeFor(t);
  expiredAuthority(tree, 'request-header-ca');
  const { findings, rows } = assessmentOf(tree);
  t.true(findings.some((finding) => finding.id === 'request-header-ca' && finding.code === 'AuthorityExpired'));
  t.is(rows.find((row) => row.id === 'client-auth-proxy')?.status, 'EXPIRED');
  t.true(
    findings
      .filter((finding) => finding.id === 'client-auth-proxy')
      .every((finding) => finding.answer === 'operator' && finding.blocked?.by === 'AuthorityExpired'),
  );
});

test('assess sees an authority of the future and one that was replaced', (t) => {
  const tree = treeFor(t);
  notYetValidAuthority(tree, 'request-header-ca');
  replacedAuthority(tree, 'etcd/peer-ca');
  const found = lines(tree);
  t.true(found.includes('request-header-ca AuthorityNotYetValid critical operator'));
  t.true(found.includes('etcd/peer-server-client IssuerMismatch critical repair'));
});

test('assess sees the whole of a tree that expired 35 days ago, and that the product re-issues a part of it', (t) => {
  const { findings, health, rows } = assessmentOf(treeFor(t, { leaf: 'expired' }));
  t.is(health.level, 'critical');
  t.deepEqual(
    [
      ...new Set(
        findings.filter(({ severity }) => severity === 'critical').map(({ code, answer }) => `${code} ${answer}`),
      ),
    ],
    ['LeafExpired rotate', 'ListenerExpired regenerate-listener'],
  );
  t.true(findings.some((finding) => finding.id === 'agent/client-kubelet' && finding.code === 'ReissuedAtStart'));
  t.true(rows.filter(({ role }) => role === 'leaf').every(({ status }) => status === 'EXPIRED'));
});

test('assess calls the expired certificates of an agent critical while its service runs', (t) => {
  const tree = treeFor(t, { role: 'agent', leaf: 'expired' });
  t.is(assessmentOf(tree, false).health.level, 'ok');
  t.is(assessmentOf(tree, true).health.level, 'critical');
});
