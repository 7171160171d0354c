import test, { type ExecutionContext } from 'ava';
import type { CheckReport, PlanReport, PrestartReport } from '../../src/report/document.ts';
import type { RehearsalReport } from '../../src/report/rehearsal/rehearsal.ts';
import { foreignKey } from '../fixtures/damage-pair.ts';
import { changedPaths, fingerprintPaths } from '../fixtures/fingerprint-tree.ts';
import type { ChainKind } from '../fixtures/tree.ts';
import { ask, hook } from './ask.ts';
import { faultsOf } from './sound-node.ts';
import { temporaryTree } from './temporary-tree.ts';

/*
 * Trust as the peers judge it: they are Go programs, and every certificate of an authority's file is an anchor to them.
 * What stands above the signer, is missing there or has ended there keeps nothing from being healed; and rehearse, plan
 * and the boot hook come to one answer. The judge of what was made is openssl with partial chains; the system tests ask Go.
 */

async function heals(
  t: ExecutionContext,
  chain: ChainKind,
  leaf: 'fresh' | 'expired',
  expected: 'rotated' | 'repaired',
  findings: readonly string[],
): Promise<void> {
  const tree = temporaryTree(t, { chain, leaf });
  if (leaf === 'fresh') foreignKey(tree, 'client-admin');
  const before = fingerprintPaths(tree.root, tree.protectedPaths);

  const plan = await ask<PlanReport>(tree, 'plan');
  t.is(plan.document.decision, expected === 'rotated' ? 'rotate' : 'repair');
  const rehearsal = await ask<RehearsalReport>(tree, 'rehearse', '--at', '+0d');
  const now = await ask<RehearsalReport>(tree, 'rehearse');
  const done = await ask<PrestartReport>(tree, ...hook);
  t.is(done.document.decision, expected);
  t.is(done.status, 0);
  for (const { status, document } of [rehearsal, now]) {
    t.like(document, { decision: expected, comesBack: true, origin: 'issued' });
    t.is(status, 0);
  }
  t.deepEqual(faultsOf(tree, { at: [Date.now()] }), []);
  t.deepEqual(changedPaths(before, fingerprintPaths(tree.root, tree.protectedPaths)), []);

  const again = await ask<PrestartReport>(tree, ...hook);
  t.is(again.document.decision, 'nothing-to-do');
  const { document: check } = await ask<CheckReport>(tree, 'check');
  t.deepEqual([...new Set(check.health.reasons.map(({ code }) => code))], [...findings]);
}

const kinds: readonly (readonly [ChainKind, title: string, findings: readonly string[]])[] = [
  ['no-root', 'an authority file that holds an intermediate without its root', []],
  ['expired-upper', 'a good signer below a certificate that has ended', ['AuthorityUpperExpired']],
  ['old-root-ended', 'rotated authorities whose old root has ended', []],
  ['path-length', 'a root above the signer that allows no authority below it', []],
];
for (const [chain, title, findings] of kinds) {
  test.serial(
    `prestart and rehearse bring an expired node back under ${title}`,
    heals,
    chain,
    'expired',
    'rotated',
    findings,
  );
  test.serial(
    `prestart and rehearse mend one damaged pair under ${title}`,
    heals,
    chain,
    'fresh',
    'repaired',
    findings,
  );
}

for (const [chain, title] of kinds) {
  test.serial(`standby is usable at once and kept under ${title}`, async (t) => {
    const tree = temporaryTree(t, { chain });
    const made = await ask<{ generation: number; made: boolean; notAfter: string }>(tree, 'standby', 'prepare');
    t.is(made.status, 0);
    const { document: again } = await ask<{ generation: number; made: boolean }>(tree, 'standby', 'prepare');
    t.is(again.generation, made.document.generation, 'it is not made anew at each check');
    t.is((await ask<{ state: string }>(tree, 'standby', 'verify')).status, 0);
    const year = Date.parse(made.document.notAfter) - Date.now();
    t.true(year > 360 * 86_400_000, `good until ${made.document.notAfter}`);
  });
}
