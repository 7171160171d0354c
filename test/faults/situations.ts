import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { State } from '../../src/state/state.ts';
import type { Ports } from '../../src/survey/ports.ts';
import { live, type Life } from '../daemon/life.ts';
import { atRename } from '../fixtures/at-rename.ts';
import { emptyFile } from '../fixtures/damage.ts';
import { reissueLeaf } from '../fixtures/damage-pair.ts';
import { day, hour, makeTree, type Tree } from '../fixtures/tree.ts';
import { builtModule } from '../cli/built-module.ts';

// The calls that fail are those of the program that ships.
const { main } = builtModule<typeof import('../../src/cli/main.ts')>('src/cli/main.ts');
const { CertmendError } = builtModule<typeof import('../../src/error.ts')>('src/error.ts');

export interface Ended {
  readonly status: number;
  readonly printed: string;
}

/** A node at a moment when certmend is about to do something, and what it does. */
export interface Situation {
  readonly name: string;
  readonly make: (directory: string) => Promise<Tree>;
  readonly run: (tree: Tree) => Promise<Ended>;
  /** The run after it, when it is not the same again. */
  readonly next?: (tree: Tree) => Promise<Ended>;
  /** Whether the files of the set are others when it has gone well. */
  readonly changesSet: boolean;
  /** Under a service that runs: only certificates change, all of them or none, and each file is whole at any time (P12). */
  readonly isLive?: boolean;
}

/** An address that was in the serving certificate once and is nowhere else but in certmend's memory. */
export const rememberedAddress = '192.0.2.77';
const remembering = 'serving-kube-apiserver';

const program = join(import.meta.dirname, '..', '..', 'dist', 'certmend.cjs');
const prestartWords = (tree: Tree): readonly string[] => [
  '--root',
  tree.root,
  'prestart',
  '--unit',
  tree.unit,
  '--strict',
];

export const situations: readonly Situation[] = [
  { name: 'a boot rotation', make: (directory) => dueNode(directory, false), run: prestart, changesSet: true },
  {
    name: 'a boot rotation from a standby',
    make: (directory) => dueNode(directory, true),
    run: prestart,
    changesSet: true,
  },
  {
    name: 'a boot of a healthy node',
    make: (directory) => knownNode(directory, true),
    run: prestart,
    changesSet: false,
  },
  { name: "a daemon's check", make: (directory) => knownNode(directory, false), run: check, changesSet: false },
  {
    name: "a daemon's check of a node with a standby",
    make: (directory) => knownNode(directory, true),
    run: check,
    changesSet: false,
  },
  { name: 'a recovery', make: cutNode, run: prestart, changesSet: true },
  {
    name: 'a live renewal',
    make: runningNode,
    run: renewLive,
    next: afterThePause,
    changesSet: true,
    isLive: true,
  },
];

export function stateOf(tree: Tree): State {
  return JSON.parse(readFileSync(tree.host('/var/lib/certmend/dynamic-cert.json'), 'utf8')) as State;
}

/** Healthy, and certmend has looked at it before; it has committed by itself an hour ago. */
async function knownNode(directory: string, standby: boolean): Promise<Tree> {
  const tree = makeTree({ directory, leaf: { notBefore: Date.now() - 2 * hour, notAfter: Date.now() + 364 * day } });
  const { ipAddresses } = tree.leaf(remembering);
  reissueLeaf(tree, remembering, { leaf: { ipAddresses: [...ipAddresses, rememberedAddress] } });
  configure(tree, standby);
  await live(tree.root, []);
  const state = stateOf(tree);
  const commits = [new Date(Date.now() - hour).toISOString()];
  writeFileSync(
    tree.host('/var/lib/certmend/dynamic-cert.json'),
    JSON.stringify({ ...state, brake: { ...state.brake, commits } }),
  );
  configure(tree, true);
  return tree;
}

/** The same, a year later: all has expired, and the certificate with the remembered address is empty. */
async function dueNode(directory: string, standby: boolean): Promise<Tree> {
  const tree = await knownNode(directory, standby);
  configure(tree, standby);
  const validity = { notBefore: Date.now() - hour - 5 * 60_000, notAfter: Date.now() - 60_000 };
  for (const { id, reissuedAtStart } of tree.leaves) if (!reissuedAtStart) reissueLeaf(tree, id, { validity });
  emptyFile(tree, tree.leaf(remembering).certificatePath);
  return tree;
}

/** The power went in the middle of the rotation. */
async function cutNode(directory: string): Promise<Tree> {
  const tree = await dueNode(directory, true);
  const { signal, stderr } = spawnSync(
    process.execPath,
    [...atRename('SIGKILL', 14, '/server/tls/'), program, ...prestartWords(tree)],
    { encoding: 'utf8' },
  );
  if (signal !== 'SIGKILL') throw new Error(`it was not cut: ${stderr}`);
  return tree;
}

/** The same, eleven months later, under a service that was not restarted. */
async function runningNode(directory: string): Promise<Tree> {
  const tree = await knownNode(directory, false);
  configure(tree, false);
  const validity = { notBefore: Date.now() - hour - 5 * 60_000, notAfter: Date.now() + 20 * day };
  for (const { id, reissuedAtStart, ipAddresses } of tree.leaves) {
    // A name that is nowhere but in the memory needs a start: the node would not be sound.
    const leaf = id === remembering ? { ipAddresses: [...ipAddresses, rememberedAddress] } : {};
    if (!reissuedAtStart) reissueLeaf(tree, id, { validity, leaf });
  }
  return tree;
}

function configure(tree: Tree, standby: boolean): void {
  mkdirSync(tree.host('/etc/certmend'), { recursive: true });
  writeFileSync(tree.host('/etc/certmend/config.yaml'), `standby: {enabled: ${String(standby)}}\n`);
}

async function prestart(tree: Tree): Promise<Ended> {
  let printed = '';
  const stream = { write: (text: string) => void (printed += text), isTerminal: false, columns: undefined };
  const io = {
    stdout: stream,
    stderr: stream,
    env: { PATH: process.env['PATH'] },
    confirm: undefined,
    damagedParts: () => [],
  };
  const status = await main(prestartWords(tree), io);
  return { status, printed };
}

function check(tree: Tree): Promise<Ended> {
  return ending(() => live(tree.root, []));
}

async function ending(life: () => Promise<Life>): Promise<Ended> {
  try {
    const { told, announced } = await life();
    return { status: 0, printed: [...told, ...announced].join('\n') };
  } catch (error) {
    // Before it was ready: systemd starts it again.
    if (!(error instanceof CertmendError)) throw error;
    return { status: error.exit, printed: `${error.message}\n${error.hint ?? ''}` };
  }
}

/** The daemon's first check of a node whose service runs; what is due is renewed after it. Looked at by calls that are not counted. */
async function renewLive(tree: Tree): Promise<Ended> {
  return daemonOf(tree, Date.now());
}

/** After an attempt that failed the daemon waits for some hours; what is live and not confirmed it looks after at once. */
async function afterThePause(tree: Tree): Promise<Ended> {
  return daemonOf(tree, Date.now() + (stateOf(tree).renewal?.outcome === 'failed' ? 7 * hour : 60_000));
}

async function daemonOf(tree: Tree, start: number): Promise<Ended> {
  const ended = await ending(() => live(tree.root, [], { start, ports: (ports) => underService(tree, ports) }));
  const { renewal } = JSON.parse(await readFile(tree.host('/var/lib/certmend/dynamic-cert.json'), 'utf8')) as State;
  // Whatever kept it from being confirmed was to be told.
  const isDone = ended.status !== 0 || renewal?.outcome === 'confirmed';
  return isDone ? ended : { ...ended, status: 75 };
}

/** Its components take what is on the disk at once, and are well. They read by calls that are not counted. */
function underService(tree: Tree, ports: Ports): Ports {
  const served: Readonly<Record<number, string>> = { 6443: 'serving-kube-apiserver', 2379: 'etcd/server-client' };
  return {
    ...ports,
    synchronisation: () => 'synchronised',
    serviceRunning: () => true,
    unitRun: () => ({ state: 'up', invocation: 'a', forMs: hour }),
    servedChain: async (port) => {
      const id = served[port];
      if (id === undefined) return undefined;
      return [new X509Certificate(await readFile(tree.host(tree.leaf(id).certificatePath))).raw];
    },
    askHealth: () => Promise.resolve({ is: 'well' }),
  };
}
