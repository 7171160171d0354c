import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect as connectHttp2, type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import { Agent, request, type RequestOptions } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { servedPorts } from './arguments.ts';
import { streamNames, type LoadReport, type Stream, type StreamName } from './load-report.ts';

/*
 * load-program.ts DATA_DIRECTORY KUBECONFIG: clients of a control plane on 127.0.0.1, as many as load-report.ts says, until
 * standard input ends; then prints one LoadReport. Every request is given ten seconds, and none is tried again.
 */
const [dataDirectory = '', kubeconfig = ''] = process.argv.slice(2);
const tls = `${dataDirectory}/server/tls`;
const limitMs = 10_000;
const mostFailures = 20;

const begin = performance.now();
const seconds = (): number => Math.round(performance.now() - begin) / 1000;
const over = new AbortController();
process.stdin.resume().once('end', () => {
  over.abort();
});

const report: LoadReport = {
  seconds: 0,
  streams: Object.fromEntries(
    streamNames.map((name): [StreamName, Stream] => [name, { asked: 0, failed: 0, failures: [] }]),
  ) as Record<StreamName, Stream>,
  reconnects: { keepAlive: 0, etcdKept: 0 },
  watch: { events: 0, missed: 0, breaks: 0 },
  leaders: { changes: [], holders: {} },
  served: Object.fromEntries(servedPorts.map((port) => [String(port), []])),
};

/** What a client shows, and what it goes by. */
interface Identity {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  readonly ca: string | Buffer;
}

function fromFiles(leaf: string, authority: string): Identity {
  const [cert, key, ca] = [`${leaf}.crt`, `${leaf}.key`, `${authority}.crt`].map((name) =>
    readFileSync(`${tls}/${name}`),
  );
  return { cert: cert ?? '', key: key ?? '', ca: ca ?? '' };
}

function embedded(): Identity {
  const text = readFileSync(kubeconfig, 'utf8');
  const data = (name: string): Buffer =>
    Buffer.from(new RegExp(`${name}-data: (\\S+)`).exec(text)?.[1] ?? '', 'base64');
  return { cert: data('client-certificate'), key: data('client-key'), ca: data('certificate-authority') };
}

const admin = (): Identity => fromFiles('client-admin', 'server-ca');
const etcdClient = (): Identity => fromFiles('etcd/client', 'etcd/server-ca');

interface Answer {
  readonly text: string;
  readonly socket: TLSSocket;
}

/** One request over HTTP/1.1; throws unless the answer is 200 or 201. */
async function ask(port: number, path: string, options: RequestOptions, body?: object): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path, signal: AbortSignal.timeout(limitMs), ...options },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        response.once('error', reject);
        response.once('end', () => {
          const status = response.statusCode ?? 0;
          if (status === 200 || status === 201) resolve({ text, socket: asked.socket as TLSSocket });
          else reject(new Error(`${String(status)} ${text.slice(0, 200)}`));
        });
      },
    );
    asked.once('error', reject);
    if (body !== undefined) asked.setHeader('content-type', 'application/json');
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** Begins a request every `periodMs`, whether or not those before have been answered; in the end waits for them. */
async function every(name: StreamName, periodMs: number, one: (index: number) => Promise<void>): Promise<void> {
  const stream = report.streams[name];
  const open = new Set<Promise<void>>();
  const first = performance.now();
  for (let index = 0; !over.signal.aborted; index += 1) {
    const asked = count(stream, one(index)).finally(() => open.delete(asked));
    open.add(asked);
    await pause(Math.max(0, first + (index + 1) * periodMs - performance.now()));
  }
  await Promise.all(open);
}

/** The same, each after the one before. */
async function inTurn(name: StreamName, periodMs: number, one: (index: number) => Promise<void>): Promise<void> {
  for (let index = 0; !over.signal.aborted; index += 1) {
    await count(report.streams[name], one(index));
    await pause(periodMs);
  }
}

async function count(stream: Stream, asked: Promise<void>): Promise<void> {
  stream.asked += 1;
  try {
    await asked;
  } catch (error) {
    stream.failed += 1;
    if (stream.failures.length < mostFailures) stream.failures.push(`${seconds().toFixed(3)} ${String(error)}`);
  }
}

async function pause(ms: number): Promise<void> {
  await wait(ms, undefined, { signal: over.signal }).catch(() => undefined);
}

async function fresh(identity: Identity, index: number): Promise<void> {
  const agent = new Agent({ keepAlive: false, maxCachedSessions: 0 });
  const { socket } = await ask(6443, index % 2 === 0 ? '/livez' : '/version', { ...identity, agent });
  saw(6443, socket);
}

/** A connection of its own counts as a sight of what is served there. */
function saw(port: number, socket: TLSSocket): void {
  // A socket that has been closed has forgotten its peer.
  const raw = (socket.getPeerCertificate() as { readonly raw?: Buffer } | null)?.raw;
  if (raw === undefined) return;
  const fingerprint = createHash('sha256').update(raw).digest('hex');
  const known = (report.served[String(port)] ??= []);
  if (known.at(-1)?.fingerprint !== fingerprint) known.push({ fingerprint, second: seconds() });
}

const kept = new Agent({ keepAlive: true, maxSockets: 1 });
let keptSocket: Socket | undefined;

async function keepAlive(): Promise<void> {
  // Always as in the beginning: another certificate would be another connection.
  const { socket } = await ask(6443, '/version', { ...fixed, agent: kept });
  if (keptSocket !== undefined && keptSocket !== socket) report.reconnects.keepAlive += 1;
  keptSocket = socket;
}

const configMaps = '/api/v1/namespaces/default/configmaps';
const configMap = 'certmend-load';
let written = 0;
let lastSeen = 0;

async function write(index: number): Promise<void> {
  const identity = { ...admin(), agent: writers };
  const body = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: configMap },
    data: { count: String(index + 1) },
  };
  const exists = written > 0;
  const path = exists ? `${configMaps}/${configMap}` : configMaps;
  await ask(6443, path, { ...identity, method: exists ? 'PUT' : 'POST' }, body);
  written = index + 1;
}

const writers = new Agent({ keepAlive: true });

/** One watch for the whole time. An answer that ends is a break: it is asked to last longer than any load. */
async function watch(): Promise<void> {
  while (!over.signal.aborted) {
    await watchOnce().catch(() => undefined);
    if (over.signal.aborted) return;
    report.watch.breaks += 1;
    await pause(1000);
  }
}

async function watchOnce(): Promise<void> {
  const path = `${configMaps}?watch=true&timeoutSeconds=86400&fieldSelector=metadata.name%3D${configMap}`;
  await new Promise<void>((resolve, reject) => {
    const agent = new Agent({ keepAlive: false });
    const asked = request(
      { host: '127.0.0.1', port: 6443, path, signal: over.signal, agent, ...admin() },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          const lines = (text + piece).split('\n');
          text = lines.pop() ?? '';
          for (const line of lines) sawEvent(line);
        });
        response.once('error', reject);
        response.once('close', resolve);
      },
    );
    asked.once('error', reject);
    asked.end();
  });
}

function sawEvent(line: string): void {
  const { object } = JSON.parse(line) as { readonly object?: { readonly data?: { readonly count?: string } } };
  const number = Number(object?.data?.count ?? Number.NaN);
  if (Number.isNaN(number)) return;
  report.watch.events += 1;
  // A write that failed has no event, and counts as a failure of its own; the first sight has no one before it.
  if (lastSeen !== 0 && number > lastSeen + 1) report.watch.missed += number - lastSeen - 1;
  lastSeen = number;
}

/** etcdserverpb.RangeRequest for the key "health", as `etcdctl endpoint health` asks; in a frame of gRPC. */
const range = Buffer.from('\0\0\0\0\b\n\u0006health', 'latin1');

async function rangeOver(session: ClientHttp2Session): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    session.once('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/etcdserverpb.KV/Range',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    stream.setTimeout(limitMs, () => {
      reject(new Error('no answer'));
      stream.close();
    });
    let status: unknown;
    // An answer without a message has its status in the headers.
    stream.once('response', (headers) => (status = headers['grpc-status']));
    stream.once('trailers', (trailers: IncomingHttpHeaders) => (status = trailers['grpc-status']));
    stream.once('error', reject);
    stream.once('close', () => {
      session.off('error', reject);
      if (status === '0') resolve();
      else reject(new Error(`grpc-status ${String(status)}`));
    });
    stream.resume();
    stream.end(range);
  });
}

function etcdSession(): ClientHttp2Session {
  const session = connectHttp2('https://127.0.0.1:2379', etcdClient());
  // Also an error between two requests must not end the program; the next request tells of it.
  session.on('error', () => undefined);
  return session;
}

async function etcdFresh(): Promise<void> {
  const session = etcdSession();
  session.once('connect', (_session, socket) => {
    saw(2379, socket as TLSSocket);
  });
  try {
    await rangeOver(session);
  } finally {
    session.close();
  }
}

let keptSession: ClientHttp2Session | undefined;

async function etcdKept(): Promise<void> {
  if (keptSession === undefined || keptSession.closed || keptSession.destroyed) {
    if (keptSession !== undefined) report.reconnects.etcdKept += 1;
    keptSession = etcdSession();
  }
  await rangeOver(keptSession);
}

async function etcdHealth(): Promise<void> {
  const { text } = await ask(2382, '/health', { ...etcdClient(), agent: new Agent({ keepAlive: false }) });
  if (!text.includes('"health":"true"')) throw new Error(text);
}

/** A handshake only, with no certificate of its own: what is served there. */
async function look(port: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, timeout: limitMs });
    socket.once('secureConnect', () => {
      saw(port, socket);
      socket.end();
    });
    socket.once('timeout', () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      resolve();
    });
  });
}

async function lookAround(): Promise<void> {
  while (!over.signal.aborted) {
    // 6443 and 2379 are seen by the streams.
    await Promise.all([2380, 10257, 10259].map(look));
    await pause(1000);
  }
}

async function leaders(): Promise<void> {
  const agent = new Agent({ keepAlive: true });
  while (!over.signal.aborted) {
    for (const name of ['kube-controller-manager', 'kube-scheduler']) {
      const path = `/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/${name}`;
      const answer = await ask(6443, path, { ...admin(), agent }).catch(() => undefined);
      if (answer === undefined) continue;
      const { spec } = JSON.parse(answer.text) as {
        readonly spec: { readonly holderIdentity?: string; readonly leaseTransitions?: number };
      };
      const holder = `${spec.holderIdentity ?? ''} (${String(spec.leaseTransitions ?? 0)})`;
      const before = report.leaders.holders[name];
      if (before !== undefined && before !== holder)
        report.leaders.changes.push(`${seconds().toFixed(1)} ${name}: ${before} -> ${holder}`);
      report.leaders.holders[name] = holder;
    }
    await pause(1000);
  }
  agent.destroy();
}

const fixed = embedded();
await Promise.all([
  every('freshFiles', 100, (index) => fresh(admin(), index)),
  every('freshEmbedded', 100, (index) => fresh(fixed, index)),
  inTurn('keepAlive', 250, keepAlive),
  inTurn('writes', 1000, write),
  every('etcdFresh', 250, etcdFresh),
  every('etcdHealth', 1000, etcdHealth),
  inTurn('etcdKept', 250, etcdKept),
  watch(),
  lookAround(),
  leaders(),
]);
kept.destroy();
writers.destroy();
keptSession?.close();
process.stdout.write(JSON.stringify({ ...report, seconds: seconds() }));
