import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Tree } from '../fixtures/tree.ts';
import { atExit } from '../scenarios/at-exit.ts';
import { run, type Ended } from '../scenarios/certmend.ts';
import {
  argumentsOf,
  components,
  etcdConfiguration,
  servedPorts,
  type Component,
  type ServedPort,
} from './arguments.ts';
import { buildControlPlane } from './build.ts';
import { mountsOf } from './mounts.ts';

/** A control plane of one RKE2 server that runs on a tree, in a mount and a network namespace of its own. */
export interface ControlPlane {
  readonly tree: Tree;
  /** Host directory of the test's own files; the same path inside. */
  readonly scratch: string;
  /**
   * How a line is run on the node: its tree is /etc/rancher and /var/lib/rancher there, its network has these processes
   * only, `systemctl` says that the service runs, since this machine was booted. For `spawn`; `exec` runs it to its end.
   */
  enter(line: readonly string[]): readonly [string, ...string[]];
  /** Runs a program on the node. Never throws for its exit status. */
  exec(line: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Ended>;
  /** kubectl with the kubeconfig of the administrator that refers to files; another one with `--kubeconfig`. */
  kubectl(...words: readonly string[]): Promise<Ended>;
  /** SHA-256 of the leaf that is served on each port, lower-case hexadecimal; undefined where nobody answers. */
  served(): Promise<Readonly<Record<ServedPort, string | undefined>>>;
  /** Starts what has ended, as a kubelet does, and waits until all are ready. */
  revive(): Promise<void>;
  /** Process ids as the host counts; undefined for one that has ended. */
  pids(): Readonly<Record<Component, number | undefined>>;
  /** Most memory that each has had in use, bytes. */
  peakMemory(): Readonly<Record<Component, number>>;
  /**
   * The instant (milliseconds since the epoch) of the last time that a component has closed the connections to the API
   * server that it had opened with an old client pair, as it says in its log; undefined when it never has.
   */
  lastRotation(component: Component): number | undefined;
  /** All that a component has written until now. */
  log(component: Component): string;
  /** Ends it all; the tree stays as it is. */
  stop(): Promise<void>;
}

/**
 * Starts etcd, API server, controller manager and scheduler on the tree of an RKE2 server, with the arguments, the mounts
 * and the ports that RKE2's static pods have, and waits until all of them are ready: /readyz is ok, and both leases have a
 * holder. Needs root. Etcd's data lies where RKE2 has it, in the tree.
 */
export async function startControlPlane(tree: Tree, scratch: string): Promise<ControlPlane> {
  assert.ok(
    tree.unit === 'rke2-server' && tree.dataDir === '/var/lib/rancher/rke2',
    'an RKE2 server as it is by default',
  );
  const program = await buildControlPlane();
  const plane = new Plane(tree, scratch, program);
  try {
    await plane.start();
    return plane;
  } catch (error) {
    await plane.stop();
    throw error;
  }
}

class Plane implements ControlPlane {
  readonly tree: Tree;
  readonly scratch: string;
  readonly #program: string;
  readonly #programs: string;
  readonly #children = new Map<Component, ChildProcess>();
  #node: ChildProcess | undefined;
  #forget = (): void => undefined;

  constructor(tree: Tree, scratch: string, program: string) {
    this.tree = tree;
    this.scratch = scratch;
    this.#program = program;
    this.#programs = join(scratch, 'programs');
  }

  async start(): Promise<void> {
    this.#forget = atExit(() => {
      for (const child of [...this.#children.values(), this.#node]) child?.kill('SIGKILL');
    });
    this.#layPrograms();
    this.#layEtcd();
    await this.#layNode();
    await this.revive();
  }

  async revive(): Promise<void> {
    // One that has ended before is started again below, and is no failure of this start.
    for (const component of components) if (this.pids()[component] === undefined) this.#children.delete(component);
    this.#startComponent('etcd');
    await this.#until('etcd', async () => {
      const { ok } = await this.#ask('http://127.0.0.1:2381/health?serializable=false');
      return ok;
    });
    this.#startComponent('kube-apiserver');
    await this.#until('the API server', async () => {
      const { status, stdout } = await this.kubectl('get', '--raw', '/readyz');
      return status === 0 && stdout === 'ok';
    });
    this.#startComponent('kube-controller-manager');
    this.#startComponent('kube-scheduler');
    // A healthz says nothing of the client pair: only who can write has a lease.
    await this.#until('the leaders', async () => {
      const line = ['get', 'leases', '-n', 'kube-system', '-o', 'jsonpath={range .items[*]}{.metadata.name} {end}'];
      const { stdout } = await this.kubectl(...line);
      const held = stdout.split(' ');
      return held.includes('kube-controller-manager') && held.includes('kube-scheduler');
    });
    await this.#until('the ports', async () => !Object.values(await this.served()).includes(undefined));
  }

  enter(line: readonly string[]): readonly [string, ...string[]] {
    return ['nsenter', '-t', String(this.#node?.pid), '-m', '-n', '-u', '--', 'env', `PATH=${this.#path()}`, ...line];
  }

  async exec(line: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const [command, ...words] = this.enter(line);
    return await run(command, words, environment);
  }

  async kubectl(...words: readonly string[]): Promise<Ended> {
    const kubeconfig = `${this.tree.dataDir}/server/cred/admin.kubeconfig`;
    return await this.exec(['kubectl', ...words], { KUBECONFIG: kubeconfig, HOME: this.scratch });
  }

  async served(): Promise<Readonly<Record<ServedPort, string | undefined>>> {
    const ports = servedPorts.map(String);
    const { status, stdout, stderr } = await this.exec([
      process.execPath,
      join(import.meta.dirname, 'served-program.ts'),
      ...ports,
    ]);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout) as Record<ServedPort, string | undefined>;
  }

  pids(): Readonly<Record<Component, number | undefined>> {
    return ofEach((component) => {
      const child = this.#children.get(component);
      return child?.exitCode === null && child.signalCode === null ? child.pid : undefined;
    });
  }

  peakMemory(): Readonly<Record<Component, number>> {
    return ofEach((component) => {
      const pid = this.pids()[component];
      const status = pid === undefined ? '' : readFileSync(`/proc/${String(pid)}/status`, 'utf8');
      return Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
    });
  }

  log(component: Component): string {
    return readFileSync(this.#logFile(component), 'utf8');
  }

  lastRotation(component: Component): number | undefined {
    const lines = this.log(component).split('\n');
    const line = lines.findLast((candidate) => candidate.includes('Certificate rotation detected'));
    // klog: I1127 20:52:48.123456, in the machine's time zone, without the year.
    const [, month, date, time = ''] = /^I(\d\d)(\d\d) ([\d:.]+)/.exec(line ?? '') ?? [];
    if (month === undefined || date === undefined) return undefined;
    return Date.parse(`${String(new Date().getFullYear())}-${month}-${date}T${time.slice(0, 12)}`);
  }

  async stop(): Promise<void> {
    // The last started first: nobody waits for one that is gone.
    for (const child of [...this.#children.values()].reverse()) await end(child);
    if (this.#node !== undefined) await end(this.#node);
    this.#forget();
  }

  #path(): string {
    return `${this.#programs}:${process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin'}`;
  }

  #logFile(component: Component): string {
    return join(this.scratch, `${component}.log`);
  }

  #layPrograms(): void {
    mkdirSync(this.#programs);
    for (const name of [...components, 'kubelet', 'kubectl']) symlinkSync(this.#program, join(this.#programs, name));
    // There is no systemd here: one that says of the unit what is true.
    const { unit } = this.tree;
    const shown =
      'ActiveState=active\\nSubState=running\\nActiveEnterTimestampMonotonic=1\\nInvocationID=0123456789abcdef0123456789abcdef\\n';
    const says = `#!/bin/sh
case $* in
  'is-active ${unit}' | 'is-active ${unit}.service') echo active ;;
  'show ${unit} '* | 'show ${unit}.service '*) printf '${shown}' ;;
  *) exit 1 ;;
esac
`;
    writeFileSync(join(this.#programs, 'systemctl'), says);
    chmodSync(join(this.#programs, 'systemctl'), 0o755);
  }

  /** As the product does at its start. */
  #layEtcd(): void {
    const etcd = this.tree.host(`${this.tree.dataDir}/server/db/etcd`);
    mkdirSync(etcd, { recursive: true });
    chmodSync(etcd, 0o700);
    writeFileSync(join(etcd, 'config'), etcdConfiguration(this.tree), { mode: 0o600 });
    writeFileSync(join(etcd, 'name'), this.tree.nodeName, { mode: 0o600 });
  }

  async #layNode(): Promise<void> {
    const { root, nodeName, nodeIp } = this.tree;
    const state = join(this.scratch, 'node');
    mkdirSync(state);
    const line = ['--mount', '--net', '--uts', '--propagation', 'private', join(import.meta.dirname, 'node.sh')];
    const node = spawn('unshare', [...line, root, state, nodeName, nodeIp], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#node = node;
    let words = '';
    node.stderr.setEncoding('utf8').on('data', (text: string) => (words += text));
    const ready = await Promise.race([
      once(node.stdout.setEncoding('utf8'), 'data').then(([text]) => String(text).trim() === 'ready'),
      once(node, 'close').then(() => false),
    ]);
    assert.ok(ready, `the node's namespaces: ${words}`);
  }

  /** Unless it runs. */
  #startComponent(component: Component): void {
    const { tree } = this;
    if (this.pids()[component] !== undefined) return;
    const words = argumentsOf(component, tree);
    const { directories, files } = mountsOf(component, words, tree);
    const stage = join(this.scratch, `stage-${component}`);
    mkdirSync(stage, { recursive: true });
    const pod = ['unshare', '--mount', '--propagation', 'private', join(import.meta.dirname, 'pod.sh'), tree.dataDir];
    const [command, ...line] = this.enter([
      ...pod,
      stage,
      directories.join('\n'),
      files.join('\n'),
      join(this.#programs, component),
      ...words,
    ]);
    const log = openSync(this.#logFile(component), 'a');
    // Every program on the way becomes the next one: the process that is started here is the component's own.
    this.#children.set(component, spawn(command, line, { stdio: ['ignore', log, log] }));
    closeSync(log);
  }

  async #ask(url: string): Promise<{ readonly ok: boolean }> {
    const script = `fetch(${JSON.stringify(url)}).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))`;
    const { status } = await this.exec([process.execPath, '-e', script]);
    return { ok: status === 0 };
  }

  async #until(what: string, question: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 300_000;
    while (!(await question())) {
      const ended = [...this.#children.keys()].filter((component) => this.pids()[component] === undefined);
      const logs = [...this.#children.keys()].map((component) => this.log(component).slice(-2000)).join('\n');
      assert.deepEqual(ended, [], `has ended before ${what} was ready\n${logs}`);
      assert.ok(performance.now() < deadline, `${what}: not ready in five minutes\n${logs}`);
      await wait(250);
    }
  }
}

function ofEach<T>(answer: (component: Component) => T): Readonly<Record<Component, T>> {
  return Object.fromEntries(components.map((component) => [component, answer(component)])) as Record<Component, T>;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const hurry = AbortSignal.timeout(5000);
  hurry.addEventListener('abort', () => child.kill('SIGKILL'), { once: true });
  await gone;
}
