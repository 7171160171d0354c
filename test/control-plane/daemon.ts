import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { atExit } from '../scenarios/at-exit.ts';
import { program } from '../scenarios/certmend.ts';
import type { ControlPlane } from './start.ts';

/** The daemon of a control plane's node, as the package starts it but for systemd. */
export interface Daemon {
  isRunning(): boolean;
  /** It reads its configuration again, and checks at once. */
  reload(): void;
  /** Ends it and waits for that. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}

/** @param preload a module that is loaded into it first */
export function startDaemon(plane: ControlPlane, environment: NodeJS.ProcessEnv = {}, preload?: string): Daemon {
  const options = preload === undefined ? [] : ['--no-warnings', '--import', preload];
  const [command, ...words] = plane.enter([process.execPath, ...options, program, 'daemon']);
  const child = spawn(command, words, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const forget = atExit(() => child.kill('SIGKILL'));
  const ended = once(child, 'exit').finally(forget);
  return {
    isRunning: () => child.exitCode === null && child.signalCode === null,
    reload: () => {
      child.kill('SIGHUP');
    },
    end: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await ended;
    },
  };
}

/** Its configuration; in place of the one before. */
export async function configure(plane: ControlPlane, text: string): Promise<void> {
  await plane.exec(['sh', '-c', 'mkdir -p /etc/certmend && printf "%s\\n" "$0" >/etc/certmend/config.yaml', text]);
}

/** As on a node where certmend was installed a moment ago. */
export async function forgetAll(plane: ControlPlane): Promise<void> {
  await plane.exec(['rm', '-rf', '/var/lib/certmend']);
}

interface State {
  readonly lastCheck: string | null;
  readonly renewal: Readonly<Record<string, unknown>> | null;
}

export async function savedState(plane: ControlPlane): Promise<State | undefined> {
  const { status, stdout } = await plane.exec(['cat', '/var/lib/certmend/dynamic-cert.json']);
  return status === 0 ? (JSON.parse(stdout) as State) : undefined;
}

/** What the state says of the last renewal; undefined before the first. */
export async function lastRenewal(plane: ControlPlane): Promise<unknown> {
  const renewal = (await savedState(plane))?.renewal ?? null;
  if (renewal === null) return undefined;
  const { outcome, phase, well } = renewal;
  return { outcome, phase, well };
}

export interface AuditRecord {
  readonly event: string;
  readonly reason?: string;
  readonly message: string;
}

/** What was recorded since it was installed. */
export async function auditOf(plane: ControlPlane): Promise<readonly AuditRecord[]> {
  const { stdout } = await plane.exec(['cat', '/var/lib/certmend/audit.jsonl']);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as AuditRecord);
}
