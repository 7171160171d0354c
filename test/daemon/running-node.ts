import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ExecutionContext } from 'ava';
import { defaultConfig } from '../../src/config/default-config.ts';
import type { Config } from '../../src/config/config.ts';
import type { State } from '../../src/state/state.ts';
import type { HealthAnswer, Ports } from '../../src/survey/ports.ts';
import { PowerCut } from '../crash/interrupted-writer.ts';
import { fingerprintPaths } from '../fixtures/fingerprint-tree.ts';
import type { Tree } from '../fixtures/tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { live, type Life, type LifeOptions, type Step } from './life.ts';

export const dayMs = 86_400_000;

/** An RKE2 server whose components do as they are told, on real files. */
export interface Node {
  readonly tree: Tree;
  /** End of the API server's certificate as it was made. */
  readonly end: number;
  /** What the components do. */
  is: {
    running: boolean | undefined;
    state: 'up' | 'starting';
    activeForMs: number;
    invocation: string;
    /** Whether systemd says which start it is, each time that it is asked. */
    isSaid: () => boolean;
    afterDeath?: boolean;
    /** Whether a port answers, and a component is well, with the certificates that are on the disk. */
    answers: (isOld: boolean) => boolean;
    health: (isOld: boolean) => HealthAnswer;
  };
}

export function certificateOf(tree: Tree, id: string): X509Certificate {
  return new X509Certificate(readFileSync(tree.host(tree.leaf(id).certificatePath)));
}

export function keyOf(tree: Tree, id: string): KeyObject {
  return createPrivateKey(readFileSync(tree.host(tree.leaf(id).keyPath)));
}

export function endOf(tree: Tree, id: string): number {
  return Date.parse(certificateOf(tree, id).validTo);
}

export function nodeOf(t: ExecutionContext): Node {
  const tree = temporaryTree(t, { product: 'rke2' });
  return {
    tree,
    end: endOf(tree, 'serving-kube-apiserver'),
    is: {
      running: true,
      state: 'up',
      activeForMs: 3_600_000,
      invocation: 'a',
      isSaid: () => true,
      answers: () => true,
      health: () => ({ is: 'well' }),
    },
  };
}

const served: Readonly<Record<number, string>> = {
  6443: 'serving-kube-apiserver',
  2379: 'etcd/server-client',
  10257: 'kube-controller-manager/kube-controller-manager',
};

function isWhole(tree: Tree): boolean {
  return readFileSync(tree.host(tree.leaf('serving-kube-apiserver').certificatePath)).length > 0;
}

/** The daemon of a node whose components take what is on the disk at once. */
export function lifeOf(node: Node, daysLeft: number, steps: readonly Step[], options: LifeOptions = {}): Promise<Life> {
  const { tree, end, is } = node;
  const isOld = (): boolean => isWhole(tree) && endOf(tree, 'serving-kube-apiserver') === end;
  return live(tree.root, steps, {
    start: end - daysLeft * dayMs,
    ...options,
    ports: (ports): Ports => ({
      ...ports,
      synchronisation: () => 'synchronised',
      ...options.ports?.(ports),
      serviceRunning: () => is.running,
      unitRun: () =>
        is.isSaid()
          ? { state: is.state, invocation: is.invocation, forMs: is.activeForMs, afterDeath: is.afterDeath }
          : undefined,
      servedChain: (port) => {
        const id = served[port];
        return Promise.resolve(id === undefined || !is.answers(isOld()) ? undefined : [certificateOf(tree, id).raw]);
      },
      askHealth: () => Promise.resolve(is.health(isOld())),
    }),
  });
}

export const settings =
  (change: { readonly live?: Partial<Config['live']>; readonly windows?: readonly string[] }) =>
  (): Partial<Config> => ({
    live: { ...defaultConfig.live, ...change.live },
    maintenance: { windows: change.windows ?? [] },
  });

export function stateOf({ tree }: Node): State {
  return JSON.parse(readFileSync(join(tree.root, 'var/lib/certmend/dynamic-cert.json'), 'utf8')) as State;
}

export function records(
  { tree }: Node,
  event: string,
): readonly { readonly reason?: string; readonly message: string }[] {
  return readFileSync(join(tree.root, 'var/lib/certmend/audit.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly event: string; readonly reason?: string; readonly message: string })
    .filter((record) => record.event === event);
}

export function bytesOf({ tree }: Node): ReadonlyMap<string, unknown> {
  return fingerprintPaths(tree.root, [tree.dataDir]);
}

export const never = ['Mon 00:00-00:01 Pacific/Kiritimati'];

/** What the daemon renews: what lies below the agent's directory is not its. */
export function renewable({ tree }: Node): readonly string[] {
  return tree.leaves.filter(({ reissuedAtStart }) => !reissuedAtStart).map(({ id }) => id);
}

/** So long a wait that a check follows it. */
export const hour: Step = () => ({ ms: 3_700_000 });
export const day: Step = () => ({ ms: dayMs });

/** Ports under which the process is gone before the n-th call that changes a file, from `from` on. */
export function dyingAt(nth: number, counted: { calls: number }): (ports: Ports) => Ports {
  return (ports) => ({
    ...ports,
    writeSide: async () => {
      const side = await ports.writeSide();
      const writer = new Proxy(side.writer, {
        get:
          (target, name: keyof typeof side.writer) =>
          (...words: readonly unknown[]): unknown => {
            counted.calls += 1;
            if (counted.calls >= nth) throw new PowerCut('first');
            return (target[name] as (...given: readonly unknown[]) => unknown)(...words);
          },
      });
      return { ...side, writer };
    },
  });
}
