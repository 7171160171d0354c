import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { CertmendError, exitStatus } from '../error.ts';
import type { Snapshot } from '../daemon/ports.ts';

export interface MetricsServer {
  show(snapshot: Snapshot): void;
  close(): Promise<void>;
}

/** A request is one line and its answer is ready: whoever needs longer than this is not asking, milliseconds. */
const patienceMs = 5000;
/** Open at once. Beyond it the oldest is closed, not the newest refused: who holds connections open keeps nobody out. */
const maxConnections = 16;

/**
 * Serves `/metrics` and `/healthz` on the loopback interface. Only where the configuration asks for it (P11); what it
 * serves is what the last check found, so a request costs nothing and can hold nothing up.
 *
 * @param listen `HOST:PORT`, a loopback address by the configuration's rules
 * @throws CertmendError ConfigInvalid when nothing can listen there
 */
export async function openMetricsServer(listen: string): Promise<MetricsServer> {
  let snapshot: Snapshot | undefined;
  const limits = { requestTimeout: patienceMs, headersTimeout: patienceMs, connectionsCheckingInterval: 1000 };
  const server = createServer(limits, (request, response) => {
    const reply = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store', connection: 'close' });
      response.end(request.method === 'HEAD' ? undefined : body);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') reply(405, 'text/plain', 'only GET\n');
    else if (snapshot === undefined) reply(503, 'text/plain', 'not checked yet\n');
    else if (request.url === '/metrics') reply(200, 'text/plain; version=0.0.4; charset=utf-8', snapshot.metrics);
    else if (request.url === '/healthz') reply(snapshot.healthy ? 200 : 503, 'application/json', snapshot.health);
    else reply(404, 'text/plain', '/metrics and /healthz are served here\n');
  });
  boundConnections(server, maxConnections);
  const colon = listen.lastIndexOf(':');
  const host = listen.slice(0, colon).replaceAll(/[[\]]/g, '');
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new CertmendError('ConfigInvalid', `metrics.listen: cannot listen on ${listen}: ${error.message}`, {
          exit: exitStatus.configuration,
          hint: 'choose another port, or see what uses it: ss -ltnp',
          cause: error,
        }),
      );
    });
    server.listen(Number(listen.slice(colon + 1)), host, resolve);
  });
  return {
    show: (shown) => {
      snapshot = shown;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function boundConnections(server: Server, limit: number): void {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    // Also for who asks and does not read the answer.
    socket.setTimeout(patienceMs, () => {
      socket.destroy();
    });
    const [oldest] = open;
    if (open.size > limit) oldest?.destroy();
  });
}
