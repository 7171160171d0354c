import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TreeLeaf } from '../fixtures/tree.ts';
import { servedLeaves, servedPorts, type Component } from './arguments.ts';
import { auditOf, configure, forgetAll, savedState, startDaemon, type Daemon } from './daemon.ts';
import { fingerprintOnDisk, signByHand, type Otherwise } from './renew-by-hand.ts';
import { renewable, renewablePrints } from './renewable.ts';
import type { ControlPlane } from './start.ts';
import { until } from './until.ts';

/** What is wrong with a set that certmend has found to be right. */
interface Wrong {
  readonly name: string;
  /** Of this entry another certificate lands than the one that was verified. */
  readonly lands?: { readonly id: string; readonly otherwise: (leaf: TreeLeaf) => Otherwise };
  /** It stops to answer as soon as the set is live. */
  readonly hangs?: Component;
}

const wrongs: readonly Wrong[] = [
  {
    name: 'a missing name',
    lands: {
      id: 'serving-kube-apiserver',
      otherwise: ({ dnsNames, ipAddresses }) => ({
        dnsNames: dnsNames.filter((name) => name !== 'localhost'),
        ipAddresses: ipAddresses.filter((address) => address !== '127.0.0.1'),
      }),
    },
  },
  { name: 'a wrong usage', lands: { id: 'etcd/client', otherwise: () => ({ purposes: ['sslserver'] }) } },
  {
    name: 'an authority that the API server does not trust',
    lands: { id: 'client-admin', otherwise: () => ({ byStranger: true }) },
  },
  {
    name: 'a wrong usage of a client that nobody asks',
    lands: { id: 'client-controller', otherwise: () => ({ purposes: ['sslserver'] }) },
  },
  { name: 'a scheduler that hangs', hangs: 'kube-scheduler' },
  { name: 'an API server that hangs', hangs: 'kube-apiserver' },
];

/** The promise of issue and manual, from the first instant at which the set is live. */
const withinSeconds = 60;

/**
 * The daemon renews a set that its verification finds right and that is wrong, again and again, each time as on a node where
 * it was just installed: within a minute the old set is there and served, and neither it nor the next daemon tries again.
 */
export async function wrongSetsAreTakenBack(plane: ControlPlane): Promise<string> {
  // Its leaves have less left than that: whenever nothing is in the way, it renews.
  await configure(plane, 'live: { renewBefore: 360d }\ndaemon: { checkInterval: 1m }');
  const told: string[] = [];
  for (const wrong of wrongs) told.push(`${wrong.name} ${(await isTakenBack(plane, wrong)).toFixed(0)} s`);
  return `old set served again after ${told.join(', ')}; ${await isLeftAlone(plane)}`;
}

/** @returns seconds from the first sight of the new set to the old one in use */
async function isTakenBack(plane: ControlPlane, { name, lands, hangs }: Wrong): Promise<number> {
  const { tree, scratch } = plane;
  await forgetAll(plane);
  const before = renewablePrints(tree);
  const isOld = (): boolean => renewablePrints(tree).every((print, at) => print === before[at]);
  const environment: NodeJS.ProcessEnv = {};
  if (lands !== undefined) {
    const leaf = tree.leaf(lands.id);
    const [kept, instead] = [join(scratch, 'kept.pem'), join(scratch, 'instead.pem')];
    writeFileSync(kept, readFileSync(tree.host(leaf.certificatePath)));
    writeFileSync(instead, signByHand(tree, lands.id, lands.otherwise(leaf)));
    environment['CERTMEND_LANDS'] = JSON.stringify([[leaf.certificatePath, kept, instead]]);
  }
  const preload = join(import.meta.dirname, 'land-other-bytes.ts');
  let daemon = startDaemon(plane, environment, preload);
  try {
    await until(`${name}: it is live`, () => renewablePrints(tree).every((print, at) => print !== before[at]), 20);
    const live = performance.now();
    const stopped = hangs === undefined ? undefined : plane.pids()[hangs];
    if (stopped !== undefined) process.kill(stopped, 'SIGSTOP');
    try {
      await until(`${name}: the old set is back`, isOld, 100);
    } finally {
      if (stopped !== undefined) process.kill(stopped, 'SIGCONT');
    }
    // Without its lease for so long a leader has ended itself: its kubelet starts it.
    if (stopped !== undefined) await plane.revive();
    await until(`${name}: the old set is served`, async () => await isServedAndWell(plane), 200);
    const took = (performance.now() - live) / 1000;
    assert.ok(took < withinSeconds, `${name}: ${took.toFixed(1)} s`);
    await until(`${name}: it says so`, async () => (await savedState(plane))?.renewal?.['outcome'] === 'rolled-back');
    daemon = await triesNoMore(plane, daemon, environment, preload);
    assert.ok(isOld(), `${name}: no second try`);
    return took;
  } finally {
    await daemon.end();
  }
}

async function isServedAndWell(plane: ControlPlane): Promise<boolean> {
  const served = await plane.served();
  if (!servedPorts.every((port) => served[port] === fingerprintOnDisk(plane.tree, servedLeaves[port]))) return false;
  return (await plane.kubectl('get', '--raw', '/readyz')).stdout === 'ok';
}

/** Neither the daemon that has rolled back nor the next one. */
async function triesNoMore(
  plane: ControlPlane,
  before: Daemon,
  environment: NodeJS.ProcessEnv,
  preload: string,
): Promise<Daemon> {
  const again = async (daemon: Daemon): Promise<void> => {
    await checks(plane, () => {
      daemon.reload();
    });
  };
  // It has acted on a check when the next one is there.
  await again(before);
  await again(before);
  await before.end();
  let daemon: Daemon | undefined;
  await checks(plane, () => (daemon = startDaemon(plane, environment, preload)));
  assert.ok(daemon !== undefined);
  await again(daemon);
  const commits = (await auditOf(plane)).filter(({ event }) => event === 'committed');
  assert.equal(commits.length, 2, commits.map(({ message }) => message).join('\n'));
  return daemon;
}

async function checks(plane: ControlPlane, begin: () => void): Promise<void> {
  const last = async (): Promise<string> => (await savedState(plane))?.lastCheck ?? '';
  const before = await last();
  begin();
  await until('another check', async () => (await last()) > before, 200);
}

/** An API server that was ill before is none that a renewal made ill: nothing is begun while it is, and then it is renewed. */
async function isLeftAlone(plane: ControlPlane): Promise<string> {
  const { tree } = plane;
  await forgetAll(plane);
  const before = renewablePrints(tree);
  const { 'kube-apiserver': server } = plane.pids();
  assert.ok(server !== undefined);
  process.kill(server, 'SIGSTOP');
  const daemon = startDaemon(plane);
  try {
    await until(
      'it says that it is ill',
      async () => (await auditOf(plane)).some(({ reason }) => reason === 'RenewalUnfit'),
      200,
    );
    assert.deepEqual(renewablePrints(tree), before);
    process.kill(server, 'SIGCONT');
    await plane.revive();
    daemon.reload();
    await until('it is renewed', async () => (await savedState(plane))?.renewal?.['outcome'] === 'confirmed');
  } finally {
    process.kill(server, 'SIGCONT');
    await daemon.end();
  }
  assert.ok(renewablePrints(tree).every((print, at) => print !== before[at]));
  assert.ok(await isServedAndWell(plane));
  return `an API server that was ill was left alone, and ${String(renewable(tree).length)} entries renewed when it was not`;
}
