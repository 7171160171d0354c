import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { keepInQuarantine } from '../../src/commit/quarantine.ts';
import { freshDisk, machineOn, survivals, type Wrap } from '../crash/power-loss.ts';
import { RealTree } from '../crash/real-tree.ts';
import { dataDir, oldTree, sha256, type Machine } from '../crash/small-node.ts';
import { noteSites, without } from '../crash/sync-sites.ts';

const at = Date.parse('2027-12-05T03:04:05.678Z');
const key = `${dataDir}/server/tls/client-kubelet.key`;
const bytes = oldTree.get(key)?.bytes ?? Buffer.alloc(0);

function treeFor(t: ExecutionContext): RealTree {
  const tree = new RealTree();
  t.teardown(() => {
    tree.remove();
  });
  return tree;
}

function keepKey({ reader, writer }: Machine, path = key): string {
  return keepInQuarantine({ reader, writer, dataDir, path, id: 'client-kubelet', reason: 'KeyUnreadable', at });
}

function note(tree: RealTree, kept: string): Record<string, unknown> {
  const path = kept.endsWith('.note.json') ? kept : `${kept}.note.json`;
  return JSON.parse(readFileSync(join(tree.root, path), 'utf8')) as Record<string, unknown>;
}

test('quarantine keeps the bytes, private, and says why', (t) => {
  const tree = treeFor(t);
  const before = statSync(join(tree.root, key));
  const kept = keepKey(tree.machine());
  t.is(kept, '/var/lib/certmend/quarantine/20271205T030405Z/server/tls/client-kubelet.key');
  t.deepEqual(readFileSync(join(tree.root, kept)), bytes);
  t.is(statSync(join(tree.root, kept)).mode & 0o777, 0o600);
  for (let above = dirname(kept); above !== '/var/lib'; above = dirname(above)) {
    t.is(statSync(join(tree.root, above)).mode & 0o777, 0o700, above);
  }
  const { uid, gid } = before;
  t.deepEqual(note(tree, kept), {
    schema: 1,
    path: key,
    id: 'client-kubelet',
    reason: 'KeyUnreadable',
    at: '2027-12-05T03:04:05.678Z',
    sha256: sha256(bytes),
    mode: 0o600,
    uid,
    gid,
  });
  const { ino, mtimeMs, ctimeMs } = statSync(join(tree.root, key));
  t.deepEqual([ino, mtimeMs, ctimeMs], [before.ino, before.mtimeMs, before.ctimeMs], 'the live file was only read');
});

test('quarantine keeps the same file twice in a second, both of them', (t) => {
  const tree = treeFor(t);
  const first = keepKey(tree.machine());
  writeFileSync(join(tree.root, key), 'other damage\n');
  const second = keepKey(tree.machine());
  t.not(first, second);
  t.deepEqual(readFileSync(join(tree.root, first)), bytes);
  t.is(readFileSync(join(tree.root, second), 'utf8'), 'other damage\n');
});

test('quarantine keeps the same bytes of the same file once, however often it is asked', (t) => {
  const tree = treeFor(t);
  const first = keepKey(tree.machine());
  for (let again = 0; again < 20; again += 1) t.is(keepKey(tree.machine()), first);
  t.is(readdirSync(join(tree.root, '/var/lib/certmend/quarantine')).length, 1);
});

test('quarantine does not look for a free place for ever', (t) => {
  const tree = treeFor(t);
  const { reader, writer, owner } = tree.machine();
  const failing = { ...reader, stat: () => ({ state: 'unreadable' as const, detail: 'cannot be read: EACCES' }) };
  t.throws(() => keepKey({ reader: failing, writer, owner }), { code: 'StorageDenied' });
});

test('quarantine keeps a file from outside of the data dir apart from those inside', (t) => {
  const tree = treeFor(t);
  writeFileSync(join(tree.root, 'var/lib/other.key'), 'x');
  t.is(
    keepKey(tree.machine(), '/var/lib/other.key'),
    '/var/lib/certmend/quarantine/20271205T030405Z/var/lib/other.key',
  );
});

for (const [name, plant, problem] of [
  [
    'a FIFO',
    (path: string) => {
      rmSync(path);
      execFileSync('mkfifo', [path]);
    },
    'is a FIFO',
  ],
  [
    'a file of 50 MB',
    (path: string) => {
      truncateSync(path, 50_000_000);
    },
    'is 50000000 bytes, more than 1048576',
  ],
] as const) {
  test(`quarantine has a note for ${name} and no copy`, (t) => {
    const tree = treeFor(t);
    plant(join(tree.root, key));
    const kept = keepKey(tree.machine());
    t.regex(kept, /\.note\.json$/);
    t.is(note(tree, kept)['problem'], problem);
  });
}

/** Undefined when, after any power loss, the copy and its note are what they were when the call returned. */
function lost(wrap: Wrap): string | undefined {
  const disk = freshDisk();
  const kept = keepKey(machineOn(disk, wrap(disk.writer)));
  for (const survival of survivals(disk.pending(), 1)) {
    const { reader } = disk.afterPowerLoss(survival);
    const copy = reader.read(kept);
    const text = reader.read(`${kept}.note.json`);
    if (copy.state !== 'regular' || !copy.bytes.equals(bytes) || text.state !== 'regular' || text.bytes.length < 50) {
      return `${kept} or its note is gone`;
    }
  }
  return undefined;
}

test('quarantine outlives a power loss, and needs every sync for it', (t) => {
  const sites = new Set<string>();
  t.is(lost(noteSites(sites)), undefined);
  t.true(sites.size >= 4);
  for (const site of sites) {
    t.not(lost(without(site)), undefined, `the sync at ${site} is not needed`);
  }
  t.log(`${sites.size} syncs, each of them needed`);
});
