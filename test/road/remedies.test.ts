import test from 'ava';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { dirname, relative } from 'node:path';
import type { CheckReport } from '../../src/report/document.ts';
import { runBuilt } from '../cli/built.ts';
import { directoryInPlace, emptyFile, truncateFile } from '../fixtures/damage.ts';
import { changedPaths, fingerprintPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import type { Tree } from '../fixtures/tree.ts';
import { temporaryTree } from './temporary-tree.ts';

/*
 * A printed remedy is a promise about the path it names. Each command that is printed is run as it stands, and does what
 * is said of it; none would cost the node a protected file.
 */

async function checked(tree: Tree): Promise<CheckReport> {
  const { stdout } = await runBuilt(['--root', tree.root, '-o', 'json', 'check']);
  return JSON.parse(stdout) as CheckReport;
}

/** Moves what is there out of the data directory and puts a link in its place, which stays inside of the root. */
function linkAway(tree: Tree, path: string): void {
  const target = `/mnt/elsewhere${path}`;
  mkdirSync(dirname(tree.host(target)), { recursive: true });
  renameSync(tree.host(path), tree.host(target));
  symlinkSync(relative(dirname(path), target), tree.host(path));
}

/** The command in a message, with the root in front of its paths. */
function commandIn(tree: Tree, message: string): string {
  const [command = ''] = /(?:cp|mv|chmod|rm) (?:[^;:,)']|'[^']*'|\\'|\)"|\$\()+/.exec(message) ?? [];
  return command.replaceAll(`'${tree.dataDir}`, `'${tree.host(tree.dataDir)}`);
}

for (const directory of ['server/tls', 'server/tls/etcd', 'server'] as const) {
  test(`a linked directory is named, and no remedy removes what it leads to: ${directory}`, async (t) => {
    const tree = temporaryTree(t, { leaf: 'fresh' });
    const path = `${tree.dataDir}/${directory}`;
    linkAway(tree, path);
    const before = fingerprintTree(tree.host(`/mnt/elsewhere${path}`));
    const { health } = await checked(tree);
    t.is(health.level, 'critical');
    t.true(health.reasons.length > 3);
    for (const { message } of health.reasons) {
      t.notRegex(message, /\brm\b/);
      if (message.includes('symlink')) t.true(message.includes(`${path}, a symlink`), message);
    }
    const hook = await runBuilt(['--root', tree.root, 'prestart', '--unit', 'rke2-server', '--strict']);
    t.is(hook.status, 77);
    t.notRegex(hook.stdout, /\brm\b/);
    t.deepEqual(changedPaths(before, fingerprintTree(tree.host(`/mnt/elsewhere${path}`))), []);
  });
}

interface Case {
  readonly path: (tree: Tree) => string;
  readonly damage: (tree: Tree, path: string) => void;
  /** What is found of the file once the command was run; nothing when it is undefined. */
  readonly after?: string;
}

const tls =
  (name: string) =>
  (tree: Tree): string =>
    `${tree.dataDir}/server/tls/${name}`;
const openToAll = (tree: Tree, path: string): void => {
  chmodSync(tree.host(path), 0o644);
};

const cases: Readonly<Record<string, Case>> = {
  'a linked authority': { path: tls('server-ca.crt'), damage: linkAway },
  'the linked key of an authority': { path: tls('etcd/peer-ca.key'), damage: linkAway },
  'a linked leaf': { path: tls('client-admin.crt'), damage: linkAway },
  'a linked token': { path: (tree) => `${tree.dataDir}/server/token`, damage: linkAway },
  'a directory in place of an authority': {
    path: tls('client-ca.crt'),
    damage: directoryInPlace,
    after: 'AuthorityMissing',
  },
  'an authority cut short': { path: tls('server-ca.crt'), damage: truncateFile, after: 'AuthorityMissing' },
  'an empty service account key': { path: tls('service.key'), damage: emptyFile, after: 'ProtectedFileDamaged' },
  'an authority key that is open to all': { path: tls('request-header-ca.key'), damage: openToAll },
};
for (const [name, { path: pathOf, damage, after }] of Object.entries(cases)) {
  for (const dataDir of ['/var/lib/rancher/rke2', '/data/rke2']) {
    test(`the command printed for ${name} does what it says, below ${dataDir}`, async (t) => {
      const tree = temporaryTree(t, { leaf: 'fresh', dataDir });
      const path = pathOf(tree);
      const whole = readFileSync(tree.host(path));
      damage(tree, path);
      const { health } = await checked(tree);
      const message = health.reasons.find((reason) => reason.message.includes(path))?.message ?? '';
      const command = commandIn(tree, message);
      t.not(command, '', message);
      t.notRegex(command, /\brm\b/);
      execFileSync('sh', ['-c', command]);
      const found = (await checked(tree)).health.reasons.filter((reason) => reason.message.includes(path));
      t.deepEqual(
        [...new Set(found.map(({ code }) => code))],
        after === undefined ? [] : [after],
        JSON.stringify([command, found]),
      );
      if (after === undefined) {
        t.true(lstatSync(tree.host(path)).isFile());
        t.deepEqual(readFileSync(tree.host(path)), whole);
      }
    });
  }
}

test('a restored file is not promised from the datastore while the token is lost', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  emptyFile(tree, `${tree.dataDir}/server/token`);
  truncateFile(tree, tree.authority('server-ca').certificatePath);
  const { health } = await checked(tree);
  const reason = health.reasons.find(({ code }) => code === 'AuthorityUnreadable');
  t.regex(reason?.message ?? '', /backup, the token first/);
  t.notRegex(reason?.message ?? '', /mv /);
});

const tokenFaults: Readonly<Record<string, (tree: Tree, path: string) => void>> = {
  missing: (tree, path) => {
    rmSync(tree.host(path));
  },
  empty: emptyFile,
  'a directory': directoryInPlace,
};
for (const [fault, damage] of Object.entries(tokenFaults)) {
  test(`a token that is ${fault} is the product's to write when its configuration has one`, async (t) => {
    const tree = temporaryTree(t, { leaf: 'fresh' });
    const path = `${tree.dataDir}/server/token`;
    rmSync(tree.host(`${tree.dataDir}/server/node-token`), { force: true });
    symlinkSync(path, tree.host(`${tree.dataDir}/server/node-token`));
    damage(tree, path);
    const without = await checked(tree);
    t.deepEqual(
      without.health.reasons.map(({ code, id }) => [code, id]).filter(([, id]) => !String(id).includes('-token')),
      [['ProtectedFileDamaged', 'token']],
    );
    appendFileSync(tree.host('/etc/rancher/rke2/config.yaml'), 'token: a-secret-of-this-test\n');
    const before = fingerprintPaths(tree.root, tree.protectedPaths);
    const { health } = await checked(tree);
    t.deepEqual(health, { level: 'ok', reasons: [] });
    const hook = await runBuilt(['--root', tree.root, 'prestart', '--unit', 'rke2-server', '--strict']);
    t.is(hook.status, 0, hook.stdout);
    t.deepEqual(changedPaths(before, fingerprintPaths(tree.root, tree.protectedPaths)), []);
  });
}
