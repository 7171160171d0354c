import { existsSync, readFileSync } from 'node:fs';
import test from 'ava';
import { ownPaths } from '../../src/disk/own-paths.ts';
import { prestart } from '../../src/heal/prestart.ts';
import type { State } from '../../src/state/state.ts';
import type { Ports } from '../../src/survey/ports.ts';
import { endOf, lifeOf, nodeOf, records, renewable, stateOf } from '../daemon/running-node.ts';
import { portsAt } from '../road/run-at.ts';
import { temporaryTree } from '../road/temporary-tree.ts';

/* What fails when a commit is complete takes nothing of it back (P1): neither the set, nor what is known of it. */

/** A disk that is full from the moment on at which the journal of a commit is gone, for so many new files. */
function fullAfterCommit(ports: Ports, files = Number.POSITIVE_INFINITY): Ports {
  let isFull = false;
  let refused = 0;
  return {
    ...ports,
    writeSide: async () => {
      const side = await ports.writeSide();
      const writer = new Proxy(side.writer, {
        get:
          (target, name: keyof typeof side.writer) =>
          (...words: readonly unknown[]): unknown => {
            if (isFull && name === 'create' && refused++ < files)
              throw Object.assign(new Error('no space left'), { code: 'ENOSPC', syscall: 'open', errno: -28 });
            const result = (target[name] as (...given: readonly unknown[]) => unknown)(...words);
            isFull ||= name === 'rename' && words[0] === ownPaths.journal;
            return result;
          },
      });
      return { ...side, writer };
    },
  };
}

test('a boot rotation after whose commit the disk is full is live, and known as what it is', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  const outcome = await prestart(fullAfterCommit(await portsAt(tree.root, '+0d')));
  t.is(outcome.decision, 'rotated');
  t.true(outcome.notes.some((note) => note.includes('left to the next run')));
  const state = JSON.parse(readFileSync(tree.host(ownPaths.state), 'utf8')) as State;
  t.is(state.generations.active?.number, outcome.generation);
  t.true(existsSync(tree.host(`${ownPaths.generations}/${String(outcome.generation)}/manifest.json`)));
  const next = await prestart(await portsAt(tree.root, '+0d'));
  t.is(next.decision, 'nothing-to-do');
});

for (const isWell of [true, false]) {
  const ending = isWell ? 'confirmed when the node is well with it' : 'taken back when the node is ill with it';
  const expected = isWell ? 'confirmed' : 'rolled-back';

  test(`a live renewal after whose commit one file cannot be written is watched all the same, and ${ending}`, async (t) => {
    const node = nodeOf(t);
    if (!isWell) node.is.health = (isOld) => (isOld ? { is: 'well' } : { is: 'ill', problem: 'answers with 500' });
    await lifeOf(node, 40, []);
    await lifeOf(node, 20, [], { ports: (ports) => fullAfterCommit(ports, 1) });
    t.is(stateOf(node).renewal?.outcome, expected);
    t.true(renewable(node).every((id) => endOf(node.tree, id) > node.end === isWell));
    t.true(records(node, 'failed').some(({ reason }) => reason === 'StorageFull'));
  });

  test(`a live renewal after whose commit the disk is full is watched by the next check, and ${ending}`, async (t) => {
    const node = nodeOf(t);
    if (!isWell) node.is.health = (isOld) => (isOld ? { is: 'well' } : { is: 'ill', problem: 'answers with 500' });
    await lifeOf(node, 40, []);
    const { told } = await lifeOf(node, 20, [], { ports: (ports) => fullAfterCommit(ports) });
    const { renewal, generations } = stateOf(node);
    t.is(renewal?.outcome, 'watching');
    t.is(generations.active?.number, renewal?.generation ?? undefined);
    t.true(renewable(node).every((id) => endOf(node.tree, id) > node.end));
    t.regex(told.join('\n'), /no space|full/i);
    t.true(records(node, 'failed').length > 0);
    await lifeOf(node, 20 - 2 / (24 * 60), []);
    t.is(stateOf(node).renewal?.outcome, expected);
    t.is(stateOf(node).generations.confirmed === renewal?.generation, isWell);
  });
}
