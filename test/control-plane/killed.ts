import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Tree } from '../fixtures/tree.ts';
import { pairFits } from '../scenarios/set-state.ts';
import { exhaustive } from '../scenarios/strace.ts';
import { components, servedLeaves, servedPorts, type Component } from './arguments.ts';
import { configure, forgetAll, savedState, startDaemon } from './daemon.ts';
import { requestsOf, troublesOf, underLoad } from './load.ts';
import { fingerprintOnDisk } from './renew-by-hand.ts';
import { renewable, renewablePrints } from './renewable.ts';
import type { ControlPlane } from './start.ts';
import { until } from './until.ts';

/** Kills before, in and after the transaction; at all calls with CERTMEND_EXHAUSTIVE=1. */
const sampled = { before: 4, open: 8, after: 2 };

/** So long nobody repairs what the killed daemon has left. */
const deadMs = 2000;
/** A leader that could not renew its lease has lost it by then. */
const leaseMs = 20_000;

const preload = join(import.meta.dirname, '..', 'scenarios', 'kill-at-call.ts');
const counted = { CERTMEND_KILL_ROOT: '/var/lib' };

/**
 * The daemon is killed before calls of a live renewal and started again, each time as on a node where it was just installed,
 * while clients of all kinds are at work. Nothing of the node may be worse for it at any time: neither for the clients nor
 * in what the components say of the files that they read.
 */
export async function daemonIsKilled(plane: ControlPlane): Promise<string> {
  const { tree } = plane;
  await configure(plane, 'live: { renewBefore: 360d }');
  const first = new Map(renewable(tree).map((id) => [id, readFileSync(certificateOf(tree, id))]));
  const pids = plane.pids();
  const tally = { old: 0, forward: 0, done: 0, late: 0 };
  let [of, killed, written] = [0, 0, first.size];
  const report = await underLoad(plane, async () => {
    const { calls, points } = await recorded(plane);
    of = calls.length;
    for (const point of points) {
      for (const [id, bytes] of first) overwrite(certificateOf(tree, id), bytes);
      await forgetAll(plane);
      const name = `killed before call ${String(point + 1)} of ${String(of)}, ${calls[point] ?? ''}`;
      const { became, changed } = await isKilledAt(plane, point + 1, name);
      tally[became] += 1;
      written += changed;
      if (became !== 'late') killed += 1;
      await until(
        `${name}: what is served is what is on the disk`,
        async () => {
          const served = await plane.served();
          return servedPorts.every((port) => served[port] === fingerprintOnDisk(tree, servedLeaves[port]));
        },
        500,
      );
    }
    await wait(leaseMs);
    assert.ok(killed >= points.length * 0.9, `only ${String(killed)} of ${String(points.length)} were killed`);
  });
  assert.deepEqual(troublesOf(report), []);
  const complaints = (): readonly string[] => components.flatMap((component) => complaintsOf(plane, component));
  assert.deepEqual(complaints(), []);
  assert.deepEqual(plane.pids(), pids, 'no process is another one');
  await withWrongKey(plane, () => complaints().length > 0);
  const { old, forward, done } = tally;
  assert.ok(old > 0 && forward > 0, JSON.stringify(tally));
  return (
    `${String(killed)} kills of the daemon in ${String(of)} calls: ${String(old)} before anything changed, ${String(forward)} in the middle, ` +
    `${String(done)} after it; ${String(written)} certificates written; ${String(requestsOf(report))} requests and ${String(report.watch.events)} events, none failed`
  );
}

/** What the list of complaints is worth: of a pair that does not fit etcd, which reads it at each handshake, does complain. */
async function withWrongKey(plane: ControlPlane, isSeen: () => boolean): Promise<void> {
  const { tree } = plane;
  const key = tree.host(tree.leaf('etcd/server-client').keyPath);
  overwrite(key, readFileSync(tree.host(tree.leaf('client-admin').keyPath)));
  await until('etcd complains of a wrong key', async () => {
    await underLoad(plane, async () => {
      await wait(1000);
    });
    return isSeen();
  });
}

/** A renewal that nobody disturbs: its calls, and those to kill it before. */
async function recorded(
  plane: ControlPlane,
): Promise<{ readonly calls: readonly string[]; readonly points: readonly number[] }> {
  const log = join(plane.scratch, 'daemon-calls.log');
  await forgetAll(plane);
  const daemon = startDaemon(plane, { ...counted, CERTMEND_KILL_LOG: log }, preload);
  try {
    await until('a renewal is confirmed', async () => (await outcomeOf(plane)) === 'confirmed', 200);
  } finally {
    await daemon.end('SIGKILL');
  }
  const calls = readFileSync(log, 'utf8').trimEnd().split('\n');
  return { calls, points: pointsOf(calls) };
}

/** Most of them while the transaction is open, from when its journal is there until it is cleared. */
function pointsOf(calls: readonly string[]): readonly number[] {
  const opened = calls.findLastIndex((call) => /^renameSync .*\/\.journal\.json/.test(call)) + 1;
  const cleared = calls.findLastIndex((call) => /^renameSync .*\/journal\.json/.test(call));
  assert.ok(opened > 100 && cleared > opened + 20, `${String(opened)}, ${String(cleared)}: the list must be wrong`);
  if (exhaustive) return calls.map((_, index) => index);
  return [
    ...spread(0, opened, sampled.before),
    ...spread(opened, cleared, sampled.open),
    ...spread(cleared, calls.length, sampled.after),
  ];
}

function spread(from: number, to: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => Math.floor(from + ((index + 0.5) * (to - from)) / count));
}

type Became = 'old' | 'forward' | 'done' | 'late';

/**
 * @returns `became`: what the next daemon found, the old set, an open transaction, the new set; `late` when the call never
 * came. `changed`: the entries that are new in the end
 */
async function isKilledAt(
  plane: ControlPlane,
  at: number,
  name: string,
): Promise<{ readonly became: Became; readonly changed: number }> {
  const { tree } = plane;
  const before = renewablePrints(tree);
  const changed = (): number => renewablePrints(tree).filter((print, index) => print !== before[index]).length;
  const all = before.length;
  const daemon = startDaemon(plane, { ...counted, CERTMEND_KILL_AT: String(at) }, preload);
  await until(name, async () => !daemon.isRunning() || (await outcomeOf(plane)) === 'confirmed', 100);
  const isLate = daemon.isRunning();
  await daemon.end('SIGKILL');
  const isOpen = (await plane.exec(['test', '-e', '/var/lib/certmend/journal.json'])).status === 0;
  assert.deepEqual(tornOf(tree), [], name);
  const left = changed();
  assert.ok(isOpen || left === 0 || left === all, `${name}: ${String(left)} of ${String(all)} without a journal`);
  await wait(deadMs);

  const next = startDaemon(plane);
  try {
    const settled = ['confirmed', 'failed'];
    await until(name, async () => settled.includes(String(await outcomeOf(plane))), 200);
    // What was not begun when it died the next one does; what was begun and did not go live it does not do at once.
    const isNew = (await outcomeOf(plane)) === 'confirmed';
    assert.equal(changed(), isNew ? all : 0, `${name}: all old or all new`);
    assert.ok(isNew || !isOpen, `${name}: what the journal asks for is done`);
  } finally {
    await next.end();
  }
  const stray = await plane.exec([
    'find',
    '/var/lib/rancher',
    '/var/lib/certmend',
    '-name',
    '*.certmend-*',
    '-o',
    '-name',
    'journal.json',
  ]);
  assert.equal(stray.stdout, '', name);
  return { became: becameOf(isLate, isOpen, left), changed: changed() };
}

function becameOf(isLate: boolean, isOpen: boolean, left: number): Became {
  if (isLate) return 'late';
  if (isOpen) return 'forward';
  return left === 0 ? 'old' : 'done';
}

/** Ids of the pairs that nobody could load. */
function tornOf(tree: Tree): readonly string[] {
  return renewable(tree).filter((id) => {
    try {
      return !pairFits(tree, tree.leaf(id));
    } catch {
      return true;
    }
  });
}

async function outcomeOf(plane: ControlPlane): Promise<unknown> {
  return (await savedState(plane))?.renewal?.['outcome'];
}

/** What components say of a pair that does not fit, of a file that is not whole, or of a wrong chain, when they read it. */
const complaint =
  /private key does not match|failed to find any PEM|missing content for|failed to create peer certificate|x509: /;

function complaintsOf(plane: ControlPlane, component: Component): readonly string[] {
  return plane
    .log(component)
    .split('\n')
    .filter((line) => complaint.test(line))
    .map((line) => `${component}: ${line}`);
}

function certificateOf(tree: Tree, id: string): string {
  return tree.host(tree.leaf(id).certificatePath);
}

/** As certmend does it, without it: the old bytes first, and then the end of longer ones. */
function overwrite(file: string, bytes: Buffer): void {
  const descriptor = openSync(file, 'r+');
  try {
    assert.equal(writeSync(descriptor, bytes, 0, bytes.length, 0), bytes.length, 'one write');
    ftruncateSync(descriptor, bytes.length);
  } finally {
    closeSync(descriptor);
  }
}
