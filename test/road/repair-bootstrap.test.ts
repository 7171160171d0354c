import test, { type ExecutionContext } from 'ava';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { PlanReport, PrestartReport } from '../../src/report/document.ts';
import { runJson } from '../cli/run-cli.ts';
import { mismatchedAuthorityKey } from '../fixtures/damage-node.ts';
import { emptyFile, garbagePem, truncateFile } from '../fixtures/damage.ts';
import { changedPaths, fingerprintPaths } from '../fixtures/fingerprint-tree.ts';
import type { Tree } from '../fixtures/tree.ts';
import { openDoor } from '../../src/commit/open-door.ts';
import { cutAfterJournal } from './cut-after-journal.ts';
import { temporaryTree } from './temporary-tree.ts';

/*
 * P2 has one exception, which only a person can make: a damaged file of the bootstrap set is taken away, so that the
 * product restores it from its datastore. Never by itself, never one that can be parsed, never a token.
 */

const asked = '--repair-bootstrap';

function line(tree: Tree, ...more: readonly string[]): readonly string[] {
  return ['--root', tree.root, 'prestart', '--unit', 'rke2-server', '--strict', ...more];
}

async function takesAway(
  t: ExecutionContext,
  pathOf: (tree: Tree) => string,
  damage: (tree: Tree, path: string) => void,
): Promise<void> {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  const path = pathOf(tree);
  const whole = readFileSync(tree.host(path));
  damage(tree, path);
  const bytes = readFileSync(tree.host(path));
  const before = fingerprintPaths(tree.root, tree.protectedPaths);
  const changes = (): readonly string[] => changedPaths(before, fingerprintPaths(tree.root, tree.protectedPaths));

  await runJson<PrestartReport>(line(tree));
  t.deepEqual(changes(), [], 'never by itself');

  const foreseen = await runJson<PlanReport>(['--root', tree.root, 'plan', asked]);
  t.deepEqual(
    foreseen.document.actions.map((action) => [action.kind, action.path]),
    [['quarantine', path]],
  );
  t.deepEqual(changes(), []);

  const { document } = await runJson<PrestartReport>(line(tree, asked));
  t.like(document, { decision: 'repaired', changed: [path] });
  t.deepEqual(changes(), [path]);
  t.false(existsSync(tree.host(path)));
  const quarantine = tree.host('/var/lib/certmend/quarantine');
  const kept = readdirSync(quarantine, { recursive: true, encoding: 'utf8' });
  const copy = kept.find((name) => path.endsWith(name.slice(name.indexOf('/'))) && !name.endsWith('.json')) ?? '';
  t.deepEqual(readFileSync(`${quarantine}/${copy}`), bytes, 'the damaged bytes are kept');

  // The service restores it at its start; here the test does.
  writeFileSync(tree.host(path), whole, { mode: 0o600 });
  t.is((await runJson<PrestartReport>(line(tree, asked))).document.decision, 'nothing-to-do');
}

const tls = (name: string) => (tree: Tree) => `${tree.dataDir}/server/tls/${name}`;
test('--repair-bootstrap takes a truncated authority away', takesAway, tls('server-ca.crt'), truncateFile);
test('--repair-bootstrap takes the garbled key of an authority away', takesAway, tls('etcd/peer-ca.key'), garbagePem);
test('--repair-bootstrap takes an empty service account key away', takesAway, tls('service.key'), emptyFile);

async function leaves(t: ExecutionContext, damage: (tree: Tree) => void): Promise<void> {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  damage(tree);
  const before = fingerprintPaths(tree.root, tree.protectedPaths);
  const { document } = await runJson<PrestartReport>(line(tree, asked));
  t.deepEqual(document.changed, []);
  t.deepEqual(changedPaths(before, fingerprintPaths(tree.root, tree.protectedPaths)), []);
}

test('--repair-bootstrap leaves a key that can be parsed and does not fit', leaves, (tree: Tree) => {
  mismatchedAuthorityKey(tree, 'server-ca');
});
test('--repair-bootstrap leaves a token', leaves, (tree: Tree) => {
  emptyFile(tree, `${tree.dataDir}/server/token`);
});
test('--repair-bootstrap leaves everything while the token is damaged', leaves, (tree: Tree) => {
  emptyFile(tree, `${tree.dataDir}/server/token`);
  truncateFile(tree, tree.authority('server-ca').certificatePath);
});

test('--repair-bootstrap that was cut off is not completed by a boot hook that was not asked, and is by one that is', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  const path = tree.authority('client-ca').certificatePath;
  truncateFile(tree, path);
  await cutAfterJournal(tree.root, { repairBootstrap: true, door: openDoor('prestart --repair-bootstrap') });
  t.true(existsSync(tree.host(path)));
  const { document } = await runJson<PrestartReport>(line(tree));
  t.true(document.reasons.some(({ code }) => code === 'TransactionRecovered'));
  t.true(document.reasons.some(({ message }) => message.includes('needs --repair-bootstrap again')));
  t.deepEqual(document.changed, []);
  t.true(existsSync(tree.host(path)));
  const { document: again } = await runJson<PrestartReport>(line(tree, asked));
  t.deepEqual(again.changed, [path]);
  t.false(existsSync(tree.host(path)));
});
