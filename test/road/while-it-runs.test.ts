import test from 'ava';
import { rollback } from '../../src/heal/rollback.ts';
import { rotate } from '../../src/heal/rotate.ts';
import { changedPaths, fingerprintPaths } from '../fixtures/fingerprint-tree.ts';
import { portsAt } from './run-at.ts';
import { temporaryTree } from './temporary-tree.ts';

/* P12: nothing of a service that runs is changed, whoever asks; unknown is not taken for running. */

for (const [name, run] of [
  ['rotate', (ports) => rotate(ports, { ids: [], reuseKeys: false })],
  ['rotate of one entry with its key', (ports) => rotate(ports, { ids: ['client-admin'], reuseKeys: true })],
  ['rollback', (ports) => rollback(ports, undefined)],
] satisfies readonly (readonly [string, (ports: Awaited<ReturnType<typeof portsAt>>) => Promise<unknown>])[]) {
  test(`${name} changes nothing of a service that runs, and prints a line that does what it says`, async (t) => {
    const tree = temporaryTree(t);
    const ports = await portsAt(tree.root, new Date(tree.now).toISOString());
    const before = fingerprintPaths(tree.root, [tree.dataDir]);
    const error = await t.throwsAsync(() => run({ ...ports, serviceRunning: () => true }), { code: 'ServiceRunning' });
    t.like(error, { exit: 77 });
    t.regex((error as { hint?: string }).hint ?? '', /^systemctl stop \S+ && certmend .* --yes; systemctl start \S+$/);
    t.deepEqual(changedPaths(before, fingerprintPaths(tree.root, [tree.dataDir])), []);
  });
}
