import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import type { Assessment } from '../../src/assess/assessment.ts';
import { servedChain } from '../../src/system/served-chain.ts';
import { builtModule } from '../cli/built-module.ts';
import { runBuilt } from '../cli/built.ts';
import { tlsServer, type Served } from '../fixtures/tls-server.ts';
import type { Tree } from '../fixtures/tree.ts';
import { portsAt } from './run-at.ts';
import { temporaryTree } from './temporary-tree.ts';

/*
 * A process that has not read its new file (products 8): a K3s server, whose ports can be set, with a real TLS server
 * where its API server answers.
 */

const { survey } = builtModule<typeof import('../../src/survey/survey.ts')>('src/survey/survey.ts');

function pairOf(tree: Tree): Served {
  const { certificatePath, keyPath } = tree.leaf('serving-kube-apiserver');
  return { cert: readFileSync(tree.host(certificatePath), 'utf8'), key: readFileSync(tree.host(keyPath), 'utf8') };
}

async function look(tree: Tree, at: string, running = true): Promise<Assessment> {
  const ports = await portsAt(tree.root, at, { unit: tree.unit });
  return (await survey({ ...ports, serviceRunning: () => running, servedChain })).assessment;
}

function codesOf({ findings }: Assessment): readonly string[] {
  return findings.filter(({ code }) => code.startsWith('Served')).map(({ code, id }) => `${code} ${String(id)}`);
}

/** The set is replaced on disk while the process goes on with what it has read at its start. */
async function replacedBelow(
  t: ExecutionContext,
): Promise<{ tree: Tree; server: Awaited<ReturnType<typeof tlsServer>> }> {
  const tree = temporaryTree(t, { product: 'k3s' });
  const server = await tlsServer(t, pairOf(tree));
  mkdirSync(tree.host('/etc/rancher/k3s/config.yaml.d'), { recursive: true });
  // K3s: the API server's own port is the one above.
  const listens = `https-listen-port: ${String(server.port - 1)}\n`;
  writeFileSync(tree.host('/etc/rancher/k3s/config.yaml.d/port.yaml'), listens);
  t.deepEqual(codesOf(await look(tree, '+0d')), []);
  const rotated = await runBuilt(['--root', tree.root, 'rotate', '--yes']);
  t.is(rotated.status, 0, rotated.stderr);
  return { tree, server };
}

test('a served leaf of before the set was replaced is seen by one handshake, told by its own end, and gone when the process reads the file', async (t) => {
  const { tree, server } = await replacedBelow(t);
  const before = server.handshakes();
  t.deepEqual(codesOf(await look(tree, '+1d')), ['ServedStale serving-kube-apiserver']);
  t.is(server.handshakes(), before + 1);
  t.is(server.heard(), 0);
  const late = await look(tree, '+345d');
  t.deepEqual(codesOf(late), ['ServedExpiring serving-kube-apiserver']);
  server.serve(pairOf(tree));
  const after = await look(tree, '+345d');
  t.deepEqual(codesOf(after), []);
  t.true(after.rows.find(({ id }) => id === 'serving-kube-apiserver')?.served?.current);
});

test('a served leaf is not asked for while the service is down', async (t) => {
  const { tree, server } = await replacedBelow(t);
  const before = server.handshakes();
  t.deepEqual(codesOf(await look(tree, '+345d', false)), []);
  t.is(server.handshakes(), before);
});
