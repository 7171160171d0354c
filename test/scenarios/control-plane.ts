import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { components, servedLeaves, servedPorts } from '../control-plane/arguments.ts';
import { requestsOf, troublesOf, underLoad } from '../control-plane/load.ts';
import { fingerprintOnDisk, renewInPlaceByHand } from '../control-plane/renew-by-hand.ts';
import { startControlPlane, type ControlPlane } from '../control-plane/start.ts';
import { makeTree } from '../fixtures/tree.ts';
import { program } from './certmend.ts';
import { programs, type Scenario } from './scenario.ts';
import { inScratch } from './scratch.ts';

const needs = [programs.go, programs.openssl, programs.ip, programs.nsenter, programs.flock, programs.cp];

/** Kubernetes and etcd as they are, on a tree, as RKE2 starts them: what they do with the files is what a node does. */
export const controlPlane: readonly Scenario[] = [
  {
    name: 'a control plane runs on a tree as in its static pods, and status says which of its five ports serve what is on disk',
    needs,
    isHeavy: true,
    isOnRequest: true,
    run: async () => await onControlPlane(servesWhatIsOnDisk),
  },
  {
    name: 'a control plane takes every certificate that is renewed in place by hand, while no client of it fails and no leader changes',
    needs,
    isHeavy: true,
    isOnRequest: true,
    run: async () => await onControlPlane(async (plane) => await takesWhatIsRenewed(plane, byHand)),
  },
  {
    name: 'a control plane takes twenty renewals by certmend renew in a row, while no client of it fails and no leader changes',
    needs,
    isHeavy: true,
    isOnRequest: true,
    run: async () => await onControlPlane(async (plane) => await takesWhatIsRenewed(plane, byCertmend)),
  },
];

async function onControlPlane(work: (plane: ControlPlane) => Promise<string>): Promise<string> {
  return await inScratch(async (scratch) => {
    const plane = await startControlPlane(makeTree({ directory: join(scratch, 'tree') }), scratch);
    try {
      return await work(plane);
    } finally {
      await plane.stop();
    }
  });
}

async function servesWhatIsOnDisk(plane: ControlPlane): Promise<string> {
  const { tree } = plane;
  assert.equal((await plane.kubectl('get', '--raw', '/readyz')).stdout, 'ok');
  const embedded = ['--kubeconfig', '/etc/rancher/rke2/rke2.yaml'];
  assert.equal((await plane.kubectl(...embedded, 'get', '--raw', '/readyz/etcd')).stdout, 'ok');
  const version = (await plane.kubectl('version')).stdout;
  assert.match(version, /Server Version: v1\.36\./);
  for (const port of servedPorts)
    assert.equal((await plane.served())[port], fingerprintOnDisk(tree, servedLeaves[port]), String(port));

  const all = Object.values(servedLeaves).toSorted();
  const [current, stale] = await inUse(plane);
  assert.deepEqual([current, stale], [all, []]);
  const check = await plane.exec([process.execPath, program, 'check']);
  assert.equal(check.status, 0, check.stdout + check.stderr);

  // Another file at the same path: the API server has the directory, the others have the file that was there before.
  for (const id of all) {
    const file = tree.host(tree.leaf(id).certificatePath);
    copyFileSync(file, `${file}.new`);
    renameSync(`${file}.new`, file);
    renewInPlaceByHand(tree, id);
  }
  const seen = ['serving-kube-apiserver'];
  await until('the API server has seen its file', async () => (await inUse(plane))[0].length > 0);
  assert.deepEqual(await inUse(plane), [seen, all.filter((id) => !seen.includes(id))]);

  const noticed = await whileFileIsEmpty(plane);
  return `${version.trim().split('\n').at(-1) ?? ''}; ${String(noticed)} requests failed while a file was empty`;
}

/** What the load is worth: it tells of a certificate that was not there for some seconds, and of no one else. */
async function whileFileIsEmpty(plane: ControlPlane): Promise<number> {
  const { tree } = plane;
  const file = tree.host(tree.leaf('client-admin').certificatePath);
  const whole = readFileSync(file);
  const { streams } = await underLoad(plane, async () => {
    await wait(3000);
    truncateSync(file);
    await wait(2000);
    writeFileSync(file, whole);
    await wait(1000);
  });
  const { freshFiles, freshEmbedded, etcdFresh, keepAlive } = streams;
  assert.ok(freshFiles.failed > 5, JSON.stringify(freshFiles));
  for (const other of [freshEmbedded, etcdFresh, keepAlive])
    assert.ok(other.failed === 0 && other.asked > 10, JSON.stringify(other));
  return freshFiles.failed;
}

/** The ids of the served leaves that are those on disk, and of those that are not, as certmend says. */
async function inUse(plane: ControlPlane): Promise<readonly [readonly string[], readonly string[]]> {
  const { stdout, stderr } = await plane.exec([process.execPath, program, 'status', '-o', 'json']);
  assert.ok(stdout.startsWith('{'), stderr);
  const { served } = JSON.parse(stdout) as { served: readonly { readonly id: string; readonly current: boolean }[] };
  const of = (current: boolean): readonly string[] =>
    served.flatMap((leaf) => (leaf.current === current ? [leaf.id] : [])).toSorted();
  return [of(true), of(false)];
}

/** Client-go looks at the files of a pair every five minutes, and closes what was opened with the old one. */
const followers = ['kube-controller-manager', 'kube-scheduler'] as const;
const lookMs = 6 * 60_000;
/** A leader that could not renew its lease has lost it by then. */
const leaseMs = 20_000;

/** By entry, the fingerprints that its file has had, the first from before. */
type Renewals = ReadonlyMap<string, readonly string[]>;

async function byHand({ tree }: ControlPlane): Promise<Renewals> {
  const renewed = new Map<string, readonly string[]>();
  for (const id of renewable(tree)) {
    const { before, after } = renewInPlaceByHand(tree, id);
    renewed.set(id, [before, after]);
    await wait(500);
  }
  return renewed;
}

const rounds = 20;

async function byCertmend(plane: ControlPlane): Promise<Renewals> {
  const { tree } = plane;
  const onDisk = (): readonly (readonly [string, string])[] =>
    renewable(tree).map((id) => [id, fingerprintOnDisk(tree, id)]);
  const seen = new Map(onDisk().map(([id, print]) => [id, [print]]));
  for (let round = 1; round <= rounds; round += 1) {
    const { status, stdout, stderr } = await plane.exec([process.execPath, program, 'renew', '--yes', '-o', 'json']);
    assert.equal(status, 0, stdout + stderr);
    const { changed, served } = JSON.parse(stdout) as {
      readonly changed: readonly string[];
      readonly served: readonly { readonly state: string }[];
    };
    assert.equal(changed.length, seen.size, `round ${String(round)}`);
    assert.deepEqual(
      served.map(({ state }) => state),
      servedPorts.map(() => 'current'),
    );
    for (const [id, print] of onDisk()) seen.get(id)?.push(print);
  }
  return seen;
}

function renewable({ leaves }: ControlPlane['tree']): readonly string[] {
  return leaves.filter(({ reissuedAtStart }) => !reissuedAtStart).map(({ id }) => id);
}

async function takesWhatIsRenewed(
  plane: ControlPlane,
  renew: (plane: ControlPlane) => Promise<Renewals>,
): Promise<string> {
  const pids = plane.pids();
  let renewed: Renewals = new Map();
  const report = await underLoad(plane, async () => {
    await wait(5000);
    renewed = await renew(plane);
    const last = Date.now();
    await until('what is served is what is on disk', async () => {
      const served = await plane.served();
      return servedPorts.every((port) => served[port] === renewed.get(servedLeaves[port])?.at(-1));
    });
    await until('the client pairs are followed', () =>
      Promise.resolve(followers.every((component) => (plane.lastRotation(component) ?? 0) > last)),
    );
    await wait(leaseMs);
  });

  assert.deepEqual(troublesOf(report), []);
  assert.deepEqual(plane.pids(), pids, 'no process is another one');
  for (const port of servedPorts) {
    const seen = report.served[String(port)]?.map(({ fingerprint }) => fingerprint);
    assert.deepEqual(seen, renewed.get(servedLeaves[port]), String(port));
  }
  assert.equal((await plane.kubectl('get', '--raw', '/readyz')).stdout, 'ok');
  const written = [...renewed.values()].reduce((sum, prints) => sum + prints.length - 1, 0);
  const memory = plane.peakMemory();
  const used = components.map((component) => `${component} ${(memory[component] / 2 ** 20).toFixed(0)} MiB`);
  return (
    `${String(written)} certificates written (${String(renewed.size)} entries); ${String(requestsOf(report))} requests and ${String(report.watch.events)} events ` +
    `in ${report.seconds.toFixed(0)} s, none failed; ${used.join(', ')}`
  );
}

async function until(what: string, question: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + lookMs;
  while (!(await question())) {
    assert.ok(performance.now() < deadline, `not within ${String(lookMs / 60_000)} minutes: ${what}`);
    await wait(1000);
  }
}
