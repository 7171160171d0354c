import test, { type ExecutionContext } from 'ava';
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { authorityWithoutKey, expiredAuthority } from '../fixtures/damage-node.ts';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { day, type Tree } from '../fixtures/tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { runBuilt, type Ended } from './built.ts';
import { runCli } from './run-cli.ts';

/*
 * What can stop the main job on the bad day itself. Each gets one clear message that says what to do; the node's files
 * stay as they are to the byte; and the unit may start all the same.
 */

interface Case {
  readonly arrange?: (tree: Tree) => void;
  readonly words?: readonly string[];
  /** Runs the words in a world that is broken in some way; in this process, unbroken, when absent. */
  readonly run?: (tree: Tree, words: readonly string[]) => Promise<Ended>;
  /** With --strict. */
  readonly status: number;
  /** What happened: said once on standard error. */
  readonly says: RegExp;
  readonly remedy: RegExp;
  /** Of the document; undefined when there is none because the run was stopped. */
  readonly decision?: string;
  /** What the audit file has of it (P7), where the run came so far and there is a disk to write on. */
  readonly recorded?: RegExp;
}

const prestart = ['prestart', '--unit', 'rke2-server'];

/** What certmend writes of its own: not the node's. */
const own = ['/var/lib/certmend', '/run'];

/** Linux lets anybody be root in a namespace of his own, unless the machine forbids it; then a small disk can be had. */
const ownNamespace = spawnSync('unshare', ['-Urm', 'true']).status === 0;

async function onFullDisk(tree: Tree, words: readonly string[]): Promise<Ended> {
  const state = tree.host('/var/lib/certmend');
  mkdirSync(state, { recursive: true });
  const smallDisk = ['unshare', '-Urm', 'sh', '-c', `mount -t tmpfs -o size=16k none '${state}' && exec "$@"`, 'sh'];
  // Where no disk can be had, no file may grow beyond a block: another error number, the same standstill.
  const smallFiles = ['sh', '-c', 'ulimit -f 1 && exec "$@"', 'sh'];
  return runBuilt(words, ownNamespace ? smallDisk : smallFiles);
}

/** Root may write where the mode says no; without this capability it is like everybody else. */
const withoutOverride =
  process.geteuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search', '--'] : [];

/** The program as it was built ten days before the tree's present. */
async function builtBefore(tree: Tree, words: readonly string[]): Promise<Ended> {
  const directory = tree.host('/run/older-program');
  const seconds = String(Math.floor((tree.now - 10 * day) / 1000));
  const build = join(import.meta.dirname, '..', '..', 'build', 'bundle.ts');
  await promisify(execFile)(process.execPath, [build, directory], {
    env: { ...process.env, SOURCE_DATE_EPOCH: seconds },
  });
  return runBuilt(words, ['sh', '-c', `node=$1; shift 2; exec "$node" '${directory}/certmend.cjs' "$@"`, 'sh']);
}

async function onReadOnlyData(tree: Tree, words: readonly string[]): Promise<Ended> {
  const modes = [...directoriesBelow(tree.host(tree.dataDir))].map((path) => [path, statSync(path).mode] as const);
  for (const [path] of modes) chmodSync(path, 0o555);
  try {
    return await runBuilt(words, withoutOverride);
  } finally {
    for (const [path, mode] of modes) chmodSync(path, mode);
  }
}

function* directoriesBelow(directory: string): Generator<string> {
  yield directory;
  for (const entry of readdirSync(directory, { withFileTypes: true }))
    if (entry.isDirectory()) yield* directoriesBelow(`${directory}/${entry.name}`);
}

function configure(tree: Tree, text: string): void {
  const path = tree.host('/etc/certmend/config.yaml');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const cases: Readonly<Record<string, Case>> = {
  'an expired authority': {
    arrange: (tree) => {
      expiredAuthority(tree, 'server-ca');
    },
    words: ['--believe-clock'],
    status: 77,
    decision: 'refused',
    says: /server-ca\.crt expired 3 days ago/g,
    remedy: /rke2 certificate rotate-ca needs a running cluster; certmend ca recover/,
  },
  'an authority that has expired, or a clock that runs ahead': {
    arrange: (tree) => {
      expiredAuthority(tree, 'server-ca');
      configure(tree, 'clock:\n  maxWait: 1s\n');
    },
    // A program that was built after the authority's end knows that this instant has been.
    run: builtBefore,
    status: 77,
    decision: 'deferred',
    says: /either the clock runs ahead or server-ca has expired/g,
    remedy: /corrected; if it is right, confirm it with --believe-clock/,
  },
  'a missing authority key': {
    arrange: (tree) => {
      authorityWithoutKey(tree, 'server-ca');
    },
    status: 77,
    decision: 'refused',
    says: /server-ca\.key is missing/g,
    remedy: /start rke2-server\.service, which restores it from its datastore, or restore .* from a backup/,
  },
  'a full disk': {
    run: onFullDisk,
    status: 73,
    says: /cannot write .*(no space left|EFBIG)/g,
    remedy: /what to do: (free space and inodes|check the disk)/,
  },
  'a read-only data directory': {
    run: onReadOnlyData,
    status: 73,
    recorded: /^cannot write .*permission denied/,
    says: /cannot write .*permission denied.*nothing was changed/g,
    remedy: /what to do: run certmend as root/,
  },
  'a unit that certmend has no layout for': {
    words: ['--unit', 'nginx'],
    status: 78,
    says: /nginx\.service is not a unit that certmend has a layout for/g,
    remedy: /what to do: Known units: rke2-server\.service/,
  },
  'unknown configuration keys': {
    arrange: (tree) => {
      configure(tree, 'renewal:\n  renewBefor: 10d\nbrke: 1\n');
    },
    status: 78,
    says: /the configuration has 2 problems/g,
    remedy:
      /:2:3: unknown key renewal\.renewBefor; did you mean renewal\.renewBefore\?.*:3:1: .*did you mean brake\?.*what to do/s,
  },
};

function recordedFailures(tree: Tree): readonly string[] {
  return readFileSync(tree.host('/var/lib/certmend/audit.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly event: string; readonly message: string })
    .filter(({ event }) => event === 'failed')
    .map(({ message }) => message);
}

async function stopsClearly(
  t: ExecutionContext,
  { arrange, words = [], run = (_tree, line) => runCli(line), status, says, remedy, decision, recorded }: Case,
): Promise<void> {
  const tree = temporaryTree(t, { leaf: 'expired' });
  arrange?.(tree);
  const before = fingerprintTree(tree.root, own);
  const line = ['--root', tree.root, '-o', 'json', ...prestart, ...words];

  const strict = await run(tree, [...line, '--strict']);
  t.is(strict.status, status, strict.stderr);
  t.is(strict.stderr.match(says)?.length, 1, strict.stderr);
  t.regex(strict.stderr, remedy);
  t.notRegex(strict.stderr + strict.stdout, /^\s+at /m, 'no stack trace');
  t.is(strict.stdout === '' ? undefined : (JSON.parse(strict.stdout) as { decision: string }).decision, decision);
  t.deepEqual(changedPaths(before, fingerprintTree(tree.root, own)), []);
  if (recorded !== undefined) {
    const failures = recordedFailures(tree);
    t.is(failures.length, 1);
    t.regex(failures[0] ?? '', recorded);
  }

  t.is((await run(tree, line)).status, 0, 'the unit may start');
  t.deepEqual(changedPaths(before, fingerprintTree(tree.root, own)), []);
}

for (const [name, given] of Object.entries(cases))
  test(`prestart stopped by ${name} says so once, says what to do, and changes nothing`, stopsClearly, given);
