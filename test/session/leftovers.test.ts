import { readdirSync, rmSync } from 'node:fs';
import test from 'ava';
import { prestart } from '../../src/heal/prestart.ts';
import { startBuilt } from '../cli/built.ts';
import { atRename } from '../fixtures/at-rename.ts';
import { portsAt } from '../road/run-at.ts';
import { temporaryTree } from '../road/temporary-tree.ts';

/* Nothing new is begun beside leftovers that cannot be removed: each attempt would add its own, for ever. */

test('prestart makes nothing beside a leftover that cannot be removed, names it, and heals once it is gone', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  await startBuilt(['--root', tree.root, 'rotate', '--yes'], [], atRename('SIGKILL', 1, 'journal.json')).ended;
  const listing = (): readonly string[] => readdirSync(tree.root, { recursive: true, encoding: 'utf8' }).sort();
  const stuck = listing().find((path) => path.includes('.certmend-') && path.endsWith('.old'));
  t.truthy(stuck, 'the killed attempt left something');
  for (const path of listing().filter((name) => name.includes('.certmend-') && name !== stuck))
    rmSync(`${tree.root}/${path}`);
  const ports = await portsAt(tree.root, '+0d');
  const closed: typeof ports = {
    ...ports,
    writeSide: async () => {
      const write = await ports.writeSide();
      const unlink = (path: string): void => {
        if (path === `/${stuck ?? ''}`)
          throw Object.assign(new Error('operation not permitted'), { code: 'EPERM', errno: -1, syscall: 'unlink' });
        write.writer.unlink(path);
      };
      return { ...write, writer: { ...write.writer, unlink } };
    },
  };
  const error = await t.throwsAsync(() => prestart(closed));
  t.true(error?.message.includes(stuck ?? ''), error?.message);
  const staged = listing().filter((path) => path.includes('.certmend-'));
  t.deepEqual(staged, [stuck], 'nothing new was staged');

  t.is((await prestart(await portsAt(tree.root, '+0d'))).decision, 'rotated');
  t.deepEqual(
    listing().filter((path) => path.includes('.certmend-')),
    [],
  );
});
