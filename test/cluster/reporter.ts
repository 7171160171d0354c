import { readFileSync } from 'node:fs';
import type { ExecutionContext } from 'ava';
import { noArguments } from '../../src/cli/command.ts';
import { tellCluster, type Told } from '../../src/cluster/tell-cluster.ts';
import { compose } from '../../src/composition.ts';
import { emptyMemory } from '../../src/inventory/inventory-memory.ts';
import { loadState } from '../../src/state/load-state.ts';
import { emptyState } from '../../src/state/transitions.ts';
import type { State } from '../../src/state/state.ts';
import type { Ports } from '../../src/survey/ports.ts';
import { survey } from '../../src/survey/survey.ts';
import { openApi } from '../../src/system/open-api.ts';
import { apiServerOf, type ApiServer } from '../fixtures/api-server.ts';
import type { Tree } from '../fixtures/tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';

/** A node and the API server of its cluster; each report is one of the daemon's, so many milliseconds after now. */
export interface Reporter {
  readonly tree: Tree;
  readonly server: ApiServer;
  /** What it was asked since the last call of this. */
  readonly asked: () => readonly string[];
  readonly tell: (
    level?: 'off' | 'node' | 'certificates',
    options?: { readonly inMs?: number; readonly isWhole?: boolean; readonly state?: (state: State) => State },
  ) => Promise<Told | undefined>;
}

const silent = { write: (): undefined => undefined, isTerminal: false, columns: undefined };

export async function reporterOf(t: ExecutionContext, role: 'server' | 'agent' = 'server'): Promise<Reporter> {
  const cluster = temporaryTree(t, { product: 'k3s', nodeName: 'node-1', nodeIp: '10.0.0.1' });
  const tree = role === 'server' ? cluster : temporaryTree(t, { product: 'k3s', role, nodeName: 'node-2', cluster });
  const server = await apiServerOf(t, cluster);
  const io = { stdout: silent, stderr: silent, env: { PATH: process.env['PATH'] }, confirm: undefined };
  const base = await compose(
    { ...noArguments, root: tree.root },
    { ...io, damagedParts: () => [] },
    { askSystemd: false },
  );
  let before = 0;
  return {
    tree,
    server,
    asked: () => {
      const since = server.asked.slice(before);
      before = server.asked.length;
      return since;
    },
    tell: async (level = 'certificates', { inMs = 0, isWhole = false, state = (same: State): State => same } = {}) => {
      const ports: Ports = {
        ...base,
        memory: emptyMemory(),
        clock: { ...base.clock, now: () => Date.now() + inMs },
        synchronisation: () => 'synchronised',
        openApi: (target) => Promise.resolve(openApi({ ...target, port: server.port })),
      };
      const seen = await survey(ports);
      const loaded = loadState(ports.reader);
      const node = { machineId: '0', nodeName: tree.nodeName, layout: seen.layout.name, dataDir: tree.dataDir };
      const known = loaded.kind === 'loaded' ? loaded.state : emptyState(node, ports.clock.now());
      const stopping = new AbortController().signal;
      return tellCluster(ports, { survey: seen, state: state(known) }, { level, isWhole, stopping });
    },
  };
}

export function memoryOf({ tree }: Reporter): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(tree.host('/var/lib/certmend/cluster/told.json'), 'utf8')) as Record<string, unknown>;
}
