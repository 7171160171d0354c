import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type ServerOptions } from 'node:https';
import { createServer as createPlainServer, type AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import type { HealthRequest } from '../../src/survey/ports.ts';
import { askHealth } from '../../src/system/ask-health.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import type { Tree } from '../fixtures/tree.ts';

/* Real HTTPS servers with the API server's pair, which ask for a client certificate as it does. */

function filesOf(tree: Tree): Omit<HealthRequest, 'port' | 'path'> {
  const { certificatePath, keyPath } = tree.leaf('client-admin');
  const bytes = (path: string): Buffer => readFileSync(tree.host(path));
  return {
    certificatePem: bytes(certificatePath),
    keyPem: bytes(keyPath),
    trustedPem: bytes(tree.authority('server-ca').certificatePath),
  };
}

async function componentOf(
  t: ExecutionContext,
  tree: Tree,
  answer: (path: string, client: string | undefined) => number | undefined,
  options: ServerOptions & { readonly host?: string; readonly leaf?: string } = {},
): Promise<number> {
  const { certificatePath, keyPath } = tree.leaf(options.leaf ?? 'serving-kube-apiserver');
  const pair = { cert: readFileSync(tree.host(certificatePath)), key: readFileSync(tree.host(keyPath)) };
  const ca = readFileSync(tree.host(tree.authority('client-ca').certificatePath));
  const server = createServer({ ...pair, ca, requestCert: true, rejectUnauthorized: false }, (asked, response) => {
    const status = answer(asked.url ?? '', clients.get(asked.socket.remotePort));
    if (status === undefined) return;
    response.writeHead(status).end('x'.repeat(100_000));
  });
  const clients = new Map<number | undefined, string | undefined>();
  server.on('secureConnection', (socket) => {
    const { subject } = socket.getPeerCertificate() as { readonly subject?: { readonly CN: string } };
    clients.set(socket.remotePort, subject?.CN);
  });
  server.listen(0, options.host ?? '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test('ask health asks with the client pair, by GET, and 200 alone is well', async (t) => {
  const tree = temporaryTree(t);
  const seen: unknown[] = [];
  let status = 200;
  const port = await componentOf(t, tree, (path, client) => {
    seen.push([path, client]);
    return status;
  });
  const question = { port, path: '/readyz', ...filesOf(tree) };
  t.deepEqual(await askHealth(question), { is: 'well' });
  t.deepEqual(seen, [['/readyz', 'system:admin']]);
  for (status of [204, 301, 401, 403, 500, 503]) {
    const answer = await askHealth(question);
    t.deepEqual(answer, { is: 'ill', problem: `answers ${String(status)} to /readyz`, status });
  }
});

test('ask health finds who listens on the other loopback address', async (t) => {
  const tree = temporaryTree(t);
  const port = await componentOf(t, tree, () => 200, { host: '::1' });
  t.deepEqual(await askHealth({ port, path: '/health', ...filesOf(tree) }), { is: 'well' });
});

test('ask health is told apart: nobody there, nobody who answers, nobody who is trusted, and nothing to ask with', async (t) => {
  const tree = temporaryTree(t);
  const files = filesOf(tree);
  const closed = createPlainServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port: nobody } = closed.address() as AddressInfo;
  closed.close();
  t.deepEqual(await askHealth({ port: nobody, path: '/readyz', ...files }), { is: 'absent' });

  const hangs = await componentOf(t, tree, () => undefined);
  const late = await askHealth({ port: hangs, path: '/readyz', ...files });
  t.deepEqual(late, { is: 'ill', problem: 'does not answer within 4 s' });

  const port = await componentOf(t, tree, () => 200);
  const other = { ...files, trustedPem: readFileSync(tree.host(tree.authority('request-header-ca').certificatePath)) };
  const untrusted = await askHealth({ port, path: '/readyz', ...other });
  t.is(untrusted.is, 'ill');

  const named = await componentOf(t, tree, () => 200, { leaf: 'client-supervisor' });
  const client = { ...files, trustedPem: readFileSync(tree.host(tree.authority('client-ca').certificatePath)) };
  t.deepEqual(await askHealth({ port: named, path: '/readyz', ...client }), {
    is: 'ill',
    problem: 'cannot be asked: INVALID_PURPOSE',
  });

  const plain = createPlainServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
  await once(plain, 'listening');
  t.teardown(() => plain.close());
  const noTls = await askHealth({ port: (plain.address() as AddressInfo).port, path: '/readyz', ...files });
  t.is(noTls.is, 'ill');

  t.deepEqual(await askHealth({ port, path: '/readyz', ...files, keyPem: Buffer.from('no key') }), { is: 'unasked' });
  const { keyPem } = { keyPem: readFileSync(tree.host(tree.leaf('client-supervisor').keyPath)) };
  t.deepEqual(await askHealth({ port, path: '/readyz', ...files, keyPem }), { is: 'unasked' });
});
