import { readFileSync, rmSync } from 'node:fs';
import test from 'ava';
import { runBuilt } from '../cli/built.ts';
import type { Tree } from '../fixtures/tree.ts';
import { temporaryTree } from './temporary-tree.ts';

/* P7: whatever is changed has its reason, in the decision and in the audit log, whatever else is changed beside it. */

const kubeconfig = 'cred/admin.kubeconfig';

interface Report {
  readonly decision: string;
  readonly origin: string | null;
  readonly reasons: readonly { readonly code: string; readonly id: string | null }[];
}

async function hookOn(tree: Tree): Promise<Report> {
  const { stdout, stderr, status } = await runBuilt([
    '--root',
    tree.root,
    'prestart',
    '--unit',
    tree.unit,
    '-o',
    'json',
  ]);
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Report;
}

function reasonsOf(tree: Tree, event: string): readonly (string | undefined)[] {
  return readFileSync(tree.host('/var/lib/certmend/audit.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly event: string; readonly reason?: string })
    .filter((record) => record.event === event)
    .map(({ reason }) => reason);
}

test('a rotation says the reason of what it does beside it: the listener, a kubeconfig', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  rmSync(tree.host(`${tree.dataDir}/server/${kubeconfig}`));
  const { decision, origin, reasons } = await hookOn(tree);
  t.deepEqual([decision, origin], ['rotated', 'issued']);
  t.true(reasons.some(({ code, id }) => code === 'KubeconfigMissing' && id === kubeconfig));
  t.true(reasons.some(({ code, id }) => code === 'ListenerExpired' && id === 'dynamic-cert'));
  t.is(reasons[0]?.code, 'LeafExpired');
  t.deepEqual(reasonsOf(tree, 'kubeconfig-written'), ['KubeconfigMissing']);
});

test('a kubeconfig that is written again is no material that was issued', async (t) => {
  const tree = temporaryTree(t);
  rmSync(tree.host(`${tree.dataDir}/server/${kubeconfig}`));
  const { decision, origin } = await hookOn(tree);
  t.deepEqual([decision, origin], ['repaired', null]);
  t.deepEqual(reasonsOf(tree, 'kubeconfig-written'), ['KubeconfigMissing']);
});
