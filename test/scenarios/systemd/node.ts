import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { makeTree, type Tree, type TreeOptions } from '../../fixtures/tree.ts';
import { run, type Ended } from '../certmend.ts';
import { atExit } from '../at-exit.ts';
import { runTo } from '../command.ts';
import { baseRoot } from '../root-image.ts';

const standIn = join(import.meta.dirname, '..', 'stand-in');

/** Lays an RKE2-shaped node and the stand-in for its product over a root. `directory` is what the root does not have. */
export function layNode(directory: string, options: Omit<TreeOptions, 'directory'>): Tree {
  const tree = makeTree({ directory, ...options });
  mkdirSync(join(directory, 'usr/local/bin'), { recursive: true });
  cpSync(join(standIn, 'rke2.sh'), join(directory, 'usr/local/bin/rke2'));
  mkdirSync(join(directory, 'usr/local/lib'), { recursive: true });
  cpSync(join(standIn, 'supervisor.mjs'), join(directory, 'usr/local/lib/supervisor.mjs'));
  cpSync(join(standIn, 'ask.sh'), join(directory, 'usr/local/bin/ask'));
  // The product writes it itself, at each start.
  const own = '/etc/rancher/rke2/rke2.yaml';
  return { ...tree, protectedPaths: tree.protectedPaths.filter((path) => path !== own) };
}

/** A node whose systemd runs in namespaces of its own: no network, its own processes, an overlay over the base root. */
export class SystemdNode {
  readonly tree: Tree;
  readonly #state: string;
  #shell: ChildProcess | undefined;
  #pid = '';
  #forget = (): void => undefined;

  constructor(state: string, options: Omit<TreeOptions, 'directory'>) {
    for (const name of ['upper', 'work', 'root']) mkdirSync(join(state, name), { recursive: true });
    this.#state = state;
    this.tree = layNode(this.upper, options);
  }

  /** Host directory with what this node has changed; to be written only while it does not run. */
  get upper(): string {
    return join(this.#state, 'upper');
  }

  /** Resolves when its systemd has nothing left to start. */
  async boot(): Promise<void> {
    rmSync(join(this.#state, 'pid'), { force: true });
    const name = `certmend-${basename(this.#state)}-${String(process.pid)}`;
    const line = ['--mount', join(import.meta.dirname, 'boot.sh'), await baseRoot(), this.#state, name];
    const shell = spawn('unshare', line, { stdio: 'ignore' });
    this.#shell = shell;
    this.#forget();
    this.#forget = atExit(() => {
      this.#kill();
    });
    await eventually('a systemd', () => existsSync(join(this.#state, 'pid')));
    this.#pid = readFileSync(join(this.#state, 'pid'), 'utf8').trim();
    // "offline" is what systemctl says before that systemd has come far enough to be asked.
    await eventually('its bus', async () => {
      const { stdout } = await this.run('systemctl', 'is-system-running', '--wait');
      return !['', 'offline', 'unknown'].includes(stdout.trim());
    });
  }

  /** Runs a program inside. Never throws for its exit status. */
  async run(...line: readonly string[]): Promise<Ended> {
    assert.notEqual(this.#pid, '', 'the node runs');
    return await run('nsenter', ['-t', this.#pid, '-m', '-p', '-n', '-u', '-i', '-C', '-r', '-w', ...line]);
  }

  /** What a program inside prints; throws when it does not end well. */
  async say(...line: readonly string[]): Promise<string> {
    const words = ['-t', this.#pid, '-m', '-p', '-n', '-u', '-i', '-C', '-r', '-w', ...line];
    return (await runTo(['nsenter', ...words])).stdout;
  }

  /** One property of a unit. */
  async property(unit: string, name: string): Promise<string> {
    return (await this.say('systemctl', 'show', '--value', '-p', name, unit)).trim();
  }

  /** As an operator would. */
  async powerOff(): Promise<void> {
    const shell = this.#shell;
    assert.ok(shell, 'the node runs');
    const gone = once(shell, 'exit');
    await this.run('systemctl', 'poweroff');
    await gone;
    this.#shell = undefined;
    this.#pid = '';
  }

  /** The end, however far it has come. */
  async end(): Promise<void> {
    const shell = this.#shell;
    if (shell?.exitCode !== null) return;
    const gone = once(shell, 'exit');
    this.#kill();
    await gone;
  }

  #kill(): void {
    if (this.#shell?.exitCode !== null || this.#pid === '') return;
    process.kill(Number(this.#pid), 'SIGKILL');
  }
}

/**
 * Asks until the answer is true.
 * @param limit milliseconds; longer than anything takes on a machine that is busy with other things
 */
export async function eventually(
  what: string,
  question: () => boolean | Promise<boolean>,
  limit = 600_000,
): Promise<void> {
  const end = performance.now() + limit;
  while (!(await question())) {
    assert.ok(performance.now() < end, `not within ${limit / 1000} s: ${what}`);
    await wait(200);
  }
}
