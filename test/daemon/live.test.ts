import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { HealthAnswer } from '../../src/survey/ports.ts';
import { expiredAuthority } from '../fixtures/damage-node.ts';
import { garbageFile } from '../fixtures/damage.ts';
import { changedPaths, fingerprintPaths } from '../fixtures/fingerprint-tree.ts';
import { runCli } from '../cli/run-cli.ts';
import { survey } from '../../src/survey/survey.ts';
import { portsAt } from '../road/run-at.ts';
import { pass, type Life, type LifeOptions, type Step } from './life.ts';
import {
  endOf,
  nodeOf,
  lifeOf,
  settings,
  stateOf,
  records,
  bytesOf,
  never,
  renewable,
  hour,
  day,
  dayMs,
  type Node,
} from './running-node.ts';

/*
 * The node that is never restarted (P12): the daemon renews what runs, by itself, and takes it back when the node is worse
 * for it. Real files and the real daemon; the clock is a script's, and the components answer as they are told to.
 */

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

test('a person is called three days after a renewal was due, and where windows are waited for, in the last week', async (t) => {
  const ordered = async (daysLeft: number, windows: readonly string[]): Promise<boolean> => {
    const node = nodeOf(t);
    node.is.health = () => ({ is: 'ill', problem: 'answers 503 to /readyz' });
    const ids = new Set(renewable(node));
    await lifeOf(node, daysLeft, [hour], { settings: settings({ windows }) });
    const { reasons } = stateOf(node).health;
    return reasons.some(({ code, id }) => code === 'LeafRenewDue' && ids.has(id ?? ''));
  };
  t.false(await ordered(28, []));
  t.true(await ordered(26, []));
  t.false(await ordered(8, never));
  t.true(await ordered(6.3, never));
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
    t.is(records(node, 'unconfirmed').length, 1);
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
  t.is(records(node, 'unconfirmed').length, 1);
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
  // Once, when the daemon asks whether there is something to do, and no more.
  node.is.isSaid = () => (asked += 1) === 1;
  await lifeOf(node, 20, []);
  t.is(stateOf(node).renewal?.invocation, null);
  node.is.isSaid = () => true;
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

test('the next renewal under the same start of the service comes a year later, and what a process holds keeps its first date', async (t) => {
  const node = nodeOf(t);
  await lifeOf(node, 20, []);
  const second = endOf(node.tree, 'serving-kube-apiserver');
  t.true(second > node.end);
  await lifeOf(node, (node.end - second) / dayMs + 20, []);
  t.true(endOf(node.tree, 'serving-kube-apiserver') > second, 'renewed again, beside an agent part that has expired');
  const { renewal } = stateOf(node);
  t.is(renewal?.outcome, 'confirmed');
  t.is(Date.parse(renewal?.heldUntil ?? ''), node.end);
});
