import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { atExit } from '../scenarios/at-exit.ts';
import { streamNames, type LoadReport } from './load-report.ts';
import type { ControlPlane } from './start.ts';

export interface Load {
  /** Waits for the answers that are still due, and tells what there was. */
  stop(): Promise<LoadReport>;
}

/** Clients of all kinds at work (load-report.ts), in the network of a control plane, until they are stopped. */
export function startLoad(plane: ControlPlane): Load {
  const { dataDir, product } = plane.tree;
  const kubeconfig = `/etc/rancher/${product}/${product}.yaml`;
  const program = join(import.meta.dirname, 'load-program.ts');
  const [command, ...line] = plane.enter([process.execPath, '--no-warnings', program, dataDir, kubeconfig]);
  const child = spawn(command, line, { stdio: ['pipe', 'pipe', 'pipe'] });
  const forget = atExit(() => child.kill('SIGKILL'));
  let [text, words] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (words += piece));
  // One that has ended by itself has no ear for the end of its input.
  child.stdin.on('error', () => undefined);
  const closed = once(child, 'close') as Promise<[number | null]>;
  return {
    stop: async () => {
      child.stdin.end();
      const [status] = await closed;
      forget();
      assert.equal(status, 0, `the load: ${words}`);
      return JSON.parse(text) as LoadReport;
    },
  };
}

/** What a load sees while `work` is done; it ends also when that fails. */
export async function underLoad(plane: ControlPlane, work: () => Promise<void>): Promise<LoadReport> {
  const load = startLoad(plane);
  try {
    await work();
  } catch (error) {
    await load.stop().catch(() => undefined);
    throw error;
  }
  return await load.stop();
}

/** Every request that did not get its answer, every connection and watch that broke, every new leader; in words. */
export function troublesOf({ streams, reconnects, watch, leaders }: LoadReport): readonly string[] {
  return [
    ...streamNames.flatMap((name) => streams[name].failures.map((failure) => `${name}: ${failure}`)),
    ...Object.entries(reconnects).flatMap(([name, times]) =>
      times === 0 ? [] : [`${name}: ${String(times)} reconnects`],
    ),
    ...(watch.breaks === 0 ? [] : [`the watch broke ${String(watch.breaks)} times`]),
    ...(watch.missed === 0 ? [] : [`the watch missed ${String(watch.missed)} events`]),
    ...leaders.changes,
  ];
}

/** `12345 requests` */
export function requestsOf({ streams }: LoadReport): number {
  return streamNames.reduce((sum, name) => sum + streams[name].asked, 0);
}
