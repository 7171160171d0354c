import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { openMetricsServer } from '../../src/system/metrics-server.ts';

async function serving(t: ExecutionContext): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  const server = await openMetricsServer(`127.0.0.1:${port}`);
  server.show({ metrics: 'certmend_checks 1\n', health: '{}\n', healthy: true });
  t.teardown(() => server.close());
  return port;
}

async function opened(t: ExecutionContext, port: number, text = ''): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  t.teardown(() => socket.destroy());
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

async function answer(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`, { signal: AbortSignal.timeout(3000) });
  return response.text();
}

for (const [kind, text] of [
  ['say nothing', ''],
  ['never end their request', 'GET /metrics HTTP/1.1\r\nhost: a\r\nx: '],
  ['ask and do not read', 'GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n'],
] as const) {
  test(`metrics server answers though a hundred connections ${kind}`, async (t) => {
    const port = await serving(t);
    const idle = await Promise.all(Array.from({ length: 100 }, () => opened(t, port, text)));
    t.is(await answer(port), 'certmend_checks 1\n');
    for (const socket of idle) socket.resume();
    await Promise.all(idle.slice(0, 80).map(async (socket) => socket.closed || (await once(socket, 'close'))));
    t.is(await answer(port), 'certmend_checks 1\n');
  });
}

test('metrics server closes a connection that asks for nothing within seconds', async (t) => {
  const port = await serving(t);
  const socket = await opened(t, port, 'GET /metr');
  socket.resume();
  await once(socket, 'close', { signal: AbortSignal.timeout(15_000) });
  t.pass();
});
