import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { createFileWriter } from '../../src/system/files/node-file-writer.ts';
import { writeTextfile } from '../../src/system/files/textfile.ts';
import { runBuilt } from './built.ts';

/*
 * Under --root every file that certmend opens, makes or removes is below that directory, also where the tree has links
 * that the kernel would follow out of it: what is above the tree is this very machine.
 */

/** Every command that writes anything. */
const commands = [
  ['prestart', '--unit', 'rke2-server'],
  ['standby', 'prepare'],
  ['rotate', '--yes'],
  ['rollback', '--yes'],
  ['rehearse', '--at', '+400d'],
  ['rehearse', '--running', '--at', '+340d'],
  ['doctor', '--write-drop-ins'],
];

/** A directory of the machine with files that would show a truncation, an append, a removal or a new name. */
function outsideOf(t: ExecutionContext): string {
  const outside = mkdtempSync(join(tmpdir(), 'certmend-outside-'));
  t.teardown(() => {
    rmSync(outside, { recursive: true, force: true });
  });
  for (const name of ['file', 'lock', 'audit.jsonl', 'copy-left', 'lib', 'certmend/lock', 'rehearsals/copy-left/key']) {
    mkdirSync(dirname(join(outside, name)), { recursive: true });
    writeFileSync(join(outside, name), `${name} of the machine\n`);
  }
  return outside;
}

type Plant = (place: string, outside: string) => void;

const absoluteLink: Plant = (place, outside) => {
  symlinkSync(targetOf(place, outside), place);
};
const relativeLink: Plant = (place, outside) => {
  symlinkSync(relative(dirname(place), targetOf(place, outside)), place);
};
const secondName: Plant = (place, outside) => {
  linkSync(join(outside, 'file'), place);
};

/** A name with a dot in it is a file's, and so is the lock. */
function targetOf(place: string, outside: string): string {
  return /\.\w+$|lock$/.test(place) ? join(outside, 'file') : outside;
}

const state = ['audit.jsonl', 'audit.jsonl.1', 'dynamic-cert.json', 'journal.json'].map(
  (name) => `/var/lib/certmend/${name}`,
);
const below = ['/var/lib/certmend/generations', '/var/lib/certmend/quarantine', '/run/certmend/rehearsals'];
const cases: readonly (readonly [how: string, plant: Plant, paths: readonly string[]])[] = [
  ['an absolute link', absoluteLink, ['/run']],
  ['an absolute link', absoluteLink, ['/run/certmend']],
  ['an absolute link', absoluteLink, ['/run/certmend/lock']],
  ['an absolute link', absoluteLink, ['/run/certmend/rehearsals']],
  ['an absolute link', absoluteLink, ['/var/lib/certmend']],
  ['an absolute link', absoluteLink, state],
  ['an absolute link', absoluteLink, [...below, '/etc/systemd/system']],
  ['a relative link', relativeLink, ['/run/certmend/lock']],
  ['a relative link', relativeLink, ['/run', '/var/lib/certmend']],
  ['a relative link', relativeLink, [...below, ...state]],
  ['a second name', secondName, ['/run/certmend/lock']],
  ['a second name', secondName, state],
];

for (const [how, plant, paths] of cases) {
  test(`certmend stays below --root where ${paths.join(', ')} is ${how} of the machine's own`, async (t) => {
    const tree = temporaryTree(t, { leaf: 'expired' });
    const outside = outsideOf(t);
    for (const path of paths) {
      rmSync(tree.host(path), { recursive: true, force: true });
      mkdirSync(dirname(tree.host(path)), { recursive: true });
      plant(tree.host(path), outside);
    }
    const before = fingerprintTree(outside);
    for (const words of commands) {
      const ended = await runBuilt(['--root', tree.root, ...words]);
      t.not(ended.status, undefined, words.join(' '));
      t.not(ended.status, 70, ended.stderr);
      t.deepEqual(changedPaths(before, fingerprintTree(outside)), [], words.join(' '));
    }
  });
}

test('writeTextfile stays below the root where its directory, its name or its temporary name leads out', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'certmend-textfile-'));
  t.teardown(() => {
    rmSync(root, { recursive: true, force: true });
  });
  const outside = outsideOf(t);
  const before = fingerprintTree(outside);
  mkdirSync(join(root, 'metrics'));
  symlinkSync(outside, join(root, 'led'));
  for (const name of ['certmend.prom', '.other.prom.certmend'])
    symlinkSync(join(outside, 'file'), join(root, 'metrics', name));
  const writer = createFileWriter(root);
  t.throws(() => {
    writeTextfile(writer, '/led/certmend.prom', 'x 1\n');
  });
  for (const name of ['certmend.prom', 'other.prom']) {
    writeTextfile(writer, `/metrics/${name}`, 'x 1\n');
    t.is(readFileSync(join(root, 'metrics', name), 'utf8'), 'x 1\n');
  }
  t.deepEqual(changedPaths(before, fingerprintTree(outside)), []);
});

for (const words of [
  ['check'],
  ['doctor'],
  ['standby', 'prepare'],
  ['prestart', '--unit', 'rke2-server', '--strict'],
]) {
  test(`${words.join(' ')} says that --root is no directory, and does not blame the disk`, async (t) => {
    for (const root of ['/not/mounted', import.meta.filename]) {
      const { status, stdout, stderr } = await runBuilt(['--root', root, ...words]);
      t.is(status, 64, stdout + stderr);
      t.true(stderr.includes(`--root ${root} is not a readable directory`), stderr);
      t.notRegex(stderr, /smartctl|dmesg/);
    }
  });
}
