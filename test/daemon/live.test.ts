import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { defaultConfig } from '../../src/config/default-config.ts';
import type { Config } from '../../src/config/config.ts';
import type { State } from '../../src/state/state.ts';
import type { HealthAnswer, Ports } from '../../src/survey/ports.ts';
import { PowerCut } from '../crash/interrupted-writer.ts';
import { expiredAuthority } from '../fixtures/damage-node.ts';
import { garbageFile } from '../fixtures/damage.ts';
import { changedPaths, fingerprintPaths } from '../fixtures/fingerprint-tree.ts';
import type { Tree } from '../fixtures/tree.ts';
import { runCli } from '../cli/run-cli.ts';
import { survey } from '../../src/survey/survey.ts';
import { portsAt } from '../road/run-at.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { live, pass, type Life, type LifeOptions, type Step } from './life.ts';

/*
 * The node that is never restarted (P12): the daemon renews what runs, by itself, and takes it back when the node is worse
 * for it. Real files and the real daemon; the clock is a script's, and the components answer as they are told to.
 */

const dayMs = 86_400_000;

interface Node {
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

function certificateOf(tree: Tree, id: string): X509Certificate {
  return new X509Certificate(readFileSync(tree.host(tree.leaf(id).certificatePath)));
}

function keyOf(tree: Tree, id: string): KeyObject {
  return createPrivateKey(readFileSync(tree.host(tree.leaf(id).keyPath)));
}

function endOf(tree: Tree, id: string): number {
  return Date.parse(certificateOf(tree, id).validTo);
}

function nodeOf(t: ExecutionContext): Node {
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
function lifeOf(node: Node, daysLeft: number, steps: readonly Step[], options: LifeOptions = {}): Promise<Life> {
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

const settings =
  (change: { readonly live?: Partial<Config['live']>; readonly windows?: readonly string[] }) =>
  (): Partial<Config> => ({
    live: { ...defaultConfig.live, ...change.live },
    maintenance: { windows: change.windows ?? [] },
  });

function stateOf({ tree }: Node): State {
  return JSON.parse(readFileSync(join(tree.root, 'var/lib/certmend/dynamic-cert.json'), 'utf8')) as State;
}

function records({ tree }: Node, event: string): readonly { readonly reason?: string; readonly message: string }[] {
  return readFileSync(join(tree.root, 'var/lib/certmend/audit.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly event: string; readonly reason?: string; readonly message: string })
    .filter((record) => record.event === event);
}

function bytesOf({ tree }: Node): ReadonlyMap<string, unknown> {
  return fingerprintPaths(tree.root, [tree.dataDir]);
}

/** So long a wait that a check follows it. */
const hour: Step = () => ({ ms: 3_700_000 });
const day: Step = () => ({ ms: dayMs });

test('the daemon renews a service that runs, thirty days before an end: new certificates under the same keys, and no other file', async (t) => {
  const node = nodeOf(t);
  const before = fingerprintPaths(node.tree.root, [node.tree.dataDir]);
  await lifeOf(node, 31, [pass, day, pass]);
  const changed = changedPaths(before, fingerprintPaths(node.tree.root, [node.tree.dataDir]));
  t.true(changed.length >= 13);
  t.true(changed.every((path) => path.endsWith('.crt')));
  t.true(endOf(node.tree, 'serving-kube-apiserver') > node.end + 300 * dayMs);
  const { renewal, generations, brake } = stateOf(node);
  t.like(renewal, { phase: 'usual', outcome: 'confirmed', generation: generations.active?.number });
  t.is(generations.confirmed, generations.active?.number ?? -1);
  t.is(brake.commits.length, 1, 'it counts for the day');
  t.is(records(node, 'committed').length, 1);
  t.regex(records(node, 'decided')[0]?.message ?? '', /expires in .*rke2-server\.service is running/);
});

const untouched: readonly (readonly [name: string, daysLeft: number, make: (node: Node) => LifeOptions])[] = [
  ['has more than thirty days left', 32, () => ({})],
  [
    'does not run',
    5,
    ({ is }) => {
      is.running = false;
      return {};
    },
  ],
  [
    'nobody can be asked about',
    5,
    ({ is }) => {
      is.running = undefined;
      return {};
    },
  ],
  [
    'has been up for less than two minutes',
    5,
    ({ is }) => {
      is.activeForMs = 119_000;
      return {};
    },
  ],
  ['is not to be renewed', 5, () => ({ settings: settings({ live: { enabled: false } }) })],
];
for (const [name, daysLeft, make] of untouched) {
  test(`the daemon leaves the certificates of a service alone that ${name}`, async (t) => {
    const node = nodeOf(t);
    const before = bytesOf(node);
    await lifeOf(node, daysLeft, [pass, hour, hour], make(node));
    t.deepEqual(bytesOf(node), before);
    t.is(stateOf(node).renewal, null);
  });
}

test('the daemon waits for a maintenance window, and for none when a week is left', async (t) => {
  const node = nodeOf(t);
  const at = new Date(node.end - 20 * dayMs);
  // A window that opens in six hours, for an hour.
  const text = (ms: number): string => new Date(ms).toISOString().slice(11, 16);
  const opens = at.getTime() + 6 * 3_600_000;
  const options = { settings: settings({ windows: [`${text(opens)}-${text(opens + 3_600_000 * 1.5)} UTC`] }) };
  const seen: boolean[] = [];
  const look: Step = () => {
    seen.push(endOf(node.tree, 'serving-kube-apiserver') === node.end);
    return { ms: 3_700_000 };
  };
  await lifeOf(node, 20, [look, look, look, look, look, look, look, look], options);
  t.deepEqual(seen, [true, true, true, true, true, true, false, false]);

  const other = nodeOf(t);
  const never = { settings: settings({ windows: ['Mon 00:00-00:01 Pacific/Kiritimati'] }) };
  await lifeOf(other, 8, [hour, hour], never);
  t.is(endOf(other.tree, 'serving-kube-apiserver'), other.end);
  await lifeOf(other, 6.9, [hour, hour], never);
  t.true(endOf(other.tree, 'serving-kube-apiserver') > other.end);
  t.is(stateOf(other).renewal?.phase, 'emergency');
});

for (const [name, worse] of [
  [
    'falls silent',
    (node: Node): void => {
      node.is.answers = (isOld): boolean => isOld;
    },
  ],
  [
    'says that it is ill',
    (node: Node): void => {
      node.is.health = (isOld): HealthAnswer => (isOld ? { is: 'well' } : { is: 'ill', problem: 'answers 500' });
    },
  ],
] as const) {
  test(`the daemon takes a renewal back when a component ${name}, byte for byte, and tries once more in the last week`, async (t) => {
    const node = nodeOf(t);
    worse(node);
    const before = bytesOf(node);
    const count = (): number => records(node, 'committed').length;
    const old = (): void => {
      const now = bytesOf(node);
      for (const [path, print] of before)
        if (path.endsWith('.crt')) t.like(now.get(path), { content: (print as { content: string }).content });
    };
    await lifeOf(node, 29, [hour, hour, day, day]);
    old();
    t.is(count(), 2, 'one commit and its return');
    t.like(stateOf(node).renewal, { outcome: 'rolled-back', phase: 'usual' });
    t.true(records(node, 'rolled-back').some(({ reason }) => reason === 'RenewalRolledBack'));
    const life = await lifeOf(node, 20, [hour, day, day]);
    t.is(count(), 2);
    t.true(
      life.told.some((text) => text.includes('restart rke2-server before')),
      'a person is called',
    );
    await lifeOf(node, 6.5, [hour, hour, day]);
    old();
    t.is(count(), 4, 'the last try');
    await lifeOf(node, 3, [hour, hour, day]);
    t.is(count(), 4, 'and no further one');
  });
}

test('the daemon tells once what is in the way of a renewal, has it in its line while it lasts, and renews when it is gone', async (t) => {
  const node = nodeOf(t);
  node.is.health = () => ({ is: 'ill', problem: 'answers 503 to /readyz' });
  const life = await lifeOf(node, 20, [hour, hour, hour]);
  t.true(life.told.at(-2)?.includes('kube-apiserver is not healthy') === true, life.told.at(-2));
  const failed = records(node, 'failed').filter(({ reason }) => reason === 'RenewalUnfit');
  t.is(failed.length, 1);
  t.is(stateOf(node).renewal, null, 'nothing was begun');
  t.is(stateOf(node).brake.attempts?.length ?? 0, 0);
  node.is.health = () => ({ is: 'well' });
  const after = await lifeOf(node, 19.5, [hour, hour]);
  t.false(after.told.at(-2)?.includes('not healthy') === true);
  t.true(endOf(node.tree, 'serving-kube-apiserver') > node.end);
});

test('the daemon renews nothing on a damaged node, and says what is damaged', async (t) => {
  const node = nodeOf(t);
  garbageFile(node.tree, node.tree.leaf('client-admin').certificatePath);
  const before = bytesOf(node);
  const life = await lifeOf(node, 20, [hour, hour]);
  t.deepEqual(bytesOf(node), before);
  t.true(life.told.some((text) => /^status: CRITICAL .*client-admin/.test(text)));
  t.is(records(node, 'failed').filter(({ reason }) => reason === 'RenewalUnfit').length, 1);
});

test('a daemon that is stopped while it watches leaves the renewal open, and the next one ends it', async (t) => {
  for (const [worse, outcome] of [
    [false, 'confirmed'],
    [true, 'rolled-back'],
  ] as const) {
    const node = nodeOf(t);
    let looks = 0;
    const stopAt = 2;
    const stop = new AbortController();
    node.is.health = (isOld): HealthAnswer => {
      if (!isOld) looks += 1;
      if (looks === stopAt) stop.abort();
      return { is: 'well' };
    };
    await lifeOf(node, 20, [hour], { stop });
    t.like(stateOf(node).renewal, { outcome: 'watching' });
    if (worse) node.is.health = (isOld): HealthAnswer => (isOld ? { is: 'well' } : { is: 'absent' });
    else node.is.health = () => ({ is: 'well' });
    await lifeOf(node, 20 - 2 / (24 * 60), [hour]);
    t.is(stateOf(node).renewal?.outcome, outcome);
    t.is(endOf(node.tree, 'serving-kube-apiserver') === node.end, worse);
  }
});

test('what is ill long after a renewal, or after another start of the service, is not blamed on it', async (t) => {
  for (const make of [
    (node: Node): number => {
      node.is.invocation = 'b';
      return 20 - 2 / (24 * 60);
    },
    (): number => 19,
  ]) {
    const node = nodeOf(t);
    const stop = new AbortController();
    node.is.health = (isOld): HealthAnswer => {
      if (!isOld) stop.abort();
      return { is: 'well' };
    };
    await lifeOf(node, 20, [hour], { stop });
    t.like(stateOf(node).renewal, { outcome: 'watching' });
    const daysLeft = make(node);
    node.is.health = (isOld): HealthAnswer => (isOld ? { is: 'well' } : { is: 'ill', problem: 'answers 500' });
    await lifeOf(node, daysLeft, [hour, hour]);
    t.is(stateOf(node).renewal?.outcome, 'unconfirmed');
    t.true(endOf(node.tree, 'serving-kube-apiserver') > node.end, 'the new set stays');
  }
});

test('the daemon confirms a set that went live at a start, once all that answers serves it and is well', async (t) => {
  const node = nodeOf(t);
  const rotated = await runCli(['--root', node.tree.root, 'rotate', '--yes']);
  t.is(rotated.status, 0, rotated.stderr);
  const { active, confirmed } = stateOf(node).generations;
  t.is(confirmed, null);
  const daysLeft = (node.end - Date.now()) / dayMs;
  node.is.health = () => ({ is: 'ill', problem: 'answers 500 to /readyz' });
  await lifeOf(node, daysLeft, [hour]);
  t.is(stateOf(node).generations.confirmed, null, 'a component is ill');
  node.is.health = () => ({ is: 'well' });
  node.is.activeForMs = 1000;
  await lifeOf(node, daysLeft, [hour]);
  t.is(stateOf(node).generations.confirmed, null, 'it has just come up');
  node.is.activeForMs = 3_600_000;
  await lifeOf(node, daysLeft, [hour, hour]);
  t.is(stateOf(node).generations.confirmed, active?.number ?? -1);
  t.is(records(node, 'confirmed').length, 1);
});

/** What the daemon renews: what lies below the agent's directory is not its. */
function renewable({ tree }: Node): readonly string[] {
  return tree.leaves.filter(({ reissuedAtStart }) => !reissuedAtStart).map(({ id }) => id);
}

/** A service that was started and does not come up: nothing of it answers. */
function hangs(node: Node, forMs: number): void {
  node.is.state = 'starting';
  node.is.activeForMs = forMs;
  node.is.answers = () => false;
  node.is.health = () => ({ is: 'absent' });
}

test('the daemon heals the damage that a start hangs on, says the one command until it is up, and restarts nothing by itself', async (t) => {
  const node = nodeOf(t);
  hangs(node, 46_000);
  const { certificatePath } = node.tree.leaf('serving-kube-apiserver');
  const asked: string[] = [];
  const ports = (base: Ports): Ports => ({ ...base, restartUnit: (unit) => void asked.push(unit) });
  const soon: number[] = [];
  const life = await lifeOf(
    node,
    200,
    [
      () => {
        writeFileSync(node.tree.host(certificatePath), '');
        return { wake: 'changed', ms: 5000 };
      },
      () => ({ ms: 26_000 }),
      (seen) => {
        soon.push(seen.waits.at(-1) ?? 0);
        return undefined;
      },
    ],
    { ports },
  );
  t.is(readFileSync(node.tree.host(certificatePath)).length > 0, true);
  t.true(
    certificateOf(node.tree, 'serving-kube-apiserver').checkPrivateKey(keyOf(node.tree, 'serving-kube-apiserver')),
  );
  t.is(records(node, 'start-healed').length, 1);
  t.deepEqual(asked, []);
  t.true(
    life.told.some((text) => text.endsWith('repaired while the start hangs: systemctl restart rke2-server.service')),
  );
  node.is.state = 'up';
  node.is.answers = () => true;
  const after = await lifeOf(node, 199, [hour]);
  t.false(after.told.some((text) => text.includes('hangs')));
});

test('the daemon restarts a unit whose start it has healed when restart.hung says so', async (t) => {
  const node = nodeOf(t);
  hangs(node, 46_000);
  garbageFile(node.tree, node.tree.leaf('etcd/server-client').certificatePath);
  const asked: string[] = [];
  await lifeOf(node, 200, [hour], {
    ports: (base) => ({ ...base, restartUnit: (unit) => void asked.push(unit) }),
    settings: () => ({ restart: { hung: true } }),
  });
  t.deepEqual(asked, ['rke2-server.service']);
});

test('the daemon restarts no unit that was stopped while it healed its start', async (t) => {
  const node = nodeOf(t);
  hangs(node, 46_000);
  const { certificatePath } = node.tree.leaf('etcd/server-client');
  garbageFile(node.tree, certificatePath);
  const damaged = readFileSync(node.tree.host(certificatePath));
  node.is.isSaid = () => readFileSync(node.tree.host(certificatePath)).equals(damaged);
  const asked: string[] = [];
  await lifeOf(node, 200, [pass], {
    ports: (base) => ({ ...base, restartUnit: (unit) => void asked.push(unit) }),
    settings: () => ({ restart: { hung: true } }),
  });
  t.is(records(node, 'start-healed').length, 1);
  t.deepEqual(asked, []);
});

const leftAlone: readonly (readonly [name: string, make: (node: Node) => Partial<Config>])[] = [
  [
    'that has just begun',
    (node) => {
      hangs(node, 20_000);
      return {};
    },
  ],
  [
    'while the boot hook is not to act either',
    (node) => {
      hangs(node, 60_000);
      return { boot: { ...defaultConfig.boot, enabled: false } };
    },
  ],
  ['of a service that is up', () => ({})],
];
for (const [name, make] of leftAlone) {
  test(`the daemon leaves damage alone under a start ${name}`, async (t) => {
    const node = nodeOf(t);
    const config = make(node);
    garbageFile(node.tree, node.tree.leaf('client-admin').certificatePath);
    const before = bytesOf(node);
    await lifeOf(node, 200, [hour], { settings: () => config });
    t.deepEqual(bytesOf(node), before);
  });
}

test('the daemon looks again soon at a start with damage, and rotates no whole set under one of which something answers', async (t) => {
  const node = nodeOf(t);
  hangs(node, 20_000);
  garbageFile(node.tree, node.tree.leaf('client-admin').certificatePath);
  const life = await lifeOf(node, 200, [pass]);
  t.true((life.waits[0] ?? 0) <= 33_000, String(life.waits[0]));

  const other = nodeOf(t);
  hangs(other, 60_000);
  other.is.answers = () => true;
  const before = bytesOf(other);
  // All of it has expired: etcd is up with what it has read, and the product makes new ones at its start.
  await lifeOf(other, -5, [pass]);
  t.deepEqual(bytesOf(other), before);
  other.is.answers = () => false;
  await lifeOf(other, -5, [pass]);
  t.true(endOf(other.tree, 'etcd/server-client') > other.end);
});

/** Ports under which the process is gone before the n-th call that changes a file, from `from` on. */
function dyingAt(nth: number, counted: { calls: number }): (ports: Ports) => Ports {
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

test('a daemon that is killed anywhere in a renewal leaves all old or all new, and the next one knows which', async (t) => {
  const counted = { calls: 0 };
  const reference = nodeOf(t);
  // A standby is there already: what is counted is the renewal.
  await lifeOf(reference, 40, [hour]);
  await lifeOf(reference, 20, [hour], { ports: dyingAt(Number.POSITIVE_INFINITY, counted) });
  t.is(stateOf(reference).renewal?.outcome, 'confirmed');
  const all = counted.calls;
  t.true(all > 50, String(all));
  const outcomes = new Set<string | undefined>();
  for (let nth = 2; nth <= all; nth += Math.ceil(all / 24)) {
    const node = nodeOf(t);
    await lifeOf(node, 40, [hour]);
    const ids = renewable(node);
    await t.throwsAsync(() => lifeOf(node, 20, [hour], { ports: dyingAt(nth, { calls: 0 }) }), {
      instanceOf: PowerCut,
    });
    await lifeOf(node, 20 - 1 / (24 * 60), [hour]);
    const isNew = ids.map((id) => endOf(node.tree, id) > node.end);
    t.true(
      isNew.every((is) => is === isNew[0]),
      `call ${String(nth)} of ${String(all)}`,
    );
    for (const id of ids) t.true(certificateOf(node.tree, id).checkPrivateKey(keyOf(node.tree, id)), id);

    const { renewal } = stateOf(node);
    outcomes.add(renewal?.outcome);
    t.is(renewal?.outcome === 'confirmed', isNew[0] === true, `call ${String(nth)}: ${String(renewal?.outcome)}`);
    t.not(renewal?.outcome, 'watching');
  }
  t.true(outcomes.has('confirmed'));
});

for (const [name, change] of [
  ['stopped', ({ is }: Node): void => void (is.running = false)],
  [
    'restarted',
    ({ is }: Node): void => void Object.assign(is, { state: 'starting', activeForMs: 1000, invocation: 'b' }),
  ],
] as const) {
  test(`a service that is ${name} while its renewal is watched keeps the new certificates`, async (t) => {
    const node = nodeOf(t);
    let looks = 0;
    node.is.health = (isOld): HealthAnswer => {
      if (!isOld) looks += 1;
      if (looks < 2) return { is: 'well' };
      change(node);
      node.is.answers = () => false;
      return { is: 'absent' };
    };
    await lifeOf(node, 20, [pass]);
    t.is(stateOf(node).renewal?.outcome, 'unconfirmed');
    t.true(endOf(node.tree, 'serving-kube-apiserver') > node.end);
    t.is(records(node, 'rolled-back').length, 0);
  });
}

test('a service that dies of its renewal gets the old certificates back, although systemd started it again', async (t) => {
  const node = nodeOf(t);
  node.is.answers = (isOld): boolean => {
    if (!isOld) Object.assign(node.is, { state: 'starting', activeForMs: 1000, invocation: 'b', afterDeath: true });
    return isOld;
  };
  await lifeOf(node, 20, [pass]);
  t.is(stateOf(node).renewal?.outcome, 'rolled-back');
  t.is(endOf(node.tree, 'serving-kube-apiserver'), node.end);
});

test('the daemon renews nothing that could not be restored afterwards', async (t) => {
  const node = nodeOf(t);
  expiredAuthority(node.tree, 'request-header-ca');
  const before = bytesOf(node);
  const life = await lifeOf(node, 20, [pass]);
  t.deepEqual(bytesOf(node), before);
  t.true(life.told.some((text) => text.includes('could not be restored afterwards: request-header-ca')));
});

test('the daemon tries again soon to restore certificates when the disk was full', async (t) => {
  const node = nodeOf(t);
  node.is.answers = (isOld): boolean => isOld;
  await lifeOf(node, 20, [pass, pass, pass, pass], {
    ports: (ports) => ({
      ...ports,
      writeSide: async () => {
        const side = await ports.writeSide();
        const isFull = endOf(node.tree, 'serving-kube-apiserver') !== node.end && ports.clock.monotonic() < 200_000;
        return isFull ? { ...side, storage: { free: () => ({ bytes: 0, inodes: 0 }) } } : side;
      },
    }),
  });
  t.is(stateOf(node).renewal?.outcome, 'rolled-back');
  t.is(endOf(node.tree, 'serving-kube-apiserver'), node.end);
});

test('the daemon says so when it gives up watching a renewal', async (t) => {
  const node = nodeOf(t);
  const stop = new AbortController();
  node.is.health = (isOld): HealthAnswer => {
    if (!isOld) stop.abort();
    return { is: 'well' };
  };
  await lifeOf(node, 20, [pass], { stop });
  await lifeOf(node, 19, [pass]);
  t.is(stateOf(node).renewal?.outcome, 'unconfirmed');
  t.true(records(node, 'failed').some(({ message }) => message.includes('last renewal')));
});

test('the daemon meets a window that is shorter than the time between its checks', async (t) => {
  const node = nodeOf(t);
  const text = (ms: number): string => new Date(ms).toISOString().slice(11, 16);
  const opens = node.end - 20 * dayMs + 6 * 3_600_000 + 600_000;
  const window = `${text(opens)}-${text(opens + 600_000)} UTC`;
  const life = await lifeOf(
    node,
    20,
    Array.from({ length: 8 }, () => pass),
    { settings: settings({ windows: [window] }) },
  );
  t.true(endOf(node.tree, 'serving-kube-apiserver') > node.end);
  const at = Date.parse(stateOf(node).renewal?.at ?? '');
  t.true(at >= opens && at < opens + 600_000, new Date(at).toISOString());
  t.true(life.waits.every((ms) => ms > 0));
});

test('a daemon that is told to stop begins no renewal', async (t) => {
  const node = nodeOf(t);
  const stop = new AbortController();
  await lifeOf(node, 20, [pass], {
    stop,
    ports: (ports) => ({
      ...ports,
      synchronisation: () => {
        stop.abort();
        return 'synchronised';
      },
    }),
  });
  t.is(stateOf(node).renewal, null);
});

test('what a person takes back in the last week the daemon does not do again', async (t) => {
  const node = nodeOf(t);
  await lifeOf(node, 6, [pass]);
  t.is(stateOf(node).renewal?.phase, 'emergency');
  const taken = await runCli(['--root', node.tree.root, 'rollback', '--yes']);
  t.is(taken.status, 0, taken.stderr);
  // The command has no clock of a script: it took place at this instant.
  const path = join(node.tree.root, 'var/lib/certmend/dynamic-cert.json');
  const state = stateOf(node);
  writeFileSync(path, JSON.stringify({ ...state, renewal: { ...state.renewal, at: new Date(node.end - 6 * dayMs) } }));
  const life = await lifeOf(node, 5.9, [pass, pass]);
  t.is(endOf(node.tree, 'serving-kube-apiserver'), node.end);
  t.true(life.told.some((text) => text.includes('restart rke2-server before')));
});

test('until when a certificate is good that a process goes on with is kept although systemd did not say which start that is', async (t) => {
  const heldIn = ({ snapshots }: Life): boolean =>
    snapshots.at(-1)?.metrics.includes('\ncertmend_live_renewal_held_until_timestamp_seconds ') === true;
  const node = nodeOf(t);
  let asked = 0;
  node.is.isSaid = () => (asked += 1) !== 3;
  await lifeOf(node, 20, []);
  t.is(stateOf(node).renewal?.invocation, null);
  node.is.activeForMs = 15 * dayMs;
  t.true(heldIn(await lifeOf(node, 6, [])));
  node.is.activeForMs = 13 * dayMs;
  t.false(heldIn(await lifeOf(node, 6, [])), 'it was started anew since');

  const other = nodeOf(t);
  await lifeOf(other, 20, []);
  other.is.isSaid = () => false;
  t.true(heldIn(await lifeOf(other, 6, [])));
  other.is.isSaid = () => true;
  other.is.invocation = 'b';
  t.false(heldIn(await lifeOf(other, 6, [])));
});

test('the daemon changes nothing under a start that is merely slow, however much is due', async (t) => {
  const node = nodeOf(t);
  hangs(node, 60_000);
  const before = bytesOf(node);
  await lifeOf(node, 100, [pass]);
  t.deepEqual(bytesOf(node), before);
});

test('what is due is a note only while a daemon is known to look after the node', async (t) => {
  const node = nodeOf(t);
  const base = await portsAt(node.tree.root, '+0d', { unit: node.tree.unit });
  const severity = async (daysLeft: number): Promise<string | undefined> => {
    const clock = { ...base.clock, now: () => node.end - daysLeft * dayMs };
    const { assessment } = await survey({
      ...base,
      clock,
      clockIsShifted: false,
      serviceRunning: () => true,
      synchronisation: () => 'synchronised',
    });
    return assessment.findings.find(({ id, code }) => id === 'client-admin' && code === 'LeafRenewDue')?.severity;
  };
  t.is(await severity(60), 'warning', 'no daemon ever ran');
  await lifeOf(node, 60, []);
  t.is(await severity(59), 'note');
  t.is(await severity(56), 'warning', 'none has run for days');
});

const never = ['Mon 00:00-00:01 Pacific/Kiritimati'];
/** Half a year ahead for some days, and once years; set right each time. */
const jumps: ReadonlyMap<number, number> = new Map([
  [20, 180],
  [21, -180],
  [70, 1000],
  [71, -1000],
  [118, -400],
  [119, 400],
]);

const years: readonly (readonly [
  name: string,
  made: {
    readonly windows?: readonly string[];
    readonly jumps?: typeof jumps;
    readonly isFull?: (day: number) => boolean;
  },
])[] = [
  ['with its defaults', {}],
  ['with a window that hardly ever comes', { windows: never }],
  ['with a clock that is set wrong now and then', { jumps }],
  ['with a disk that is full for weeks', { isFull: (passed) => passed > 300 && passed < 353 }],
];
for (const [name, { windows = [], jumps: jumpsOn = new Map<number, number>(), isFull = () => false }] of years) {
  test(`in a year and a half without a restart no certificate of a server expires that certmend renews: ${name}`, async (t) => {
    const node = nodeOf(t);
    const ids = renewable(node);
    let [passed, isWrong] = [0, false];
    const steps = Array.from({ length: 183 }, (_, at): Step => () => {
      passed += 3;
      const now = node.end - 364 * dayMs + passed * dayMs;
      for (const id of ids) if (endOf(node.tree, id) < now) t.fail(`${id} on day ${String(passed)}`);
      const jump = jumpsOn.get(at) ?? 0;
      if (jump !== 0) isWrong = !isWrong;
      return { ms: 3 * dayMs, jumpMs: jump * dayMs };
    });
    const made = settings({ windows });
    const full = (ports: Ports): Ports => ({
      ...ports,
      synchronisation: () => (isWrong ? 'not-synchronised' : 'synchronised'),
      writeSide: async () => {
        const side = await ports.writeSide();
        const storage: typeof side.storage = { free: () => ({ bytes: 0, inodes: 0 }) };
        return isFull(passed) ? { ...side, storage } : side;
      },
    });
    await lifeOf(node, 364, steps, { settings: made, ports: full });
    t.is(passed, 549);
    t.is(stateOf(node).renewal?.outcome, 'confirmed');
    t.is(records(node, 'committed').length, 1);
  });
}

test('in a window, and in the last week, the daemon tries again within minutes what something was in the way of', async (t) => {
  for (const [daysLeft, windows, most] of [
    [20, ['00:00-24:00 UTC'], 330_000],
    [6, [], 330_000],
    [20, [], 3_960_000],
  ] as const) {
    const node = nodeOf(t);
    node.is.health = () => ({ is: 'ill', problem: 'answers 503 to /readyz' });
    const { waits } = await lifeOf(node, daysLeft, [pass, pass], { settings: settings({ windows }) });
    t.true((waits[1] ?? 0) <= most && (waits[1] ?? 0) > most / 2, String(waits[1]));
  }
});
