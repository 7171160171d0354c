import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { servedFrom, tlsServer, type Served } from '../fixtures/tls-server.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { servedChain } from '../../src/system/served-chain.ts';

function listenerOf(t: ExecutionContext, leaf: 'fresh' | 'expired'): Served {
  const tree = temporaryTree(t, { leaf });
  return servedFrom(tree.host(tree.listener?.path ?? ''));
}

function pemChain({ cert }: Served): readonly string[] {
  const blocks = cert.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((block) => new X509Certificate(block).fingerprint256);
}

function prints(chain: readonly Buffer[] | undefined): readonly string[] | undefined {
  return chain?.map((der) => new X509Certificate(der).fingerprint256);
}

async function plainServer(t: ExecutionContext, talk: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    talk(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

for (const leaf of ['fresh', 'expired'] as const) {
  test(`servedChain has the ${leaf} leaf and what follows it, shows no certificate and sends nothing`, async (t) => {
    const served = listenerOf(t, leaf);
    const server = await tlsServer(t, served);
    t.deepEqual(prints(await servedChain(server.port)), pemChain(served));
    t.is(server.heard(), 0);
  });
}

test('servedChain asks the IPv6 loopback where nobody is on the other one', async (t) => {
  const served = listenerOf(t, 'fresh');
  let server;
  try {
    server = await tlsServer(t, served, '::1');
  } catch {
    t.pass('this machine has no IPv6');
    return;
  }
  t.deepEqual(prints(await servedChain(server.port)), pemChain(served));
});

test('servedChain knows nothing where nobody listens, where no TLS is spoken, and where it is hung up on', async (t) => {
  const free = await plainServer(t, () => undefined);
  const talkers: readonly ((socket: Socket) => void)[] = [
    (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    (socket) => socket.destroy(),
    (socket) => socket.resetAndDestroy(),
  ];
  for (const talk of talkers) t.is(await servedChain(await plainServer(t, talk)), undefined);
  t.is(await servedChain(free === 1 ? 2 : 1), undefined);
});

test('servedChain does not wait for one that accepts and never answers', async (t) => {
  t.is(await servedChain(await plainServer(t, () => undefined)), undefined);
});
