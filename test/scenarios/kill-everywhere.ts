import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { filesBelow, privateKeysIn } from '../cli/private-keys.ts';
import { fingerprintPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { copyTree, makeTree, type Tree } from '../fixtures/tree.ts';
import { program, run, type Ended } from './certmend.ts';
import { programs, type Scenario } from './scenario.ts';
import { inLanes, inMemory } from './scratch.ts';
import { assertNothingStray, assertProtectedUntouched, ownLeaves, pairFits } from './set-state.ts';
import { exhaustive } from './strace.ts';

/** A command that is killed, on what node, and the run after it that has to clear up. */
interface Command {
  readonly words: readonly string[];
  readonly leaf: 'expired' | 'fresh';
  /** What was done on the node before. */
  readonly first?: readonly (readonly string[])[];
  readonly next: readonly string[];
}

const boot = ['prestart', '--unit', 'rke2-server', '--strict'];
const commands: readonly Command[] = [
  { words: boot, leaf: 'expired', next: boot },
  { words: ['rotate', '--yes'], leaf: 'fresh', next: ['rotate', '--yes'] },
  // The next run is the boot hook, on a node that is well.
  { words: ['rotate', 'etcd/client', '--yes'], leaf: 'fresh', first: [boot], next: boot },
  { words: ['standby', 'prepare'], leaf: 'fresh', next: ['standby', 'prepare'] },
  { words: ['rehearse', '--at', '+400d'], leaf: 'fresh', first: [['standby', 'prepare']], next: boot },
  { words: ['rehearse', '--at', '+400d'], leaf: 'expired', next: ['rehearse', '--at', '+1d'] },
  { words: ['rehearse', '--running', '--at', '+340d'], leaf: 'fresh', next: ['rehearse', '--running'] },
  { words: ['rollback', '--yes'], leaf: 'fresh', first: [['rotate', '--yes']], next: ['rollback', '--yes'] },
  { words: ['daemon'], leaf: 'fresh', next: ['standby', 'prepare'] },
];

/** So many calls of each command; which ones follows from the seed. All of them with CERTMEND_EXHAUSTIVE=1. */
const callsOfEach = 24;
const seed = Number(process.env['CERTMEND_SEED'] ?? Date.now() % 1_000_000);

export const killEverywhere: readonly Scenario[] = commands.map((command) => ({
  name: `${command.words.slice(0, 2).join(' ')} on ${command.leaf === 'fresh' ? 'a good' : 'an expired'} set, killed at any call, leaves to the next run (${command.next[0] ?? ''}) no key out of place and no file that nobody owns`,
  needs: [programs.openssl, programs.flock, programs.cp],
  isHeavy: true,
  run: async () => await inMemory((scratch) => killCommand(command, scratch)),
}));

async function killCommand(command: Command, scratch: string): Promise<string> {
  const pristine = makeTree({ directory: join(scratch, 'pristine'), leaf: command.leaf });
  for (const words of command.first ?? []) {
    const { status, stderr } = await certmend(pristine, words);
    assert.equal(status, 0, stderr);
  }
  const calls = await callsOf(command.words, copyTree(pristine, join(scratch, 'reference')), scratch);
  assert.ok(calls.length > 100, `only ${calls.length} calls: the list must be wrong`);
  const points = exhaustive ? calls.map((_, index) => index) : sample(calls);
  let killed = 0;
  await inLanes(
    points,
    2,
    (index) => `killed before call ${index + 1}, ${calls[index] ?? ''} (CERTMEND_SEED=${seed})`,
    async (index) => {
      const tree = copyTree(pristine, join(scratch, String(index)));
      const ended = await certmend(tree, command.words, { CERTMEND_KILL_AT: String(index + 1) });
      if (ended.signal === 'SIGKILL') killed += 1;
      const next = await certmend(tree, command.next);
      // A set that was brought back already cannot be brought back again: that is refused.
      assert.ok([0, 77].includes(next.status ?? 70), `${String(next.status)} ${next.stderr}`);
      assertCleared(pristine, tree);
      rmSync(tree.root, { recursive: true });
    },
  );
  assert.ok(killed >= points.length * 0.9, `only ${killed} of ${points.length} were killed`);
  return `${killed} of ${calls.length} calls, CERTMEND_SEED=${seed}`;
}

/** Throws unless every key is where docs/security.md says that keys are, and every file has its owner. */
function assertCleared(pristine: Tree, tree: Tree): void {
  assertNothingStray(tree);
  const before = fingerprintTree(pristine.root);
  assertProtectedUntouched(fingerprintPaths(pristine.root, tree.protectedPaths), tree);
  for (const leaf of ownLeaves(tree)) assert.ok(pairFits(tree, leaf), `${leaf.id}: torn`);
  const files = filesBelow(tree.root).map((host) => host.slice(tree.root.length));
  const strangers = files.filter((path) => !before.has(path) && !isOwned(path, tree));
  assert.deepEqual(strangers, [], 'files that nobody owns');
  const misplaced = files.filter((path) => holdsKey(tree.host(path)) && !before.has(path) && !mayHoldKeys(path));
  assert.deepEqual(misplaced, [], 'keys out of place');
}

const ownFiles =
  /^\/var\/lib\/certmend\/(?:audit\.jsonl(?:\.1)?|dynamic-cert\.json|healthy-look\.json|generations\/\d+\/.+|quarantine\/.+)$|^\/run\/certmend\/lock$/;

function isOwned(path: string, tree: Tree): boolean {
  return ownFiles.test(path) || path === tree.listener?.trigger;
}

/** The places of docs/security.md, beside those of the product. */
function mayHoldKeys(path: string): boolean {
  return /^\/var\/lib\/certmend\/(?:generations\/\d+\/files|quarantine)\//.test(path);
}

function holdsKey(host: string): boolean {
  return existsSync(host) && privateKeysIn(readFileSync(host, 'latin1')).length > 0;
}

/** Runs the command to its end; the daemon until it has saved what its first check found. */
async function callsOf(words: readonly string[], tree: Tree, scratch: string): Promise<readonly string[]> {
  const log = join(scratch, 'calls.log');
  const ended = await certmend(tree, words, { CERTMEND_KILL_LOG: log });
  assert.equal(ended.status, 0, ended.stderr);
  return readFileSync(log, 'utf8').trimEnd().split('\n');
}

async function certmend(
  tree: Tree,
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const counting = Object.keys(environment).length > 0;
  const preload = counting ? ['--import', join(import.meta.dirname, 'kill-at-call.ts')] : [];
  const line = ['--no-warnings', ...preload, program, '--root', tree.root, ...words];
  const env = { CERTMEND_KILL_ROOT: tree.root, ...environment };
  return words[0] === 'daemon' ? await untilChecked(line, env, tree) : await run(process.execPath, line, env);
}

async function untilChecked(line: readonly string[], env: NodeJS.ProcessEnv, tree: Tree): Promise<Ended> {
  const child = spawn(process.execPath, line, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (status, signal) => {
      resolve({ status: status ?? undefined, signal: signal ?? undefined, stdout: '', stderr });
    });
  });
  const state = tree.host('/var/lib/certmend/dynamic-cert.json');
  let isTold = false;
  while (child.exitCode === null && child.signalCode === null) {
    // Told to stop, it ends the check first. Once: on its last way out a second signal would end it like any process.
    if (!isTold && existsSync(state)) isTold = child.kill('SIGTERM');
    await sleep(20);
  }
  return await ended;
}

/** One call of each kind first (what is done, to what kind of file), then others until there are enough. */
function sample(calls: readonly string[]): readonly number[] {
  const order = calls.map((_, index) => index).sort((a, b) => rank(a) - rank(b));
  const kinds = new Map(order.map((index) => [kindOf(calls[index] ?? ''), index]));
  return [...new Set([...[...kinds.values()].sort((a, b) => rank(a) - rank(b)), ...order])].slice(0, callsOfEach);
}

function kindOf(call: string): string {
  return call
    .replaceAll(/[0-9a-f]{16}/g, 'ID')
    .replaceAll(/copy-\w+/g, 'copy')
    .replaceAll(/\d+/g, 'N')
    .replaceAll(/[\w.-]+\.(?=crt|key|kubeconfig)/g, '*.');
}

/** An order by the seed that does not depend on anything else. */
function rank(index: number): number {
  return (Math.imul(index + 1, 0x9e37_79b1) ^ Math.imul(seed + 1, 0x85eb_ca6b)) >>> 0;
}
