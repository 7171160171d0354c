import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { boundQuarantine } from '../../src/commit/quarantine/bound.ts';
import { keepInQuarantine, putBackMoved } from '../../src/commit/quarantine/quarantine.ts';
import type { FileWriter } from '../../src/disk/file-writer.ts';
import { cutAt, PowerCut } from '../crash/interrupted-writer.ts';
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
  return keepInQuarantine({ reader, writer, dataDir, path, id: 'client-kubelet', reason: 'KeyUnreadable', at }).place;
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
  for (let above = dirname(kept); above !== '/var/lib'; above = dirname(above))
    t.is(statSync(join(tree.root, above)).mode & 0o777, 0o700, above);
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

/** All kinds of which nothing can be copied, and how to tell that it is still the same. */
const uncopied: readonly (readonly [name: string, plant: (path: string) => void, problem: string])[] = [
  [
    'a FIFO',
    (path) => {
      rmSync(path);
      execFileSync('mkfifo', [path]);
    },
    'is a FIFO',
  ],
  [
    'a file of 50 MB',
    (path) => {
      truncateSync(path, 50_000_000);
    },
    'is 50000000 bytes, more than 1048576',
  ],
  [
    'a link that leads nowhere',
    (path) => {
      rmSync(path);
      symlinkSync('nowhere.key', path);
    },
    'is a dangling symlink',
  ],
];

for (const isElsewhere of [false, true]) {
  const where = isElsewhere ? 'beside the live file where the quarantine is another file system' : 'in the quarantine';
  const writerOf = (tree: RealTree): FileWriter => (isElsewhere ? anotherFileSystem(tree.writer) : tree.writer);

  for (const [name, plant, problem] of uncopied) {
    test(`quarantine keeps ${name} itself, once, ${where}`, (t) => {
      const tree = treeFor(t);
      plant(join(tree.root, key));
      const before = lstatSync(join(tree.root, key));
      const kept = keepKey(tree.machine(writerOf(tree)));
      t.is(dirname(kept) === dirname(key), isElsewhere, kept);
      t.is(keepKey(tree.machine(writerOf(tree))), kept);
      rmSync(join(tree.root, key));
      t.is(lstatSync(join(tree.root, kept)).ino, before.ino);
      const noted = '/var/lib/certmend/quarantine/20271205T030405Z/server/tls/client-kubelet.key';
      t.like(note(tree, noted), { problem, ...(isElsewhere ? { kept } : {}) });
    });
  }

  test(`quarantine moves a directory with all that is in it, ${where}`, (t) => {
    const tree = treeFor(t);
    directoryAt(tree);
    const machine = tree.machine(writerOf(tree));
    const input = { ...machine, dataDir, path: key, id: 'client-kubelet', reason: 'KeyUnreadable', at } as const;
    t.throws(() => keepInQuarantine(input), { code: 'ExternalChange' }, 'it was none when the decision was made');
    const { place, moved } = keepInQuarantine({ ...input, mayMove: true });
    t.true(moved);
    t.is(dirname(place) === dirname(key), isElsewhere, place);
    t.is(readFileSync(join(tree.root, place, 'inside'), 'utf8'), 'somebody put this here');
    t.false(existsSync(join(tree.root, key)));
    putBackMoved(machine, key, place);
    t.is(readFileSync(join(tree.root, key, 'inside'), 'utf8'), 'somebody put this here');
  });

  test(`quarantine that is ended at any call loses nothing of a directory, ${where}`, (t) => {
    for (let call = 1; ; call += 1) {
      const tree = treeFor(t);
      directoryAt(tree);
      const dying = cutAt(writerOf(tree), call);
      const input = { dataDir, path: key, id: 'client-kubelet', reason: 'KeyUnreadable', at, mayMove: true } as const;
      try {
        keepInQuarantine({ ...tree.machine(dying.writer), ...input });
      } catch (error) {
        if (!(error instanceof PowerCut)) throw error;
      }
      const found = readdirSync(tree.root, { recursive: true, encoding: 'utf8' }).filter((path) =>
        path.endsWith('inside'),
      );
      t.is(found.length, 1, `call ${String(call)}`);
      if (existsSync(join(tree.root, key)))
        t.true(keepInQuarantine({ ...tree.machine(writerOf(tree)), ...input }).moved);
      t.false(existsSync(join(tree.root, key)));
      if (dying.calls() < call) break;
      tree.remove();
    }
  });
}

function directoryAt(tree: RealTree): void {
  rmSync(join(tree.root, key));
  mkdirSync(join(tree.root, key));
  writeFileSync(join(tree.root, key, 'inside'), 'somebody put this here');
}

/** The quarantine on a file system of its own: neither a second name nor a rename leads there. */
function anotherFileSystem(inner: FileWriter): FileWriter {
  const refusing =
    (call: 'link' | 'rename') =>
    (from: string, to: string): void => {
      if (from.startsWith(dataDir) && to.includes('/quarantine/'))
        throw Object.assign(new Error('EXDEV'), { code: 'EXDEV', syscall: call });
      inner[call](from, to);
    };
  return { ...inner, link: refusing('link'), rename: refusing('rename') };
}

test('quarantine keeps two links to the same bytes apart, and two that lead nowhere', (t) => {
  const tree = treeFor(t);
  const host = join(tree.root, key);
  for (const targets of [
    ['one.key', 'two.key'],
    ['nowhere.key', 'nowhere-else.key'],
  ]) {
    const kept = targets.map((target) => {
      if (!target.startsWith('nowhere')) writeFileSync(join(dirname(host), target), 'the same damage');
      rmSync(host, { force: true });
      symlinkSync(target, host);
      return keepKey(tree.machine());
    });
    t.is(new Set(kept).size, 2);
    t.deepEqual(
      kept.map((place) => note(tree, place)['link']),
      targets,
    );
  }
});

for (const [what, bound] of [
  ['in number', { entries: 12, bytes: 1e9, siblings: 5 }],
  ['in bytes', { entries: 1e9, bytes: 24_000, siblings: 5 }],
] as const) {
  test(`quarantine of ever new damage is bounded ${what}; the oldest goes, never the newest of a path`, (t) => {
    const tree = treeFor(t);
    const { reader, writer } = tree.machine();
    const other = `${dataDir}/server/tls/client-admin.key`;
    const lone = keepKey(tree.machine(), other);
    const places: string[] = [];
    for (let round = 0; round < 60; round += 1) {
      writeFileSync(join(tree.root, key), `damage ${String(round)} `.padEnd(2000, 'x'));
      const later = at + round * 60_000;
      const input = { reader, writer, dataDir, path: key, id: 'client-kubelet', reason: 'KeyUnreadable' } as const;
      const { place } = keepInQuarantine({ ...input, at: later });
      boundQuarantine(reader, writer, { path: key, kept: place }, bound);
      places.push(place);
    }
    const left = places.filter((place) => existsSync(join(tree.root, place)));
    t.deepEqual(left, places.slice(-left.length), 'the oldest went');
    t.true(left.length >= 8 && left.length <= 12, String(left.length));
    t.true(existsSync(join(tree.root, lone)), 'the newest of its path stays, old as it is');
    const directories = readdirSync(join(tree.root, '/var/lib/certmend/quarantine'));
    t.true(directories.length <= left.length + 1, 'with its empty directories');
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
    if (copy.state !== 'regular' || !copy.bytes.equals(bytes) || text.state !== 'regular' || text.bytes.length < 50)
      return `${kept} or its note is gone`;
  }
  return undefined;
}

test('quarantine outlives a power loss, and needs every sync for it', (t) => {
  const sites = new Set<string>();
  t.is(lost(noteSites(sites)), undefined);
  t.true(sites.size >= 4);
  for (const site of sites) t.not(lost(without(site)), undefined, `the sync at ${site} is not needed`);
  t.log(`${sites.size} syncs, each of them needed`);
});
