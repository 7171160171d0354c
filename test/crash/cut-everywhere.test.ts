import test, { type ExecutionContext } from 'ava';
import { cutAt, counted } from './interrupted-writer.ts';
import { RealTree } from './real-tree.ts';
import { recoverNode, rotate } from './small-node.ts';

/** What must hold after a recovery that ran to its end. */
function requireWhole(t: ExecutionContext, tree: RealTree, where: string): void {
  const verdict = tree.verdict();
  t.true(verdict === 'old' || verdict === 'new', `${where}: ${verdict}`);
  t.deepEqual(tree.strays(), [], where);
  const second = counted(tree.writer);
  t.is(recoverNode(tree.machine(second.writer)).kind, 'nothing', where);
  t.is(second.calls(), 0, `${where}: the second recovery wrote`);
}

/** Runs something until call k; true when the machine stopped in it. */
function cut(tree: RealTree, k: number, work: (machine: ReturnType<RealTree['machine']>) => void): boolean {
  const interrupted = cutAt(tree.writer, k);
  try {
    work(tree.machine(interrupted.writer));
  } catch {
    // what matters is what is on the disk
  }
  return interrupted.calls() >= k;
}

function withTree(run: (tree: RealTree) => void): void {
  const tree = new RealTree();
  try {
    run(tree);
  } finally {
    tree.remove();
  }
}

test('commit cut at every call leaves, after recovery, all of the old set or all of the new one', (t) => {
  const seen = { old: 0, new: 0 };
  let k = 0;
  for (let stopped = true; stopped;) {
    k += 1;
    withTree((tree) => {
      stopped = cut(tree, k, rotate);
      recoverNode(tree.machine());
      requireWhole(t, tree, `cut at call ${k}`);
      seen[tree.verdict() === 'new' ? 'new' : 'old'] += 1;
    });
  }
  t.true(seen.old > 0 && seen.new > 0);
  t.log(`${k - 1} points: ${seen.old} ended in the old set, ${seen.new} in the new one`);
});

test('recover cut at every call, after a commit cut at every call, is completed by the next recovery', (t) => {
  let points = 0;
  let stopped = true;
  for (let k = 1; stopped; k += 1) {
    let again = true;
    for (let j = 1; again; j += 1) {
      withTree((tree) => {
        stopped = cut(tree, k, rotate);
        again = cut(tree, j, recoverNode);
        recoverNode(tree.machine());
        requireWhole(t, tree, `cut at call ${k}, recovery at its call ${j}`);
        points += 1;
      });
    }
  }
  t.log(`${points} points`);
});
