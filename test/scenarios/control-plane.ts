import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { components, servedLeaves, servedPorts } from '../control-plane/arguments.ts';
import { buildControlPlane } from '../control-plane/build.ts';
import { clusterSeesCertificates } from '../control-plane/cluster-sees.ts';
import { configure, lastRenewal, startDaemon } from '../control-plane/daemon.ts';
import { daemonIsKilled } from '../control-plane/killed.ts';
import { requestsOf, troublesOf, underLoad } from '../control-plane/load.ts';
import { fingerprintOnDisk, renewInPlaceByHand } from '../control-plane/renew-by-hand.ts';
import { renewable, renewablePrints } from '../control-plane/renewable.ts';
import { startControlPlane, type ControlPlane } from '../control-plane/start.ts';
import { wrongSetsAreTakenBack } from '../control-plane/taken-back.ts';
import { until } from '../control-plane/until.ts';
import { renewedWithKubelet } from '../control-plane/with-kubelet.ts';
import { makeTree } from '../fixtures/tree.ts';
import { program } from './certmend.ts';
import { programs, type Scenario } from './scenario.ts';
import { inScratch } from './scratch.ts';

const needs = [programs.go, programs.openssl, programs.ip, programs.nsenter, programs.flock, programs.cp];
const needsKubelet = [...needs, programs.containerd, programs.runc, programs.busybox];

/**
 * Kubernetes and etcd as they are, on a tree, as RKE2 starts them: what they do with the files is what a node does. The three
 * that are part of every run wait for most of their time.
 */
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
  {
    name: 'a control plane is renewed by the daemon itself, while no client of it fails and no leader changes',
    needs,
    isHeavy: true,
    isOnRequest: true,
    run: async () => await onControlPlane(async (plane) => await takesWhatIsRenewed(plane, byDaemon), 300),
  },
  {
    name: 'a control plane gets its old certificates back within a minute when a component hangs, and is left alone when it is ill',
    needs,
    isHeavy: true,
    isOnRequest: true,
    run: async () => await onControlPlane(isTakenBack),
  },
  {
    name: 'a control plane gets its old set back within a minute, and no second try, when a set that was verified lacks a name, has a wrong usage or an unknown authority, or a consumer hangs on it',
    needs,
    isHeavy: false,
    prepare: buildControlPlane,
    run: async () => await onControlPlane(wrongSetsAreTakenBack, 300),
  },
  {
    name: 'a control plane under load does not notice a certmend renew that is killed at any call and recovered by the next run',
    needs,
    isHeavy: true,
    isOnRequest: true,
    run: async () => await onControlPlane(isKilled),
  },
  {
    name: 'a control plane under load does not notice a daemon that is killed at any call of its renewal and started again',
    needs,
    isHeavy: false,
    prepare: buildControlPlane,
    run: async () => await onControlPlane(daemonIsKilled, 300),
  },
  {
    name: 'a cluster sees the certificates of a node in kubectl, a node writes its own objects only, and the daemon goes on whatever becomes of them',
    needs,
    isHeavy: false,
    prepare: buildControlPlane,
    run: async () => await onControlPlane(clusterSeesCertificates),
  },
  {
    name: 'a control plane with a kubelet takes two renewals of the set and of the agent part: 10250 serves each leaf, the node stays Ready and its pod the same',
    needs: needsKubelet,
    isHeavy: false,
    prepare: buildControlPlane,
    run: async () =>
      await onControlPlane(async (plane) => await renewedWithKubelet(plane, { rounds: 2, isFollowed: false })),
  },
  {
    name: 'a control plane with a kubelet takes twenty renewals of the set and of the agent part, and a log that is followed is cut off when the API server changes its client pair',
    needs: needsKubelet,
    isHeavy: true,
    isOnRequest: true,
    run: async () =>
      await onControlPlane(async (plane) => await renewedWithKubelet(plane, { rounds: 20, isFollowed: true })),
  },
];

/** @param daysLeft of every leaf; a whole year when absent */
async function onControlPlane(work: (plane: ControlPlane) => Promise<string>, daysLeft?: number): Promise<string> {
  return await inScratch(async (scratch) => {
    const now = Date.now();
    const leaf =
      daysLeft === undefined ? 'fresh' : { notBefore: now - 3_600_000, notAfter: now + daysLeft * 86_400_000 };
    const plane = await startControlPlane(makeTree({ directory: join(scratch, 'tree'), leaf }), scratch);
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

  const { certificatePath, keyPath } = tree.leaf('client-admin');
  const [certificate, key] = [tree.host(certificatePath), tree.host(keyPath)];
  const empty = await noticed(plane, certificate, () => {
    truncateSync(certificate);
  });
  const other = readFileSync(tree.host(tree.leaf('client-supervisor').keyPath));
  const rekeyed = await noticed(plane, key, () => {
    writeFileSync(key, other);
  });
  return (
    `${version.trim().split('\n').at(-1) ?? ''}; in two seconds ${String(empty)} requests failed while a certificate was empty, ` +
    `${String(rekeyed)} while a new key waited for its certificate; renamed files are not in use on ${String(all.length - 1)} of ${String(all.length)} ports`
  );
}

/**
 * The naive ways, and what the load is worth: it tells of a file that was not right for two seconds, and of no one else.
 * @returns how many requests failed
 */
async function noticed(plane: ControlPlane, file: string, spoil: () => void): Promise<number> {
  const whole = readFileSync(file);
  const { streams } = await underLoad(plane, async () => {
    await wait(3000);
    spoil();
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
    assert.deepEqual(await lastRenewal(plane), {
      outcome: 'confirmed',
      phase: 'asked',
      well: ['serving-kube-apiserver', 'etcd/server-client'],
    });
    for (const [id, print] of onDisk()) seen.get(id)?.push(print);
  }
  return seen;
}

/** Its leaves have less left than it is told to renew at. */
async function byDaemon(plane: ControlPlane): Promise<Renewals> {
  const seen = new Map(renewable(plane.tree).map((id) => [id, [fingerprintOnDisk(plane.tree, id)]]));
  await configure(plane, 'live: { renewBefore: 360d }');
  const daemon = startDaemon(plane);
  try {
    const well = ['serving-kube-apiserver', 'etcd/server-client'];
    const confirmed = JSON.stringify({ outcome: 'confirmed', phase: 'usual', well });
    await until('it is renewed and confirmed', async () => JSON.stringify(await lastRenewal(plane)) === confirmed);
  } finally {
    await daemon.end();
  }
  for (const [id, prints] of seen) prints.push(fingerprintOnDisk(plane.tree, id));
  return seen;
}

/** A component that stops to answer right after the commit, and one that is ill before it. */
async function isTakenBack(plane: ControlPlane): Promise<string> {
  const { tree } = plane;
  const prints = (): readonly string[] => renewablePrints(tree);
  const before = prints();
  const renew = [process.execPath, program, 'renew', '--yes', '-o', 'json'];
  const { 'kube-scheduler': scheduler, etcd } = plane.pids();
  assert.ok(scheduler !== undefined && etcd !== undefined);
  const begun = performance.now();
  const running = plane.exec(renew);
  await until('it is live', () => prints().every((print, at) => print !== before[at]));
  process.kill(scheduler, 'SIGSTOP');
  const { status, stdout, stderr } = await running;
  const took = (performance.now() - begun) / 1000;
  process.kill(scheduler, 'SIGCONT');
  assert.equal(status, 2, stdout + stderr);
  const report = JSON.parse(stdout) as {
    readonly decision: string;
    readonly served: readonly { readonly state: string; readonly port: number }[];
  };
  assert.equal(report.decision, 'rolled-back');
  assert.deepEqual(
    report.served.filter(({ state }) => state === 'silent').map(({ port }) => port),
    [10259],
  );
  assert.deepEqual(prints(), before);
  await until('the old ones are served', async () => {
    const served = await plane.served();
    return servedPorts.every((port) => served[port] === fingerprintOnDisk(tree, servedLeaves[port]));
  });
  assert.equal((await plane.kubectl('get', '--raw', '/readyz')).stdout, 'ok');

  process.kill(etcd, 'SIGSTOP');
  const refused = await plane.exec(renew);
  process.kill(etcd, 'SIGCONT');
  assert.equal(refused.status, 77, refused.stdout + refused.stderr);
  assert.match(refused.stdout + refused.stderr, /RenewalUnfit|is not healthy|nobody answers/);
  assert.deepEqual(prints(), before);
  await until('it is well again', async () => (await plane.kubectl('get', '--raw', '/readyz')).stdout === 'ok');
  const again = await plane.exec(renew);
  assert.equal(again.status, 0, again.stdout + again.stderr);
  return `taken back ${took.toFixed(0)} s after the begin of the renewal, with one component stopped; left alone while etcd was`;
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
      followers.every((component) => (plane.lastRotation(component) ?? 0) > last),
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

const kills = 20;

/** Killed before calls that are spread over a whole renewal; after each the next run leaves all old or all new. */
async function isKilled(plane: ControlPlane): Promise<string> {
  const { tree, scratch } = plane;
  const pids = plane.pids();
  const preload = ['--no-warnings', '--import', join(import.meta.dirname, 'kill-at-call.ts')];
  const renew = [process.execPath, ...preload, program, 'renew', '--yes'];
  const log = join(scratch, 'calls.log');
  const counted = { CERTMEND_KILL_ROOT: '/var/lib' };
  const prints = (): readonly string[] => renewablePrints(tree);
  let [old, made, all] = [0, 0, 0];
  const report = await underLoad(plane, async () => {
    const whole = await plane.exec(renew, { ...counted, CERTMEND_KILL_LOG: log });
    assert.equal(whole.status, 0, whole.stderr);
    all = readFileSync(log, 'utf8').trimEnd().split('\n').length;
    for (let kill = 0; kill < kills; kill += 1) {
      const at = Math.floor(((kill + 0.5) * all) / kills) + 1;
      const before = prints();
      const { signal, status, stderr } = await plane.exec(renew, { ...counted, CERTMEND_KILL_AT: String(at) });
      // One that came to its end before has made fewer calls than the first: it is no kill, and no failure.
      assert.ok(signal === 'SIGKILL' || status === 137 || status === 0, stderr);
      const next = await plane.exec([process.execPath, program, 'standby', 'prepare']);
      assert.equal(next.status, 0, next.stderr);
      const changed = prints().filter((print, index) => print !== before[index]).length;
      assert.ok(
        changed === 0 || changed === before.length,
        `${String(changed)} of ${String(before.length)} before call ${String(at)} of ${String(all)}`,
      );
      if (changed === 0) old += 1;
      else made += 1;
    }
    await wait(leaseMs);
  });
  assert.deepEqual(troublesOf(report), []);
  assert.deepEqual(plane.pids(), pids, 'no process is another one');
  const check = await plane.exec([process.execPath, program, 'check']);
  assert.equal(check.status, 0, check.stdout);
  assert.ok(old > 0 && made > 0, `${String(old)} old, ${String(made)} new`);
  return `${String(kills)} kills in ${String(all)} calls: ${String(old)} sets stayed old, ${String(made)} became new; ${String(requestsOf(report))} requests, none failed`;
}
