import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { buildControlPlane } from '../control-plane/build.ts';
import { copyTree, day, makeTree, type Tree } from '../fixtures/tree.ts';
import { bootstrapKey, bootstrapValue, passwordOf } from '../recover/datastore.ts';
import { atExit } from './at-exit.ts';
import { program, run, type Ended } from './certmend.ts';
import { freePorts } from './etcd-cluster.ts';
import { programs, type Scenario } from './scenario.ts';
import { inScratch } from './scratch.ts';

/**
 * An expired cluster's etcd, made and judged by etcd itself, with the bootstrap set read by a program in Go: what
 * `ca recover` writes is what the product will find.
 */
const needs = [programs.etcdctl, programs.go, programs.openssl, programs.flock, programs.cp];

export const recoverScenarios: readonly Scenario[] = [
  {
    name: 'ca recover puts renewed authorities into the database of etcd, which etcd and Go accept, and takes them back byte for byte',
    needs: [...needs, programs.etcd],
    isHeavy: false,
    run: async () => await inScratch(async (scratch) => await recovered(scratch, programs.etcd.command, true)),
  },
  {
    name: 'ca recover puts renewed authorities into the database of etcd 3.6, which etcd and Go accept, and takes them back byte for byte',
    needs,
    isHeavy: true,
    isOnRequest: true,
    run: async () =>
      await inScratch(async (scratch) => {
        const command = join(scratch, 'etcd');
        symlinkSync(await buildControlPlane(), command);
        return await recovered(scratch, command, false);
      }),
  },
];

/** @param isKilled also ended at every call: certmend's own part, the same for every etcd */
async function recovered(scratch: string, etcd: string, isKilled: boolean): Promise<string> {
  const now = Math.floor(Date.now() / day) * day;
  const authority = { notBefore: now - 3660 * day, notAfter: now - 10 * day };
  const tree = makeTree({ directory: join(scratch, 'node'), nodeName: 'node-1', leaf: 'expired', now, authority });
  const key = bootstrapKey(passwordOf(tree));
  const value = bootstrapValue(tree);

  await whileRunning(etcd, tree, async (etcdctl) => {
    etcdctl(['put', key], 'an older one');
    for (let count = 0; count < 60; count += 1) etcdctl(['put', `/registry/pods/p${String(count)}`], 'x'.repeat(700));
    etcdctl(['put', key], value.toString());
    for (let count = 0; count < 30; count += 1) etcdctl(['put', `/registry/pods/p${String(count)}`], 'y'.repeat(900));
    // Pages are freed and taken again, as in a database with a life behind it.
    etcdctl(['compact', '70']);
    etcdctl(['del', '/registry/pods/p1', '/registry/pods/p3']); // 22 of the 60
    await wait(500);
  });
  const database = `${directoryOf(tree)}/member/snap/db`;
  const old = readFileSync(database);

  const points = isKilled ? await killedEverywhere(scratch, tree, database, old) : 0;
  const undone = copyTree(tree, join(scratch, 'undone'));
  assert.equal((await recover(undone)).status, 0);
  assert.ok(!readFileSync(`${directoryOf(undone)}/member/snap/db`).equals(old));
  assert.equal((await recover(undone, '--undo')).status, 0);
  assert.ok(readFileSync(`${directoryOf(undone)}/member/snap/db`).equals(old), 'undo brings back the identical bytes');

  // What a log holds beyond the database wins when etcd starts: nothing may be done then.
  const behind = copyTree(tree, join(scratch, 'behind'));
  await whileRunning(
    etcd,
    behind,
    async (etcdctl) => {
      etcdctl(['put', key], value.toString());
    },
    ['--backend-batch-interval=1m', '--backend-batch-limit=100000'],
  );
  const refused = await recover(behind);
  assert.equal(refused.status, 77, refused.stderr);
  assert.match(refused.stderr, /holds a change/);

  const ended = await recover(tree);
  assert.equal(ended.status, 0, ended.stderr);
  await whileRunning(etcd, tree, async (etcdctl, log) => {
    const back = etcdctl(['get', key, '--print-value-only']).trimEnd();
    assert.equal(back.length, value.length);
    const authorities = readByGo(scratch, back, tree);
    for (const { notAfter } of Object.values(authorities)) assert.ok(Date.parse(notAfter) > now + 3600 * day);
    assert.equal(etcdctl(['get', '/registry/pods/', '--prefix', '--keys-only']).match(/pods/g)?.length, 38);
    etcdctl(['put', '/registry/after', 'z']);
    etcdctl(['endpoint', 'hashkv']);
    etcdctl(['defrag']);
    assert.equal(etcdctl(['get', key, '--print-value-only']).trimEnd(), back);
    // What etcd has said is read when this process has a moment.
    await wait(500);
    assert.match(log(), /initial corruption check/i);
    assert.doesNotMatch(log(), /panic|found data inconsistency/i);
  });
  const late = await recover(tree, '--undo');
  assert.equal(late.status, 77, 'what was written since is not thrown away');
  return `${String(points)} kill points; 5 authorities read back by Go; undo identical; a newer log refused`;
}

/** Ends the program at each of its calls that changes something: the database is the old one or the new one. */
async function killedEverywhere(scratch: string, tree: Tree, database: string, old: Buffer): Promise<number> {
  const below = database.slice(tree.root.length);
  for (let at = 1; ; at += 1) {
    const node = copyTree(tree, join(scratch, `killed-${String(at)}`));
    // Its own directories are other scenarios' business.
    const environment = { CERTMEND_KILL_ROOT: dirname(directoryOf(node)), CERTMEND_KILL_AT: String(at) };
    const preload = ['--no-warnings', '--import', join(import.meta.dirname, 'kill-at-call.ts')];
    const words = ['--root', node.root, '--believe-clock', 'ca', 'recover', '--confirm', 'node-1'];
    const killed = await run(process.execPath, [...preload, program, ...words], environment);
    const left = readFileSync(join(node.root, below));
    const again = await recover(node);
    assert.equal(again.status, 0, `killed at call ${String(at)}: ${again.stderr}`);
    const after = readFileSync(join(node.root, below));
    assert.ok(!after.equals(old) && (left.equals(old) || left.equals(after)), `killed at call ${String(at)}`);
    assert.equal(
      existsSync(join(node.root, dirname(dirname(dirname(below))), 'certmend-recovery', 'new-database')),
      false,
    );
    rmSync(node.root, { recursive: true });
    if (killed.signal === undefined) return at - 1;
  }
}

async function recover(tree: Tree, ...words: readonly string[]): Promise<Ended> {
  const line = ['--root', tree.root, '--believe-clock', 'ca', 'recover', '--confirm', 'node-1', ...words];
  return await run(process.execPath, [program, ...line]);
}

function directoryOf(tree: Tree): string {
  return tree.host(`${tree.dataDir}/server/db/etcd`);
}

type Etcdctl = (words: readonly string[], input?: string) => string;

/** A single member on loopback without TLS: what is in its files is the same. It is killed as a power cut would. */
async function whileRunning(
  etcd: string,
  tree: Tree,
  work: (etcdctl: Etcdctl, log: () => string) => Promise<void>,
  options: readonly string[] = [],
): Promise<void> {
  const [client = 0, peer = 0] = await freePorts(2);
  const [clientUrl, peerUrl] = [`http://127.0.0.1:${String(client)}`, `http://127.0.0.1:${String(peer)}`];
  mkdirSync(directoryOf(tree), { recursive: true, mode: 0o700 });
  const places = ['--data-dir', directoryOf(tree), '--name', 'node-1', '--initial-cluster', `node-1=${peerUrl}`];
  const urls = ['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl];
  const peers = ['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl];
  // As the product starts it.
  const words = [...places, ...urls, ...peers, '--experimental-initial-corrupt-check=true', '--logger=zap', ...options];
  const child = spawn(etcd, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const forget = atExit(() => child.kill('SIGKILL'));
  const call = (
    line: readonly string[],
    input?: string,
  ): { readonly status: number | null; readonly stdout: string } => {
    const environment = { ...process.env, ETCDCTL_API: '3' };
    return spawnSync(programs.etcdctl.command, ['--endpoints', clientUrl, ...line], {
      input,
      encoding: 'utf8',
      env: environment,
    });
  };
  try {
    for (let attempt = 0; call(['endpoint', 'health']).status !== 0; attempt += 1) {
      assert.ok(attempt < 300 && child.exitCode === null, log);
      await wait(200);
    }
    const etcdctl: Etcdctl = (line, input) => {
      const { status, stdout } = call(line, input);
      assert.equal(status, 0, `etcdctl ${line.join(' ')}: ${log.slice(-2000)}`);
      return stdout;
    };
    await work(etcdctl, () => log);
  } finally {
    const gone = once(child, 'exit');
    if (child.kill('SIGKILL')) await gone;
    forget();
  }
}

function readByGo(scratch: string, value: string, tree: Tree): Readonly<Record<string, { readonly notAfter: string }>> {
  const reader = buildReader(scratch);
  const leaf = tree.host(tree.leaf('serving-kube-apiserver').certificatePath);
  const input = JSON.stringify({ value, password: passwordOf(tree), leaf });
  const { status, stdout, stderr } = spawnSync(reader, { input, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as Readonly<Record<string, { readonly notAfter: string }>>;
}

function buildReader(scratch: string): string {
  const built = join(scratch, 'bootstrap');
  const env = {
    ...process.env,
    GOCACHE: join(scratch, 'go-cache'),
    GOPATH: join(scratch, 'go-path'),
    GOFLAGS: '',
    GOPROXY: 'off',
    GOTOOLCHAIN: 'local',
    GO111MODULE: 'off',
    CGO_ENABLED: '0',
  };
  const source = join(import.meta.dirname, 'go', 'bootstrap.go');
  const { status, stderr } = spawnSync(programs.go.command, ['build', '-o', built, source], { env, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return built;
}
