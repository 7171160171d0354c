import test, { type ExecutionContext } from 'ava';
import { mkdirSync, writeFileSync } from 'node:fs';
import { runBuilt, type Ended } from '../cli/built.ts';
import {
  authorityMissing,
  authorityWithoutKey,
  expiredAuthority,
  mismatchedAuthorityKey,
  notYetValidAuthority,
  truncatedAuthority,
} from '../fixtures/damage-node.ts';
import { expired } from '../fixtures/damage-pair.ts';
import { emptyFile } from '../fixtures/damage.ts';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { day, type Tree, type TreeOptions } from '../fixtures/tree.ts';
import { temporaryTree } from './temporary-tree.ts';

/*
 * The service is started again and again by systemd, and each start asks the hook. Whatever it refuses or defers at the
 * first of them it refuses at the next, in the same words and with the same exit status, and it writes nothing new.
 */

interface Case {
  readonly tree?: Omit<TreeOptions, 'directory'>;
  readonly prepare: (tree: Tree) => unknown;
  /** 77 unless it is said. */
  readonly status?: number;
}

const cases: Readonly<Record<string, Case>> = {
  'an expired authority': {
    prepare: (tree) => {
      expiredAuthority(tree, 'server-ca');
    },
  },
  'an expired authority over expired leaves': {
    tree: { leaf: 'expired' },
    prepare: (tree) => {
      expiredAuthority(tree, 'client-ca');
    },
  },
  'an authority that is not valid yet over an expired leaf': {
    prepare: (tree) => {
      configure(tree, 'clock: { maxWait: 0s }\n');
      expired(tree, 'client-admin');
      notYetValidAuthority(tree, 'client-ca');
    },
  },
  'an authority that is missing': {
    prepare: (tree) => {
      authorityMissing(tree, 'etcd/peer-ca');
    },
  },
  'an authority that is cut short': {
    prepare: (tree) => {
      truncatedAuthority(tree, 'server-ca');
    },
  },
  'an authority with the wrong key': {
    prepare: (tree) => {
      mismatchedAuthorityKey(tree, 'request-header-ca');
    },
  },
  'an authority without its key over expired leaves': {
    tree: { leaf: 'expired' },
    prepare: (tree) => {
      authorityWithoutKey(tree, 'server-ca');
    },
  },
  'an empty file of the bootstrap set': {
    prepare: (tree) => {
      emptyFile(tree, `${tree.dataDir}/server/cred/passwd`);
    },
  },
  'a brake that is engaged': {
    tree: { leaf: 'expired' },
    prepare: async (tree) => {
      configure(tree, 'brake: { maxCommitsPerDay: 1 }\n');
      await runBuilt(['--root', tree.root, 'prestart', '--unit', 'rke2-server']);
      expired(tree, 'client-admin');
    },
  },
  'a boot hook that is switched off, with something due': {
    tree: { leaf: 'expired' },
    prepare: (tree) => {
      configure(tree, 'boot: { enabled: false }\n');
    },
  },
  'a boot hook that is switched off, with nothing due': {
    status: 0,
    prepare: (tree) => {
      configure(tree, 'boot: { enabled: false }\n');
    },
  },
  'a clock that is behind': {
    tree: { now: Math.floor(Date.now() / day) * day + 400 * day },
    prepare: (tree) => {
      configure(tree, 'clock: { maxWait: 0s }\n');
    },
  },
  'an authority near its end, which stops nothing': {
    status: 0,
    tree: { authority: { notBefore: Date.now() - 3000 * day, notAfter: Date.now() + 200 * day } },
    prepare: () => undefined,
  },
};

function configure(tree: Tree, text: string): void {
  mkdirSync(tree.host('/etc/certmend'), { recursive: true });
  writeFileSync(tree.host('/etc/certmend/config.yaml'), text);
}

async function saysTheSame(t: ExecutionContext, { tree: options, prepare, status = 77 }: Case): Promise<void> {
  const tree = temporaryTree(t, { leaf: 'fresh', ...options });
  await prepare(tree);
  const live = fingerprintTree(`${tree.root}${tree.dataDir}`);
  const start = (): Promise<Ended> => runBuilt(['--root', tree.root, 'prestart', '--unit', 'rke2-server', '--strict']);
  const first = await start();
  t.is(first.status, status, first.stdout + first.stderr);
  const settled = fingerprintTree(tree.root);
  for (let more = 1; more <= 3; more += 1) {
    const again = await start();
    t.deepEqual(told(again), told(first));
  }
  t.deepEqual(changedPaths(live, fingerprintTree(`${tree.root}${tree.dataDir}`)), []);
  // Where something is due, each try is a decision of its own and is recorded; the rest is said and not written.
  const written = changedPaths(settled, fingerprintTree(tree.root));
  t.deepEqual(
    written.filter((path) => !/^\/(var\/lib|run)\/certmend\//.test(path)),
    [],
  );
}

/** Without the run's own duration and instant. The record on standard error is made once. */
function told({ status, stdout }: Ended): unknown {
  return { status, stdout: stdout.replaceAll(/\d+ ms/g, 'MS').replaceAll(/the clock says \S+Z/g, 'the clock says') };
}

for (const [name, wish] of Object.entries(cases))
  test(`prestart decides the same at every start, in the same words: ${name}`, saysTheSame, wish);
