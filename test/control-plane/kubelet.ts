import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { atExit } from '../scenarios/at-exit.ts';
import type { Ended } from '../scenarios/certmend.ts';
import { ControlGroup } from './control-group.ts';
import { containerdConfiguration, kubeletConfiguration, kubeletWords, network } from './kubelet-configuration.ts';
import { image, imageArchive } from './kubelet-image.ts';
import type { ControlPlane } from './start.ts';
import { until } from './until.ts';

/** The pod that writes `line 1`, `line 2`, … five times a second. */
export const talker = 'talks';

/** A kubelet with its containerd, a pod on it, and the product's supervisor, on the agent part of a control plane's tree. */
export interface Kubelet {
  /** What must stay the same while certificates change: since when the node is Ready, and which container runs. */
  facts(): Promise<Facts>;
  /** Asks on port 10250 as the API server does (ask-kubelet.ts): prints the SHA-256 of the leaf when all is well. */
  ask(): Promise<Ended>;
  /** All that the kubelet has written until now. */
  log(): string;
  /** Ends it all; the control plane stays. */
  stop(): Promise<void>;
}

export interface Facts {
  /** `True 2026-11-28T07:18:33Z` */
  readonly ready: string;
  /** `containerd://… 0 restarts` */
  readonly container: string;
  /** How often the kubelet has ended. */
  readonly ended: number;
}

/** Starts it, waits until the node is Ready, and then until the pod's first line can be read through the API server. */
export async function startKubelet(plane: ControlPlane): Promise<Kubelet> {
  const kubelet = new Running(plane);
  try {
    await kubelet.start();
    return kubelet;
  } catch (error) {
    await kubelet.stop();
    throw error;
  }
}

class Running implements Kubelet {
  readonly #plane: ControlPlane;
  readonly #state: string;
  readonly #group = new ControlGroup();
  readonly #children: ChildProcess[] = [];
  #said = '';
  #forget = (): void => undefined;

  constructor(plane: ControlPlane) {
    this.#plane = plane;
    this.#state = join(plane.scratch, 'kubelet');
  }

  async start(): Promise<void> {
    this.#group.make();
    this.#forget = atExit(() => {
      for (const child of this.#children) child.kill('SIGKILL');
      this.#group.remove();
    });
    const { tree } = this.#plane;
    const state = this.#state;
    for (const name of ['', 'cni', 'root']) mkdirSync(join(state, name), { mode: 0o700 });
    this.#startSupervisor();
    writeFileSync(join(state, 'containerd.toml'), containerdConfiguration(state, image));
    writeFileSync(join(state, 'cni', '10-none.conflist'), network);
    writeFileSync(join(state, 'kubelet.yaml'), kubeletConfiguration(tree, this.#group.name));
    const space = ['unshare', '--pid', '--fork', '--kill-child', '--mount', '--mount-proc', '--propagation', 'private'];
    const script = join(import.meta.dirname, 'kubelet.sh');
    this.#spawn([...space, script, state, await imageArchive(state), 'kubelet', ...kubeletWords(tree, state)]);
    await this.#until('the node is ready', async () => (await this.#readySince()).startsWith('True'));
    await this.#until('there is an account for pods', async () => {
      const { status } = await this.#plane.kubectl('get', 'serviceaccount', 'default');
      return status === 0;
    });
    await this.#startPod();
  }

  async facts(): Promise<Facts> {
    const path = 'jsonpath={.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}';
    const { stdout } = await this.#plane.kubectl('get', 'pod', talker, '-o', path);
    const ended = this.#said.split('kubelet has ended').length - 1;
    return { ready: await this.#readySince(), container: `${stdout} restarts`, ended };
  }

  async ask(): Promise<Ended> {
    const { dataDir, nodeIp } = this.#plane.tree;
    const program = join(import.meta.dirname, 'ask-kubelet.ts');
    return await this.#plane.exec([process.execPath, '--no-warnings', program, dataDir, nodeIp]);
  }

  log(): string {
    const path = join(this.#state, 'kubelet.log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  async stop(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    // The kernel ends what was in the process namespace a moment later.
    await wait(500);
    this.#group.remove();
    this.#forget();
  }

  /** On 9345, with the certificate that the product has in its document; it signs, and is the way to the kubelet. */
  #startSupervisor(): void {
    const { tree } = this.#plane;
    const document = JSON.parse(readFileSync(tree.host(tree.listener?.path ?? ''), 'utf8')) as {
      readonly data: Readonly<Record<string, string>>;
    };
    const pair = ['tls.crt', 'tls.key'].map((name) => {
      const path = join(this.#state, `listener-${name}`);
      writeFileSync(path, Buffer.from(document.data[name] ?? '', 'base64'), { mode: 0o600 });
      return path;
    });
    const program = join(import.meta.dirname, '../scenarios/stand-in/supervisor.mjs');
    this.#spawn(['sh', '-c', 'mkdir -p /run/rke2 && exec "$@"', 'sh', process.execPath, program, ...pair]);
  }

  async #startPod(): Promise<void> {
    const path = join(this.#state, 'pod.json');
    writeFileSync(path, JSON.stringify(pod(this.#plane.tree.nodeName)));
    const { status, stderr } = await this.#plane.kubectl('apply', '-f', path);
    assert.equal(status, 0, stderr);
    await this.#until('its pod can be read', async () => {
      const { status: read, stdout } = await this.#plane.kubectl('logs', talker);
      return read === 0 && stdout.startsWith('line 1\n');
    });
  }

  #spawn(line: readonly string[]): void {
    const [command, ...words] = this.#plane.enter(line);
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#said += text));
    this.#children.push(child);
  }

  async #readySince(): Promise<string> {
    const path = '{range .status.conditions[?(@.type=="Ready")]}{.status} {.lastTransitionTime}{end}';
    return (await this.#plane.kubectl('get', 'node', this.#plane.tree.nodeName, '-o', `jsonpath=${path}`)).stdout;
  }

  async #until(what: string, question: () => Promise<boolean>): Promise<void> {
    try {
      await until(what, question, 1000, 180_000);
    } catch (cause) {
      throw new Error(`${what}: ${this.#said.slice(-1000)}\n${this.log().slice(-3000)}`, { cause });
    }
  }
}

function pod(nodeName: string): object {
  const script = 'i=0; while :; do i=$((i+1)); echo line $i; sleep 0.2; done';
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: talker },
    spec: {
      nodeName,
      // There is no network for pods, and none is needed.
      hostNetwork: true,
      automountServiceAccountToken: false,
      tolerations: [{ operator: 'Exists' }],
      containers: [{ name: talker, image, imagePullPolicy: 'Never', args: ['sh', '-c', script] }],
    },
  };
}
