import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import type { Ports } from '../../src/survey/ports.ts';
import { askSupervisor } from '../../src/system/ask-supervisor.ts';
import { PowerCut } from '../crash/interrupted-writer.ts';
import { servedFrom } from '../fixtures/tls-server.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { agentOf, certificateOf, endOf, leaves, lifeOf, stateOf, type Agent } from './running-agent.ts';
import { dayMs, dyingAt, hour } from './running-node.ts';
import { builtModule } from '../cli/built-module.ts';

const { renew } = builtModule<typeof import('../../src/heal/renew.ts')>('src/heal/renew.ts');

/* What only a second renewal, a rollback or an odd node shows of the agent part. One test at a time, as in agent-part.test.ts. */

/** The ports of a daemon's check, so many days before the end, with which a person's command is run. */
async function portsOf(
  agent: Agent,
  daysLeft: number,
  change: (ports: Ports) => Ports = (ports) => ports,
): Promise<Ports> {
  const made: Ports[] = [];
  await lifeOf(agent, daysLeft, [], {
    ports: (ports) => {
      const mine = change(ports);
      made.push(mine);
      return mine;
    },
  });
  const [ports] = made;
  if (ports === undefined) throw new TypeError('no check was made');
  return ports;
}

/** The kubelet answers with the certificate that it has now, and with no other. */
function fallingSilent({ tree }: Agent): (ports: Ports) => Ports {
  const served = certificateOf(tree, 'agent/serving-kubelet');
  return (ports) => ({
    ...ports,
    servedChain: (port) => {
      const isThere = certificateOf(tree, 'agent/serving-kubelet').fingerprint256 === served.fingerprint256;
      return Promise.resolve(port === 10250 && isThere ? [served.raw] : undefined);
    },
  });
}

function endsOf({ tree }: Agent): readonly number[] {
  return leaves.map((id) => endOf(tree, id));
}

/** A life that may be cut off. */
async function cutOff(life: Promise<unknown>): Promise<void> {
  try {
    await life;
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error;
  }
}

/** Every so many-th call of a renewal is enough in every run of the tests. */
const stride = 7;

test.serial('a second renewal that is killed never takes the copies of the first one for its own', async (t) => {
  const second = async (nth: number, counted: { calls: number }): Promise<Agent> => {
    const agent = await agentOf(t);
    await lifeOf(agent, 40, [hour]);
    await lifeOf(agent, 20, [hour]);
    const now = { ...agent, end: endOf(agent.tree, 'agent/client-kubelet') };
    await lifeOf(now, 40, [hour]);
    await cutOff(lifeOf(now, 20, [hour], { ports: dyingAt(nth, counted) }));
    return now;
  };
  const counted = { calls: 0 };
  await second(Number.POSITIVE_INFINITY, counted);
  for (let nth = 2; nth < counted.calls; nth += stride) {
    const agent = await second(nth, { calls: 0 });
    await lifeOf(agent, 20 - 1 / (24 * 60), []);
    const ends = endsOf(agent);
    t.true(
      ends.every((end) => end >= agent.end),
      `call ${String(nth)}: older than before`,
    );
    t.is(new Set(ends.map((end) => end > agent.end)).size, 1, `call ${String(nth)}: half`);
    if (ends[0] === agent.end) t.not(stateOf(agent).agentRenewal?.outcome, 'confirmed', `call ${String(nth)}`);
  }
});

test.serial('a rollback that is killed is done by the next check', async (t) => {
  const counted = { calls: 0 };
  const fallen = async (nth: number): Promise<Agent> => {
    const agent = await agentOf(t);
    const falling = fallingSilent(agent);
    counted.calls = 0;
    await lifeOf(agent, 40, [hour]);
    await cutOff(lifeOf(agent, 20, [hour], { ports: (ports) => dyingAt(nth, counted)(falling(ports)) }));
    if (nth < Number.POSITIVE_INFINITY)
      await lifeOf(agent, 20 - 2 / (24 * 60), [(): { ms: number } => ({ ms: 60_000 })], { ports: falling });
    return agent;
  };
  await fallen(Number.POSITIVE_INFINITY);
  const all = counted.calls;
  for (let nth = Math.floor(all / 2); nth <= all; nth += stride) {
    const agent = await fallen(nth);
    const isNew = endsOf(agent).map((end) => end > agent.end);
    t.is(new Set(isNew).size, 1, `call ${String(nth)}: half`);
    if (stateOf(agent).agentRenewal?.outcome === 'rolled-back') t.false(isNew[0], `call ${String(nth)}`);
  }
});

test.serial('certificates that have expired do not come back', async (t) => {
  const agent = await agentOf(t);
  await lifeOf(agent, -2, [hour], { ports: fallingSilent(agent) });
  t.true(endsOf(agent).every((end) => end > agent.end));
  t.is(stateOf(agent).agentRenewal?.outcome, 'unconfirmed');
});

test.serial('a kept certificate that was damaged does not come back', async (t) => {
  const agent = await agentOf(t);
  const { tree, end } = agent;
  const falling = fallingSilent(agent);
  await lifeOf(agent, 20, [hour], {
    ports: (ports) => ({
      ...falling(ports),
      servedChain: (port) => {
        if (endOf(tree, 'agent/client-kubelet') > end)
          writeFileSync(tree.host('/var/lib/certmend/agent-part/old/client-kubelet.crt'), 'garbage');
        return falling(ports).servedChain(port);
      },
    }),
  });
  t.true(endsOf(agent).every((one) => one > end));
  t.is(stateOf(agent).agentRenewal?.outcome, 'unconfirmed');
});

test.serial('a service that is stopped while its renewal is watched is no reason to take it back', async (t) => {
  const agent = await agentOf(t);
  const isOld = (): boolean => endOf(agent.tree, 'agent/serving-kubelet') === agent.end;
  const falling = fallingSilent(agent);
  const ports = await portsOf(agent, 40, (before) => ({
    ...falling(before),
    serviceRunning: isOld,
    unitRun: () => (isOld() ? { state: 'up', invocation: 'a', forMs: 3_600_000 } : undefined),
  }));
  const { rolledBack } = await renew(ports, []);
  t.false(rolledBack);
  t.is(stateOf(agent).agentRenewal?.outcome, 'unconfirmed');
});

test.serial(
  'a kubelet key that is not its certificate’s is not shown, and gets a certificate by the token',
  async (t) => {
    const agent = await agentOf(t);
    const keyOf = (id: string): string => agent.tree.host(agent.tree.leaf(id).keyPath);
    writeFileSync(keyOf('agent/client-kubelet'), readFileSync(keyOf('agent/client-kube-proxy')));
    const { outcome } = await renew(await portsOf(agent, 40), ['agent/client-kubelet']);
    t.deepEqual(outcome.changed, [agent.tree.leaf('agent/client-kubelet').certificatePath]);
    t.true(agent.server.asked.includes('POST /v1-k3s/client-kubelet.crt node'));
  },
);

test.serial(
  'a leaf that lasts longer than what a server signs now does not keep the others from their renewal',
  async (t) => {
    const agent = await agentOf(t);
    agent.server.is.signs = { days: 800 };
    await renew(await portsOf(agent, 100), ['agent/client-kube-proxy']);
    const longest = endOf(agent.tree, 'agent/client-kube-proxy');
    agent.server.is.signs = {};
    await lifeOf(agent, 20, [hour]);
    t.true(endOf(agent.tree, 'agent/client-kubelet') > agent.end);
    t.is(endOf(agent.tree, 'agent/client-kube-proxy'), longest);
  },
);

test.serial(
  'an agent part that was taken back, and that the product has made anew since, needs no restart',
  async (t) => {
    const agent = await agentOf(t);
    const { tree, is, server } = agent;
    const paths = leaves.map((id) => tree.host(tree.leaf(id).certificatePath));
    await lifeOf(agent, 40, [hour]);
    const old = paths.map((path) => readFileSync(path));
    // What the product is going to make at its restart: signed by its servers, for fifty days.
    server.is.signs = { days: 50 };
    await renew(await portsOf(agent, 31), []);
    const anew = paths.map((path) => readFileSync(path));
    paths.forEach((path, index) => {
      writeFileSync(path, old[index] ?? '');
    });
    server.is.signs = {};
    await lifeOf(agent, 25, [hour, hour], { ports: fallingSilent(agent) });
    t.is(stateOf(agent).agentRenewal?.outcome, 'rolled-back');
    const isDue = (): boolean => stateOf(agent).health.reasons.some(({ code }) => code === 'RestartDue');
    t.true(isDue());
    paths.forEach((path, index) => {
      writeFileSync(path, anew[index] ?? '');
    });
    is.invocation = 'b';
    await lifeOf(agent, 24, []);
    t.false(isDue());
  },
);

test.serial('one leaf that a person has renewed does not put off the others', async (t) => {
  const agent = await agentOf(t);
  await renew(await portsOf(agent, 31), ['agent/serving-kubelet']);
  await lifeOf(agent, 20, [hour]);
  t.true(endOf(agent.tree, 'agent/client-kubelet') > agent.end + 300 * dayMs);
});

test.serial('a server that switches protocols is one that did not answer', async (t) => {
  const tree = temporaryTree(t, { product: 'k3s' });
  const server = createServer(servedFrom(tree.host(tree.listener?.path ?? '')));
  server.on('request', ({ socket }) => {
    socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  t.timeout(13_000);
  const trustedPem = readFileSync(tree.host(tree.authority('server-ca').certificatePath));
  const { port } = server.address() as AddressInfo;
  const answer = await askSupervisor({ port, path: '/', body: Buffer.of(0), headers: {}, pair: undefined, trustedPem });
  t.is(answer.is, 'silent');
});
