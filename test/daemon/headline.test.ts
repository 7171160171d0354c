import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import test from 'ava';
import { runCli } from '../cli/run-cli.ts';
import { garbageFile } from '../fixtures/damage.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { acquireLock } from '../../src/system/files/lock.ts';
import { live, pass, type Step } from './life.ts';
import { builtModule } from '../cli/built-module.ts';

const { CertmendError } = builtModule<typeof import('../../src/error.ts')>('src/error.ts');

const state = '/var/lib/certmend/dynamic-cert.json';

test('daemon looks at once when another certmend has saved what its own line does not say: the commit of the boot hook', async (t) => {
  const tree = temporaryTree(t);
  let mended = 0;
  const life = await live(tree.root, [
    ({ told }) => {
      t.regex(told.at(-1) ?? '', /^ready: healthy/);
      garbageFile(tree, tree.leaf('client-admin').certificatePath);
      return { wake: 'changed', ms: 1000 };
    },
    pass,
    async ({ told, waits }) => {
      t.regex(told.at(-1) ?? '', /^status: CRITICAL/);
      mended = waits.length;
      await runCli(['--root', tree.root, 'prestart', '--unit', tree.unit]);
      return { wake: 'saved', ms: 10 };
    },
    pass,
  ]);
  t.true((life.waits[mended] ?? Infinity) <= 2000, 'seconds, not the half minute of a changed file');
  t.regex(life.told.at(-2) ?? '', /^status: healthy/, life.told.join('\n'));
});

test('daemon looks again within seconds when the one that changed the node still holds the lock after its last word', async (t) => {
  const tree = temporaryTree(t);
  let lock: ReturnType<typeof acquireLock> | undefined;
  let held = 0;
  const life = await live(tree.root, [
    () => {
      garbageFile(tree, tree.leaf('client-admin').certificatePath);
      return { wake: 'changed', ms: 1000 };
    },
    pass,
    async () => {
      await runCli(['--root', tree.root, 'prestart', '--unit', tree.unit]);
      lock = acquireLock(tree.root, { waitMs: 0 });
      return { wake: 'saved', ms: 10 };
    },
    pass,
    ({ waits, told }) => {
      t.regex(told.at(-1) ?? '', /^status: CRITICAL/);
      held = waits.length - 1;
      lock?.release();
      return undefined;
    },
  ]);
  t.true((life.waits[held] ?? Infinity) <= 5000, 'seconds, not half a minute');
  t.regex(life.told.at(-2) ?? '', /^status: healthy/, life.told.join('\n'));
});

test('daemon that is short of open files when another has saved the state looks again, and lives', async (t) => {
  const tree = temporaryTree(t);
  let short = false;
  const life = await live(
    tree.root,
    [
      () => {
        short = true;
        return { wake: 'saved', ms: 10 };
      },
      pass,
      ({ told }) => {
        t.regex(told.at(-1) ?? '', /last check failed/);
        short = false;
        return undefined;
      },
    ],
    {
      ports: ({ reader, ...ports }) => ({
        ...ports,
        reader: {
          ...reader,
          readOwn: (path, within) => {
            if (short) throw new CertmendError('StorageFailed', 'certmend has too many open files (EMFILE)');
            return reader.readOwn(path, within);
          },
        },
      }),
    },
  );
  t.regex(life.told.at(-2) ?? '', /^status: healthy/, life.told.join('\n'));
});

test('daemon does not look again for what it saved itself', async (t) => {
  const tree = temporaryTree(t);
  const life = await live(tree.root, [() => ({ wake: 'saved', ms: 10 }), pass], {});
  t.true((life.waits[1] ?? 0) > 60_000);
  t.is(life.snapshots.length, 2);
});

test('daemon tells the health that it found before it makes a standby', async (t) => {
  const tree = temporaryTree(t);
  let told: readonly string[] = [];
  const damage: Step = (life) => {
    ({ told } = life);
    garbageFile(tree, tree.leaf('client-admin').certificatePath);
    rmSync(tree.host('/var/lib/certmend/generations/1'), { recursive: true });
    return undefined;
  };
  const heard: string[] = [];
  await live(tree.root, [damage, pass], {
    ports: (ports) => ({
      ...ports,
      writeSide: async () => {
        const side = await ports.writeSide();
        const make = (path: string, mode: number): void => {
          if (told.length > 0 && path.includes('/generations/')) heard.push(told.at(-1) ?? '');
          side.writer.makeDirectory(path, mode);
        };
        return { ...side, writer: { ...side.writer, makeDirectory: make } };
      },
    }),
  });
  t.true(heard.length > 0);
  t.true(
    heard.every((line) => /^status: CRITICAL .*client-admin/.test(line)),
    heard.join('\n'),
  );
});

/** A state directory that nobody can use: the check fails, whatever the node is like. */
function spoil(root: string): { readonly mend: () => void } {
  const directory = `${root}${dirname(state)}`;
  renameSync(directory, `${directory}.away`);
  writeFileSync(directory, '');
  return {
    mend: () => {
      rmSync(directory);
      renameSync(`${directory}.away`, directory);
    },
  };
}

for (const [was, damaged, verdict] of [
  ['critical', true, 'CRITICAL'],
  ['healthy', false, 'WARNING'],
] as const) {
  test(`daemon that could not look at a node that was ${was} says ${verdict}, and what it was like`, async (t) => {
    const tree = temporaryTree(t);
    if (damaged) garbageFile(tree, tree.leaf('client-admin').certificatePath);
    const life = await live(tree.root, [
      () => {
        spoil(tree.root);
        return undefined;
      },
      pass,
    ]);
    const line = life.told.findLast((text) => text.startsWith('status: ')) ?? '';
    t.true(line.startsWith(`status: ${verdict} · last check failed · before: `), line);
    t.true(line.includes(damaged ? 'client-admin' : 'healthy · 27 certificates'), line);
  });
}

test('daemon that could not look since its start knows from the state that the node was critical', async (t) => {
  const tree = temporaryTree(t);
  garbageFile(tree, tree.leaf('client-admin').certificatePath);
  await live(tree.root, []);
  const life = await live(tree.root, [], {
    ports: (ports) => ({
      ...ports,
      writeSide: async () => {
        const side = await ports.writeSide();
        const writer = {
          ...side.writer,
          rename: () => {
            throw Object.assign(new Error('EROFS: read-only file system'), { code: 'EROFS', syscall: 'rename' });
          },
        };
        return { ...side, writer };
      },
    }),
  });
  t.regex(life.told[0] ?? '', /^ready: CRITICAL · last check failed · before: .*client-admin/);
});
