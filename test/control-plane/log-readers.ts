import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { atExit } from '../scenarios/at-exit.ts';
import { talker, type Kubelet } from './kubelet.ts';
import type { ControlPlane } from './start.ts';

/** What people who read a pod's log through the API server have seen. */
export interface LogReport {
  /** Of `kubectl logs -f`: how often it ended by itself, each with the second since the beginning and its last words. */
  readonly cuts: readonly string[];
  /** Lines that were read, and lines that came neither before a cut nor after it. */
  readonly lines: number;
  readonly missed: number;
  /**
   * Of `kubectl logs --tail=1`, one after the other: a new connection to the API server each, which goes on over the one that
   * it has to the kubelet.
   */
  readonly asked: number;
  readonly failures: readonly string[];
  /** Connections to the kubelet with the API server's own pair, as it is on the disk at that moment. */
  readonly kubelet: { readonly asked: number; readonly failures: readonly string[] };
}

export interface LogReaders {
  /** How often `kubectl logs -f` was cut off until now. */
  cuts(): number;
  stop(): Promise<LogReport>;
}

/** Begins to read: one that follows and is started again when it is cut off, and two that ask again and again. */
export function startLogReaders(plane: ControlPlane, kubelet: Kubelet): LogReaders {
  const over = new AbortController();
  const begin = performance.now();
  const seconds = (): string => ((performance.now() - begin) / 1000).toFixed(1);
  const cuts: string[] = [];
  const all = Promise.all([
    follow(plane, cuts, over.signal, seconds),
    ask(over.signal, seconds, async () => {
      const { status, stdout, stderr } = await plane.kubectl('logs', '--tail=1', talker);
      return status === 0 && /^line \d+\n$/.test(stdout) ? undefined : stderr || stdout;
    }),
    ask(over.signal, seconds, async () => {
      const { status, stderr } = await kubelet.ask();
      return status === 0 ? undefined : stderr;
    }),
  ]);
  // Whoever stops them hears of it.
  all.catch(() => undefined);
  return {
    cuts: () => cuts.length,
    stop: async () => {
      over.abort();
      const [followed, logs, kubeletAsked] = await all;
      return { cuts, ...followed, ...logs, kubelet: kubeletAsked };
    },
  };
}

async function follow(
  plane: ControlPlane,
  cuts: string[],
  over: AbortSignal,
  seconds: () => string,
): Promise<Pick<LogReport, 'lines' | 'missed'>> {
  const numbers = new Set<number>();
  while (!over.aborted) {
    // With all of it again: what was written while nobody followed is not missed by who looks back.
    const child = start(plane, ['logs', '--follow', talker]);
    const stop = (): void => void child.kill('SIGTERM');
    over.addEventListener('abort', stop, { once: true });
    let [rest, words] = ['', ''];
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) numbers.add(Number(/^line (\d+)$/.exec(line)?.[1]));
    });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (words += text));
    const [status] = (await once(child, 'close')) as [number | null];
    over.removeEventListener('abort', stop);
    if (!over.aborted) cuts.push(`${seconds()} s: exit ${String(status)} ${words.trim().slice(-200)}`.trim());
  }
  const last = Math.max(0, ...numbers);
  return { lines: numbers.size, missed: last - numbers.size };
}

/** @param question resolves to what is wrong with the answer, undefined when nothing is */
async function ask(
  over: AbortSignal,
  seconds: () => string,
  question: () => Promise<string | undefined>,
): Promise<LogReport['kubelet']> {
  const failures: string[] = [];
  let asked = 0;
  while (!over.aborted) {
    asked += 1;
    const wrong = await question();
    if (wrong !== undefined) failures.push(`${seconds()} s: ${wrong.trim()}`);
    await wait(500, undefined, { signal: over }).catch(() => undefined);
  }
  return { asked, failures };
}

function start(plane: ControlPlane, words: readonly string[]): ChildProcess {
  const kubeconfig = `${plane.tree.dataDir}/server/cred/admin.kubeconfig`;
  const [command, ...line] = plane.enter(['kubectl', '--kubeconfig', kubeconfig, ...words]);
  const child = spawn(command, line, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOME: plane.scratch },
  });
  const forget = atExit(() => child.kill('SIGKILL'));
  child.once('exit', forget);
  return child;
}
