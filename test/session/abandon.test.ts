import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { CertmendError } from '../../src/error.ts';
import { prestart } from '../../src/heal/prestart.ts';
import type { State } from '../../src/state/state.ts';
import { runBuilt } from '../cli/built.ts';
import { directoryInPlace, garbageFile } from '../fixtures/damage.ts';
import type { Tree } from '../fixtures/tree.ts';
import { cutAfterJournal } from '../road/cut-after-journal.ts';
import { portsAt } from '../road/run-at.ts';
import { temporaryTree } from '../road/temporary-tree.ts';

/* What is remembered of attempts that came to nothing, and of commits that another run completed. */

const statePath = '/var/lib/certmend/dynamic-cert.json';

function stateOf(tree: Tree): State {
  return JSON.parse(readFileSync(tree.host(statePath), 'utf8')) as State;
}

async function lineOf(tree: Tree): Promise<string> {
  const { stdout } = await runBuilt(['--root', tree.root, '-o', 'json', 'status']);
  return (JSON.parse(stdout) as { readonly line: string }).line;
}

/** The boot hook, with the n-th rename to a leaf's path answered by an error of the disk. */
async function failInTheSwap(tree: Tree): Promise<unknown> {
  const ports = await portsAt(tree.root, '+0d');
  let renames = 0;
  return prestart({
    ...ports,
    writeSide: async () => {
      const write = await ports.writeSide();
      const rename = (from: string, to: string): void => {
        if (
          to.startsWith(tree.dataDir) &&
          !to.includes('.certmend-') &&
          from.includes('.certmend-') &&
          !from.endsWith('.old')
        ) {
          renames += 1;
          if (renames === 3) throw Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'rename' });
        }
        write.writer.rename(from, to);
      };
      return { ...write, writer: { ...write.writer, rename } };
    },
  });
}

test('an attempt that was undone whole leaves no open commit in the state, and its sets are unheard of', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  await t.throwsAsync(() => failInTheSwap(tree), { instanceOf: CertmendError, message: /every file was restored/ });
  const { transaction, brake, generations } = stateOf(tree);
  t.is(transaction, null);
  t.is(generations.active, null);
  t.deepEqual([brake.commits.length, brake.attempts?.length], [0, 1]);
  t.notRegex(await lineOf(tree), /open|interrupted/);
});

test('an attempt that was ended before its commit point is no open commit by the number 0', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  await t.throwsAsync(() => failInTheSwap(tree));
  const begun = { id: '00112233445566aa', generation: 0, startedAt: '2027-01-01T00:00:00Z', reason: 'LeafExpired' };
  writeFileSync(tree.host(statePath), JSON.stringify({ ...stateOf(tree), transaction: begun }));
  const line = await lineOf(tree);
  t.regex(line, /a change was interrupted/);
  t.notRegex(line, /commit 0/);
});

for (const [what, victim, expected] of [
  ['a repair of the entries that it mended', 'client-admin', { commits: 0, repaired: ['client-admin'] }],
  ['a rotation', undefined, { commits: 1, repaired: [] }],
] as const) {
  test(`a commit that recovery completes is counted as ${what}`, async (t) => {
    const tree = temporaryTree(t, { leaf: victim === undefined ? 'expired' : 'fresh' });
    if (victim !== undefined) garbageFile(tree, tree.leaf(victim).certificatePath);
    await cutAfterJournal(tree.root);
    const { status } = await runBuilt(['--root', tree.root, 'prestart', '--unit', 'rke2-server', '--strict']);
    t.is(status, 0);
    const { commits, repairs = {}, attempts = [] } = stateOf(tree).brake;
    t.deepEqual(
      { commits: commits.length, repaired: Object.keys(repairs), attempts: attempts.length },
      { ...expected, repaired: [...expected.repaired], attempts: 0 },
    );
  });
}

test('a directory that was moved away for a change that was not made is back in its place', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  const { certificatePath } = tree.leaf('client-admin');
  directoryInPlace(tree, certificatePath);
  writeFileSync(join(tree.host(certificatePath), 'inside'), 'somebody put this here');
  await t.throwsAsync(() => failInTheSwap(tree), { message: /every file was restored/ });
  t.is(readFileSync(join(tree.host(certificatePath), 'inside'), 'utf8'), 'somebody put this here');
  const { status } = await runBuilt(['--root', tree.root, 'prestart', '--unit', 'rke2-server', '--strict']);
  t.is(status, 0);
  t.true(statSync(tree.host(certificatePath)).isFile());
});
