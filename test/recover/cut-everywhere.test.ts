import test from 'ava';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Io } from '../../src/cli/io.ts';
import { noArguments } from '../../src/cli/command.ts';
import { openDoor } from '../../src/commit/open-door.ts';
import { compose } from '../../src/composition.ts';
import { composeRecovery } from '../../src/composition-tools.ts';
import { recoverAuthorities, undo } from '../../src/recover/recover.ts';
import { cutAt } from '../crash/interrupted-writer.ts';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { copyTree, day, type Tree } from '../fixtures/tree.ts';
import { lifeOf, writeMember } from '../etcd/member-files.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { bootstrapKey, bootstrapValue, makeSqlite, passwordOf } from './datastore.ts';

/* A recovery, and what undoes one, that is ended at each of its calls: the datastore is the old file or the new one. */

const silent: Io = {
  stdout: { write: () => undefined, isTerminal: false, columns: undefined },
  stderr: { write: () => undefined, isTerminal: false, columns: undefined },
  env: { PATH: process.env['PATH'] },
  confirm: undefined,
  damagedParts: () => [],
};

type Work = 'recover' | 'undo';

/** @param at the call at which the process ends; undefined lets it finish. @returns whether it came to its end */
async function run(tree: Tree, work: Work, at?: number, believeClock = true): Promise<boolean> {
  const ports = await compose({ ...noArguments, root: tree.root, believeClock }, silent, { askSystemd: true });
  const write = await ports.writeSide();
  const interrupted = at === undefined ? undefined : cutAt(write.writer, at);
  const side = { ...write, writer: interrupted?.writer ?? write.writer };
  const cut = { ...ports, writeSide: () => Promise.resolve(side) };
  const tools = await composeRecovery(tree.root);
  const door = openDoor('ca recover');
  const agree = (): Promise<void> => Promise.resolve();
  try {
    if (work === 'undo') await undo(cut, tools, door, agree);
    else await recoverAuthorities(cut, tools, { door, isDryRun: false, agree });
  } catch (error) {
    if (at === undefined) throw error;
  }
  return interrupted === undefined || interrupted.calls() < (at ?? 0);
}

const makers: Readonly<Record<string, (tree: Tree) => string>> = {
  sqlite: (tree) => makeSqlite(tree, bootstrapValue(tree)),
  etcd: (tree) =>
    writeMember(tree.host(`${tree.dataDir}/server/db/etcd`), {
      pairs: lifeOf(bootstrapKey(passwordOf(tree)), bootstrapValue(tree)),
    }),
};

for (const [kind, make] of Object.entries(makers)) {
  test(`ca recover cut at every call leaves the old ${kind} database or the new one, and the next run finishes; so does --undo`, async (t) => {
    const now = Math.floor(Date.now() / day) * day;
    const first = temporaryTree(t, {
      product: kind === 'sqlite' ? 'k3s' : 'rke2',
      now,
      nodeName: 'node-1',
      leaf: 'expired',
      authority: { notBefore: now - 3660 * day, notAfter: now - 10 * day },
    });
    const path = make(first).slice(first.root.length);
    const database = (tree: Tree): Buffer => readFileSync(join(tree.root, path));
    const old = database(first);
    const below = (tree: Tree): ReturnType<typeof fingerprintTree> =>
      fingerprintTree(tree.root, ['/run', '/var/lib/certmend']);
    const seen = { old: 0, new: 0 };
    let ended = false;
    for (let at = 1; !ended; at += 1) {
      const tree = copyTree(first, join(first.root, '..', `cut-${kind}-${String(process.pid)}-${String(at)}`));
      const before = below(tree);
      ended = await run(tree, 'recover', at);
      const state = database(tree).equals(old) ? 'old' : 'new';
      seen[state] += 1;
      if (state === 'old') await run(tree, 'recover');
      t.false(database(tree).equals(old), `cut at ${String(at)}`);
      // Undone in turn, cut at the same call where it has as many: it has fewer than ten.
      if (at > 10) continue;
      await run(tree, 'undo', at);
      if (!database(tree).equals(old)) await run(tree, 'undo');
      t.deepEqual(database(tree), old, `undo cut at ${String(at)}`);
      await run(tree, 'undo').catch(() => undefined);
      t.deepEqual(
        changedPaths(before, below(tree)).filter((changed) => !/\/(db|etcd|snap)$/.test(changed)),
        [],
        `cut at ${String(at)}`,
      );
    }
    t.true(seen.old > 5 && seen.new > 0);
    t.log(`${String(seen.old)} points ended in the old one, ${String(seen.new)} in the new one`);
  });
}

test('ca recover issues nothing on a clock that is not believed', async (t) => {
  const now = Math.floor(Date.now() / day) * day;
  const authority = { notBefore: now - 3660 * day, notAfter: now - day / 2 };
  const tree = temporaryTree(t, { product: 'k3s', now, nodeName: 'node-1', leaf: 'expired', authority });
  const old = readFileSync(makeSqlite(tree, bootstrapValue(tree)));
  const error = await t.throwsAsync(run(tree, 'recover', undefined, false), { message: /the clock is not believed/ });
  t.is((error as { exit?: number }).exit, 77);
  t.deepEqual(readFileSync(tree.host(`${tree.dataDir}/server/db/state.db`)), old);
});
