import type { ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { atRename } from '../fixtures/at-rename.ts';
import type { Tree } from '../fixtures/tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { runBuilt, startBuilt, type Ended } from './built.ts';
import { filesBelow, privateKeysIn } from './private-keys.ts';

/* A rehearsal has a copy of leaf keys for a while. How it ends decides who removes it, never whether. */

const line = (tree: Tree, more: readonly string[] = []): string[] => [
  ...['--root', tree.root, 'rehearse', '--at'],
  ...(more.includes('--running') ? ['+340d', ...more] : ['+400d', ...more]),
];

function keysBelow(directory: string): readonly string[] {
  return filesBelow(directory).flatMap((path) => privateKeysIn(readFileSync(path, 'latin1')));
}

/** A rehearsal that stands still in the middle of its commit, with its copy on the disk. */
async function stopped(
  t: ExecutionContext,
  tree: Tree,
  more: readonly string[] = [],
): Promise<{ readonly child: ChildProcess; readonly ended: Promise<Ended>; readonly copy: string }> {
  const rehearsals = tree.host('/run/certmend/rehearsals');
  // The first rename: after it there are handshakes to wait for, and what waits hears a signal at once.
  const { child, ended } = startBuilt(line(tree, more), [], atRename('SIGSTOP', 1, '/rehearsals/'));
  t.teardown(() => child.kill('SIGKILL'));
  while (!/^\d+ \([^)]*\) T/.test(readFileSync(`/proc/${String(child.pid)}/stat`, 'utf8'))) await sleep(5);
  const [name = ''] = readdirSync(rehearsals);
  return { child, ended, copy: join(rehearsals, name) };
}

const roads = [[], ['--running']] as const;
const named = (words: readonly string[]): string => ['certmend rehearse', ...words].join(' ');

for (const more of roads) {
  test(`${named(more)} copies no key of an authority, nor any other file that nobody may write`, async (t) => {
    const tree = temporaryTree(t, { leaf: more.length === 0 ? 'expired' : 'fresh' });
    const { child, copy } = await stopped(t, tree, more);
    const copied = new Set(keysBelow(copy));
    t.true(copied.size > 10, 'leaf keys are there');
    const guarded = tree.protectedPaths.filter((path) => existsSync(tree.host(path)) && !path.endsWith('/'));
    t.true(guarded.filter((path) => path.endsWith('-ca.key')).length >= 5);
    for (const path of guarded) {
      t.false(existsSync(join(copy, path)), path);
      // A kubeconfig of the product has the key of a leaf in it.
      const keys = path.endsWith('.key') ? privateKeysIn(readFileSync(tree.host(path), 'latin1')) : [];
      t.deepEqual(
        keys.filter((key) => copied.has(key)),
        [],
        path,
      );
    }
    child.kill('SIGKILL');
  });
}

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGABRT', 'SIGALRM', 'SIGUSR2', 'SIGPWR'] as const;
for (const [signal, more] of [
  ...signals.map((signal) => [signal, []] as const),
  ...(['SIGTERM', 'SIGINT'] as const).map((signal) => [signal, ['--running']] as const),
]) {
  test(`${named(more)} that ${signal} ends leaves no copy behind`, async (t) => {
    const tree = temporaryTree(t, { leaf: more.length === 0 ? 'expired' : 'fresh' });
    const { child, ended, copy } = await stopped(t, tree, more);
    t.true(keysBelow(copy).length > 10);
    child.kill(signal);
    child.kill('SIGCONT');
    t.is((await ended).status, undefined, 'it ends by the signal');
    t.deepEqual(readdirSync(dirname(copy)), []);
  });
}

for (const [words, more] of [
  [['rehearse', '--at', '+1d'], []],
  [['rehearse', '--running'], ['--running']],
  [['prestart', '--unit', 'rke2-server'], []],
  [['standby', 'prepare'], []],
  [['rotate', '--yes'], []],
] as const) {
  test(`certmend ${words.slice(0, 2).join(' ')} removes what a rehearsal that was killed left, on a node that is well`, async (t) => {
    const tree = temporaryTree(t);
    await runBuilt(['--root', tree.root, 'prestart', '--unit', 'rke2-server']);
    const { child, ended, copy } = await stopped(t, tree, more);
    child.kill('SIGKILL');
    await ended;
    t.true(keysBelow(copy).length > 10);
    const next = await runBuilt(['--root', tree.root, ...words]);
    t.is(next.status, 0, next.stderr);
    t.deepEqual(readdirSync(dirname(copy)), []);
  });
}

test('certmend leaves the copy of a rehearsal that is at work alone, however old it is', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  const { child, ended, copy } = await stopped(t, tree);
  utimesSync(copy, 1, 1);
  for (const words of [
    ['rehearse', '--at', '+1d'],
    ['standby', 'prepare'],
  ]) {
    await runBuilt(['--root', tree.root, ...words]);
    t.true(keysBelow(copy).length > 10, words.join(' '));
  }
  child.kill('SIGCONT');
  const { status, stderr } = await ended;
  t.is(status, 0, stderr);
  t.deepEqual(readdirSync(dirname(copy)), []);
});

test('certmend rehearse has its copy in the temporary directory where the node cannot be written, and leaves it empty', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  writeFileSync(tree.host('/run'), 'no directory');
  const own = ownTemporary(t);
  const at = join(own, `certmend-rehearsals-${String(process.geteuid?.())}`);
  mkdirSync(at, { mode: 0o700 });
  writeFileSync(join(at, 'left-by-a-kill'), 'a key');
  const ended = await runBuilt(line(tree), ['env', `TMPDIR=${own}`]);
  t.is(ended.status, 0, ended.stderr);
  t.deepEqual(readdirSync(at), []);
});

for (const [kind, plant] of Object.entries<(path: string) => void>({
  'a dangling link': (path) => {
    symlinkSync('/nowhere/at/all', path);
  },
  'a link to a directory of somebody': (path) => {
    symlinkSync(tmpdir(), path);
  },
  'a directory open to others': (path) => {
    mkdirSync(path);
  },
  'a file': (path) => {
    writeFileSync(path, '');
  },
})) {
  test(`certmend rehearse says what stands in its way when its place in the temporary directory is ${kind}`, async (t) => {
    const tree = temporaryTree(t);
    writeFileSync(tree.host('/run'), 'no directory');
    const own = ownTemporary(t);
    plant(join(own, `certmend-rehearsals-${String(process.geteuid?.())}`));
    const ended = await runBuilt(line(tree), ['env', `TMPDIR=${own}`]);
    t.is(ended.status, 73, ended.stderr);
    t.regex(ended.stderr, /no directory for a copy.*certmend-rehearsals-/s);
    t.notRegex(ended.stderr, /\n\s+at /);
  });
}

test('certmend rehearse does not mind a dangling link beside its place in the temporary directory', async (t) => {
  const tree = temporaryTree(t);
  writeFileSync(tree.host('/run'), 'no directory');
  const own = ownTemporary(t);
  symlinkSync('/nowhere', join(own, 'certmend-rehearsal-abcdef'));
  const ended = await runBuilt(line(tree), ['env', `TMPDIR=${own}`]);
  t.is(ended.status, 0, ended.stderr);
});

function ownTemporary(t: ExecutionContext): string {
  const own = mkdtempSync(join(tmpdir(), 'certmend-tmp-'));
  t.teardown(() => {
    rmSync(own, { recursive: true, force: true });
  });
  return own;
}
