import { createServer as createPlainServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import test from 'ava';
import { askSupervisor } from '../../src/system/ask-supervisor.ts';
import { supervisorOf } from '../fixtures/supervisor.ts';
import { temporaryTree } from '../road/temporary-tree.ts';

const question = { path: '/v1-k3s/client-kube-proxy.crt', body: Buffer.from('no request'), headers: {} };

test('ask supervisor posts over TLS, and tells apart who answers, who does not, and who is not there', async (t) => {
  const cluster = temporaryTree(t, { product: 'k3s' });
  const server = await supervisorOf(t, cluster, cluster);
  const trustedPem = readFileSync(cluster.host(cluster.authority('server-ca').certificatePath));
  const unknown = await askSupervisor({ ...question, port: server.port, trustedPem });
  t.like(unknown, { is: 'answered', status: 401 });
  t.deepEqual(server.asked, ['POST /v1-k3s/client-kube-proxy.crt nobody']);

  const other = readFileSync(cluster.host(cluster.authority('client-ca').certificatePath));
  const untrusted = await askSupervisor({ ...question, port: server.port, trustedPem: other });
  t.is(untrusted.is, 'silent');
  t.is(server.asked.length, 1);
  const nothing = await askSupervisor({ ...question, port: server.port, trustedPem: Buffer.from('no authority') });
  t.is(nothing.is, 'silent');

  const closed = createPlainServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  closed.close();
  t.deepEqual(await askSupervisor({ ...question, port, trustedPem }), { is: 'absent' });
});
