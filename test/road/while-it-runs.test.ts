import { X509Certificate } from 'node:crypto';
import { lstatSync, readFileSync } from 'node:fs';
import test from 'ava';
import { renew } from '../../src/heal/renew.ts';
import { rollback } from '../../src/heal/rollback.ts';
import { rotate } from '../../src/heal/rotate.ts';
import type { State } from '../../src/state/state.ts';
import type { Ports } from '../../src/survey/ports.ts';
import { changedPaths, fingerprintPaths } from '../fixtures/fingerprint-tree.ts';
import { runBuilt } from '../cli/built.ts';
import { portsAt } from './run-at.ts';
import { temporaryTree } from './temporary-tree.ts';

/* P12: no key of a service that runs is changed, whoever asks; unknown is not taken for running. */

const running = (ports: Ports): Ports => ({ ...ports, serviceRunning: () => true });

for (const [name, run] of [
  ['rotate', (ports) => rotate(ports, { ids: [], reuseKeys: false })],
  ['rotate of one entry with its key', (ports) => rotate(ports, { ids: ['client-admin'], reuseKeys: true })],
  ['rollback to other keys', (ports) => rollback(ports, undefined)],
] satisfies readonly (readonly [string, (ports: Ports) => Promise<unknown>])[]) {
  test(`${name} changes nothing of a service that runs, and prints a line that does what it says`, async (t) => {
    const tree = temporaryTree(t);
    const ports = await portsAt(tree.root, new Date(tree.now).toISOString());
    await rotate(ports, { ids: ['client-admin'], reuseKeys: false });
    const before = fingerprintPaths(tree.root, [tree.dataDir]);
    const error = await t.throwsAsync(() => run(running(ports)), { code: 'ServiceRunning' });
    t.like(error, { exit: 77 });
    t.regex((error as { hint?: string }).hint ?? '', /^systemctl stop \S+ && certmend .* --yes; systemctl start \S+$/);
    t.deepEqual(changedPaths(before, fingerprintPaths(tree.root, [tree.dataDir])), []);
  });
}

test('rollback takes a renewal back while the service runs: certificates alone, written the way their consumers see them', async (t) => {
  const tree = temporaryTree(t, { product: 'rke2' });
  const ports = running(await portsAt(tree.root, '+0d', { unit: tree.unit }));
  const bytes = (): ReadonlyMap<string, { readonly content: string; readonly inode: number }> =>
    new Map(
      [...fingerprintPaths(tree.root, [tree.dataDir])].map(([path, { content }]) => [
        path,
        { content, inode: lstatSync(tree.host(path)).ino },
      ]),
    );
  const before = bytes();
  const servedChain = (port: number): Promise<readonly Buffer[] | undefined> =>
    Promise.resolve(
      port === 6443
        ? [new X509Certificate(readFileSync(tree.host(tree.leaf('serving-kube-apiserver').certificatePath))).raw]
        : undefined,
    );
  await renew({ ...ports, servedChain }, []);
  const renewed = bytes();
  const { changed } = await rollback(ports, undefined);
  const after = bytes();
  for (const [path, { content }] of before) t.is(after.get(path)?.content, content, path);
  t.true(changed.length >= 13);
  t.true(changed.every((path) => path.endsWith('.crt')));
  const mounted = tree.host(tree.leaf('etcd/server-client').certificatePath).slice(tree.root.length);
  t.is(after.get(mounted)?.inode, renewed.get(mounted)?.inode, 'a pod sees it');
  const state = JSON.parse(readFileSync(tree.host('/var/lib/certmend/dynamic-cert.json'), 'utf8')) as State;
  t.like(state.renewal, { outcome: 'rolled-back', phase: 'asked' });
  const check = await runBuilt(['--root', tree.root, 'check']);
  t.is(check.status, 0, check.stdout);
});
