import test, { type ExecutionContext } from 'ava';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { runBuilt } from '../cli/built.ts';
import { day, type Tree } from '../fixtures/tree.ts';
import { faultsOf } from './sound-node.ts';
import { temporaryTree } from './temporary-tree.ts';

/*
 * A standby holds its TLS handshakes when it is made, and the state remembers for which bytes: at boot the same bytes
 * under the same authorities go live without holding them again. Whether any were held the runtime itself says.
 */

async function prepared(t: ExecutionContext): Promise<Tree> {
  const tree = temporaryTree(t, { leaf: { notBefore: Date.now() - 400 * day, notAfter: Date.now() + 90 * day } });
  t.is((await runBuilt(['--root', tree.root, 'standby', 'prepare'])).status, 0);
  return tree;
}

interface Generations {
  proof?: string | null;
  active: { number: number } | null;
  standby: { number: number } | null;
}

function changeState(tree: Tree, change: (generations: Generations) => void): Generations {
  const path = tree.host('/var/lib/certmend/dynamic-cert.json');
  const state = JSON.parse(readFileSync(path, 'utf8')) as { generations: Generations };
  change(state.generations);
  writeFileSync(path, JSON.stringify(state));
  return state.generations;
}

/** Runs the program and counts the sides of TLS connections that it opened. */
async function talks(t: ExecutionContext, tree: Tree, ...words: readonly string[]): Promise<number> {
  const { status, stderr } = await runBuilt(['--root', tree.root, ...words], ['env', 'NODE_DEBUG=tls']);
  t.is(status, 0, stderr);
  return stderr.match(/^TLS \d+: \w+ _init/gm)?.length ?? 0;
}

const prestart = ['prestart', '--unit', 'rke2-server', '--strict'] as const;

async function goesLive(t: ExecutionContext, tree: Tree): Promise<number> {
  const { standby } = changeState(tree, () => undefined);
  const held = await talks(t, tree, ...prestart, '-o', 'json');
  const { active } = changeState(tree, () => undefined);
  t.truthy(standby);
  t.is(active?.number, standby?.number, 'the standby is live');
  return held;
}

test('prestart commits a standby whose handshakes are remembered without holding them again', async (t) => {
  const tree = await prepared(t);
  t.is(await goesLive(t, tree), 0);
  t.deepEqual(faultsOf(tree), []);
});

test('prestart holds the handshakes of a standby that an earlier version left without a proof', async (t) => {
  const tree = await prepared(t);
  changeState(tree, (generations) => {
    delete generations.proof;
  });
  t.true((await goesLive(t, tree)) > 0);
});

test('prestart holds the handshakes again when the file of an authority has other bytes than they were held under', async (t) => {
  const tree = await prepared(t);
  // Its certificate is the same: the standby is still as good as it was.
  appendFileSync(tree.host(tree.authority('client-ca').certificatePath), '\n');
  t.true((await goesLive(t, tree)) > 0);
});

test('standby verify proves again, whatever is remembered', async (t) => {
  t.true((await talks(t, await prepared(t), 'standby', 'verify')) > 0);
});

test('standby prepare remembers the proof of a good standby that had none', async (t) => {
  const tree = await prepared(t);
  const { proof } = changeState(tree, (generations) => {
    generations.proof = null;
  });
  t.is(proof, null);
  await talks(t, tree, 'standby', 'prepare');
  t.regex(changeState(tree, () => undefined).proof ?? '', /^[0-9a-f]{64}$/);
  t.is(await talks(t, tree, 'standby', 'prepare'), 0);
});
