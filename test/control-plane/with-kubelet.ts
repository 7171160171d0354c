import assert from 'node:assert/strict';
import { program } from '../scenarios/certmend.ts';
import { underLoad, requestsOf, troublesOf } from './load.ts';
import { startKubelet, type Kubelet } from './kubelet.ts';
import { startLogReaders, type LogReaders, type LogReport } from './log-readers.ts';
import { fingerprintOnDisk } from './renew-by-hand.ts';
import type { ControlPlane } from './start.ts';
import { until } from './until.ts';

const agentPart = ['client-kubelet', 'serving-kubelet', 'client-kube-proxy', 'client-rke2-controller'].map(
  (name) => `agent/${name}`,
);
/** A rotation of the kubelet's own pair is in its log; client-go looks every five minutes. */
const rotated = 'Certificate rotation detected';

/**
 * The whole set and the agent part are renewed while pods' logs are read through the API server: port 10250 serves each new
 * leaf, the node stays Ready, nothing on it is started again, and the readers are counted.
 *
 * @param options.isFollowed waits until the kubelet and the API server have closed what they had opened with their old pairs
 */
export async function renewedWithKubelet(
  plane: ControlPlane,
  { rounds, isFollowed }: { readonly rounds: number; readonly isFollowed: boolean },
): Promise<string> {
  const kubelet = await startKubelet(plane);
  try {
    const { facts, seen, logs, requests, renewed, took } = await renewAll(plane, kubelet, rounds, isFollowed);
    assert.deepEqual(await kubelet.facts(), facts, 'the node stayed Ready, and its pod and its kubelet the same');
    assert.equal(seen.size, rounds + 1, 'port 10250 has served each of them');
    assert.deepEqual(logs.failures, []);
    assert.deepEqual(logs.kubelet.failures, []);
    assert.equal(logs.missed, 0, JSON.stringify(logs));
    return (
      `${String(rounds)} renewals of the set and of the agent part in ${renewed.toFixed(0)} s; in ${took.toFixed(0)} s ${String(requests)} requests, none failed; ` +
      `${String(logs.asked)} new readers of a log and ${String(logs.kubelet.asked)} connections to 10250, none failed; kubectl logs -f was cut ${String(logs.cuts.length)} times (${logs.cuts.join('; ')}), ` +
      `${String(logs.lines)} lines and none missed; Ready all the time, the pod is the same`
    );
  } finally {
    await kubelet.stop();
  }
}

interface Seen {
  readonly facts: Awaited<ReturnType<Kubelet['facts']>>;
  /** Leaves that port 10250 has served. */
  readonly seen: ReadonlySet<string>;
  readonly logs: LogReport;
  readonly requests: number;
  /** Seconds until the last renewal was done, and until the end. */
  readonly renewed: number;
  readonly took: number;
}

async function renewAll(plane: ControlPlane, kubelet: Kubelet, rounds: number, isFollowed: boolean): Promise<Seen> {
  const facts = await kubelet.facts();
  const pids = plane.pids();
  const first = fingerprintOnDisk(plane.tree, 'agent/serving-kubelet');
  assert.equal((await kubelet.ask()).stdout, first);
  const seen = new Set([first]);
  const readers = startLogReaders(plane, kubelet);
  const begin = performance.now();
  let logs: LogReport | undefined;
  let renewed = 0;
  const report = await underLoad(plane, async () => {
    try {
      for (let round = 0; round < rounds; round += 1) {
        await renew(plane);
        await renew(plane, ...agentPart);
        const print = fingerprintOnDisk(plane.tree, 'agent/serving-kubelet');
        await until('10250 serves it', async () => (await kubelet.ask()).stdout === print);
        seen.add(print);
      }
      renewed = (performance.now() - begin) / 1000;
      if (isFollowed) await followed(kubelet, readers);
    } finally {
      logs = await readers.stop();
    }
  });
  assert.deepEqual(troublesOf(report), []);
  assert.deepEqual(plane.pids(), pids, 'no process is another one');
  assert.ok(logs !== undefined);
  return { facts, seen, logs, requests: requestsOf(report), renewed, took: (performance.now() - begin) / 1000 };
}

/** The kubelet has closed what it had opened with its old pair, and the API server what it had to the kubelet. */
async function followed(kubelet: Kubelet, readers: LogReaders): Promise<void> {
  const [told, cuts] = [kubelet.log().split(rotated).length, readers.cuts()];
  await until('the kubelet follows its pair', () => kubelet.log().split(rotated).length > told);
  await until('a log that is followed is cut off', () => readers.cuts() > cuts);
}

async function renew(plane: ControlPlane, ...entries: readonly string[]): Promise<void> {
  const line = [process.execPath, program, 'renew', ...entries, '--yes', '-o', 'json'];
  const { status, stdout, stderr } = await plane.exec(line);
  assert.equal(status, 0, stdout + stderr);
}
