import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { emptyFile } from '../fixtures/damage.ts';
import { makeTree, type Tree } from '../fixtures/tree.ts';
import { prestartLine, program, run, type Ended } from './certmend.ts';
import { programs, type Scenario } from './scenario.ts';
import { inScratch } from './scratch.ts';
import { assertAllNew, liveSet, ownLeaves } from './set-state.ts';
import { eventually } from './systemd/node.ts';
import { readTrace, traced, type Mutation, type TracedRun } from './traced-run.ts';

const needs = [programs.strace, programs.openssl, programs.flock, programs.cp];

/** Every file that certmend writes, as the kernel was told: nothing beside its own directories and the layout's entries. */
export const footprint: readonly Scenario[] = [
  {
    name: 'prestart writes the entries of the layout and its own directories, nothing else, and listens on nothing',
    needs,
    isHeavy: false,
    run: async () => await inScratch(bootRotation),
  },
  {
    name: 'the daemon writes its own directories, nothing else, and listens on nothing',
    needs,
    isHeavy: false,
    run: async () => await inScratch(oneCheck),
  },
];

async function bootRotation(scratch: string): Promise<string> {
  const tree = makeTree({ directory: join(scratch, 'node'), leaf: 'expired' });
  const [credential = ''] = tree.credentials;
  rmSync(tree.host(credential));
  emptyFile(tree, tree.leaf('client-admin').certificatePath);
  const old = liveSet(tree);
  const log = join(scratch, 'strace.log');
  const ended = await strace(log, [process.execPath, ...prestartLine(tree, '--strict')]);
  assert.equal(ended.status, 0, ended.stderr);
  assertAllNew(old, tree);

  const seen = readTrace(log);
  const entries = [...liveSet(tree).keys(), ...tree.credentials, tree.listener?.trigger ?? ''];
  const beside = assertConfined(seen, tree, (path) => entries.some((entry) => isOrBeside(path, entry)));
  const expected = [...ownLeaves(tree).flatMap((leaf) => [leaf.keyPath, leaf.certificatePath]), credential];
  for (const path of [...expected, tree.listener?.trigger])
    assert.ok(beside.has(path ?? ''), `the trace shows that ${String(path)} was replaced`);
  return `${seen.mutations.length} changes of ${new Set(seen.mutations.map(({ path }) => path)).size} names, ${beside.size} of them beside or at an entry`;
}

async function oneCheck(scratch: string): Promise<string> {
  // Expired, so that there is something that it might be tempted to mend.
  const tree = makeTree({ directory: join(scratch, 'node'), leaf: 'expired' });
  const log = join(scratch, 'strace.log');
  const unit = readFileSync(join(import.meta.dirname, '..', '..', 'systemd', 'certmend.service'), 'utf8');
  const options = /^ExecStart=\S+ (.*) \S+ daemon$/m.exec(unit)?.[1]?.split(' ') ?? [];
  const ended = strace(log, [process.execPath, ...options, program, '--root', tree.root, 'daemon']);
  const state = tree.host('/var/lib/certmend/dynamic-cert.json');
  await eventually('a standby', () => existsSync(state) && /"standby": ?\{/.test(readFileSync(state, 'utf8')));
  // Told to stop, it ends the check first. The first line of the log begins with the process that strace started.
  process.kill(Number(/^\d+/.exec(readFileSync(log, 'utf8'))?.[0]), 'SIGTERM');
  const { status, stderr } = await ended;
  assert.equal(status, 0, stderr);

  const seen = readTrace(log);
  assertConfined(seen, tree, () => false);
  assert.ok(seen.mutations.some(({ path }) => path.startsWith(tree.host('/var/lib/certmend/generations/'))));
  return `${seen.mutations.length} changes, all below its own directories`;
}

/** The runtime must not hand file work to the kernel by another way than system calls. */
async function strace(log: string, line: readonly string[]): Promise<Ended> {
  const options = ['-f', '-y', '-qq', '-s', '0', '-o', log, '-e', traced, '-e', 'signal=none'];
  return await run('strace', [...options, ...line], { UV_USE_IO_URING: '0' });
}

const own = ['/var/lib/certmend', '/run/certmend'];

/**
 * Throws unless each change was in certmend's own directories or, by the node's name for it, allowed.
 * @returns the names of the second kind
 */
function assertConfined(
  { mutations, listening }: TracedRun,
  tree: Tree,
  isAllowed: (path: string) => boolean,
): ReadonlySet<string> {
  assert.deepEqual(listening, [], 'no socket is bound or listens');
  const elsewhere = mutations
    .filter(({ path }) => path !== '/dev/null')
    .map(({ call, path }): Mutation => ({ call, path: nodePath(tree, path) }))
    .filter(
      ({ call, path }) => !own.some((above) => isBelow(path, above) || (call === 'mkdir' && isBelow(above, path))),
    );
  const touched = new Set(elsewhere.map(({ path }) => path));
  const shielded = tree.protectedPaths.filter((path) => touched.has(path.replace(/\/$/, '')));
  assert.deepEqual(shielded, [], 'no protected path is in a call that changes something');
  assert.deepEqual(
    elsewhere.filter(({ path }) => !isAllowed(path)),
    [],
    'nothing is written anywhere else',
  );
  return touched;
}

/** What is outside of the node keeps its host path, which nothing allows. */
function nodePath(tree: Tree, path: string): string {
  return isBelow(path, tree.root) ? path.slice(tree.root.length) || '/' : `host:${path}`;
}

/** The entry itself, or a name of the same transaction that lies beside it for a moment. */
function isOrBeside(path: string, entry: string): boolean {
  const name = basename(path);
  const staged = `.${basename(entry)}.certmend-`;
  return (
    path === entry ||
    (dirname(path) === dirname(entry) &&
      name.startsWith(staged) &&
      /^[0-9a-f]{16}(\.old|\.again)?$/.test(name.slice(staged.length)))
  );
}

function isBelow(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}
