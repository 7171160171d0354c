import { existsSync, readFileSync, renameSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { defaultConfig } from '../../src/config/default-config.ts';
import type { Config } from '../../src/config/config.ts';
import type { Ports } from '../../src/survey/ports.ts';
import { openApi } from '../../src/system/open-api.ts';
import { apiServerOf, type ApiServer } from '../fixtures/api-server.ts';
import type { Tree } from '../fixtures/tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { live, pass, type Life, type Step } from './life.ts';

/* The daemon beside an API server: real files, real TLS, a script's clock. */

interface Node {
  readonly tree: Tree;
  readonly server: ApiServer;
  /** Conversations that were opened and not closed. */
  readonly open: () => number;
  readonly lives: (
    report: Config['cluster']['report'],
    steps: readonly Step[],
    stop?: AbortController,
  ) => Promise<Life>;
}

async function nodeOf(t: ExecutionContext): Promise<Node> {
  const tree = temporaryTree(t, { product: 'k3s', nodeName: 'node-1', nodeIp: '10.0.0.1' });
  const server = await apiServerOf(t, tree);
  let open = 0;
  const withApi = (ports: Ports): Ports => ({
    ...ports,
    openApi: (target) => {
      open += 1;
      const session = openApi({ ...target, port: server.port });
      return Promise.resolve({
        ...session,
        close: () => {
          open -= 1;
          session.close();
        },
      });
    },
  });
  return {
    tree,
    server,
    open: () => open,
    lives: (report, steps, stop) =>
      live(tree.root, steps, {
        settings: () => ({ ...defaultConfig, cluster: { report } }),
        ports: withApi,
        ...(stop === undefined ? {} : { stop }),
      }),
  };
}

/** Lets a report that was begun come to its end, in the time of this machine. */
const real: Step = async () => {
  await wait(700);
  return undefined;
};
/** So long a wait that a check follows it. */
const hour: Step = () => ({ ms: 3_700_000 });

function events({ tree }: Node, event: string): readonly { readonly reason?: string; readonly message: string }[] {
  return readFileSync(tree.host('/var/lib/certmend/audit.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly event: string; readonly reason?: string; readonly message: string })
    .filter((record) => record.event === event);
}

test.serial('a daemon that is to tell nothing asks nobody, and keeps nothing for it', async (t) => {
  const node = await nodeOf(t);
  const { waits } = await node.lives('off', [hour, hour]);
  t.deepEqual(node.server.asked, []);
  t.false(existsSync(node.tree.host('/var/lib/certmend/cluster')));
  t.true(waits.every((ms) => ms > 3_000_000));
});

test.serial('a daemon tells the cluster within half a minute of its first check, and says so once', async (t) => {
  const node = await nodeOf(t);
  const life = await node.lives('certificates', [real, real, real, hour, real, real, hour]);
  t.true((life.waits[0] ?? Infinity) <= 30_000);
  t.true(node.server.objects.size > 20);
  t.is(events(node, 'cluster-told').length, 1);
  t.is(node.open(), 0);
  t.regex(life.snapshots.at(-1)?.metrics ?? '', /^certmend_cluster_told_timestamp_seconds \d{10}/m);
  t.regex(life.snapshots.at(-1)?.metrics ?? '', /^certmend_cluster_report_failing 0$/m);
});

test.serial('no check waits for an API server that hangs, and neither does the end of the daemon', async (t) => {
  const node = await nodeOf(t);
  node.server.is.hangs = true;
  const begun = performance.now();
  const life = await node.lives('certificates', [real, real, hour, hour, hour, hour]);
  t.true(node.server.asked.length > 0);
  t.true(life.snapshots.length >= 4, String(life.snapshots.length));
  t.true(performance.now() - begun < 9000);
  t.is(node.open(), 0);
});

test.serial(
  'what the cluster refuses stands in the status line and once in the journal; an API server that is away does not',
  async (t) => {
    const node = await nodeOf(t);
    node.server.is.hasResource = false;
    const steps = [real, real, real, real, real, real, hour, real, real];
    const refused = await node.lives('certificates', steps);
    t.regex(
      refused.told.findLast((line) => line.startsWith('status: ')) ?? '',
      /the cluster was not told: it has no NodeCertificate/,
    );
    t.is(events(node, 'cluster-not-told').length, 1);
    t.like(events(node, 'cluster-not-told')[0], { reason: 'ClusterRefused' });
    t.regex(refused.snapshots.at(-1)?.metrics ?? '', /^certmend_cluster_report_failing 1$/m);

    Object.assign(node.server.is, { hasResource: true, refuses: { pattern: /./, status: 503 } });
    const away = await node.lives('certificates', [real, real, real, hour]);
    t.notRegex(away.told.join('\n'), /was not told/);
    t.is(events(node, 'cluster-not-told').length, 2);
    Object.assign(node.server.is, { refuses: undefined });
    await node.lives('certificates', [real, real, real]);
    t.is(events(node, 'cluster-told').length, 1);
  },
);

test.serial(
  'what a check finds while a report is on its way is told after it, and what is switched off meanwhile is taken back',
  async (t) => {
    const node = await nodeOf(t);
    const { tree } = node;
    const file = tree.host(`${tree.dataDir}/server/cred/supervisor.kubeconfig`);
    const goes: Step = () => {
      renameSync(file, `${file}.away`);
      return { ms: 3_700_000 };
    };
    // The wait after the first one begins the report; it has not ended when the next check comes.
    const soon: Step = async ({ waits }) => {
      await wait(700);
      return { ms: Math.min(waits.at(-1) ?? 0, 30_000) };
    };
    await node.lives('node', [pass, goes, soon, soon, soon, soon]);
    t.not(node.server.node.labels['certmend.io/certificates'], 'ok');
    const life = await node.lives('off', [real, real, real, hour]);
    t.deepEqual(node.server.node.labels, {});
    t.regex(events(node, 'cluster-told').at(-1)?.message ?? '', /taken back/);
    t.false(existsSync(tree.host('/var/lib/certmend/cluster/told.json')));
    t.true((life.waits.at(-1) ?? 0) > 3_000_000);
  },
);
