import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'ava';
import type { Config } from '../../src/config/config.ts';
import type { Ports } from '../../src/survey/ports.ts';
import { PowerCut } from '../crash/interrupted-writer.ts';
import type { LifeOptions, Step } from './life.ts';
import { agentOf, certificateOf, endOf, eventsOf, leaves, lifeOf, stateOf } from './running-agent.ts';
import { dayMs, dyingAt, hour, never, settings } from './running-node.ts';
import { builtModule } from '../cli/built-module.ts';

const { renew } = builtModule<typeof import('../../src/heal/renew.ts')>('src/heal/renew.ts');

/* An agent that nobody restarts: the daemon on real files, a server of the cluster over real TLS, a script's clock. One
 * test at a time: the server signs with openssl in this very process, and answers nobody else meanwhile. */

const years: readonly (readonly [name: string, made: Partial<Config>, isDown: (day: number) => boolean])[] = [
  ['with its defaults', settings({})(), () => false],
  ['with a window that hardly ever comes', settings({ windows: never })(), () => false],
  ['with servers that are away for weeks', settings({})(), (day) => day > 330 && day < 352],
];
for (const [name, made, isDown] of years) {
  test.serial(`in a year and a half without a restart no certificate of an agent expires: ${name}`, async (t) => {
    const agent = await agentOf(t);
    const { tree, server, end } = agent;
    let passed = 0;
    const steps = Array.from({ length: 92 }, (): Step => () => {
      passed += 6;
      server.is.ready = !isDown(passed);
      for (const id of leaves)
        if (endOf(tree, id) < end - 364 * dayMs + passed * dayMs) t.fail(`${id} on day ${String(passed)}`);
      return { ms: 6 * dayMs };
    });
    await lifeOf(agent, 364, steps, { settings: () => made });
    t.is(stateOf(agent).agentRenewal?.outcome, 'confirmed');
    for (const id of leaves) {
      const key = createPrivateKey(readFileSync(tree.host(tree.leaf(id).keyPath)));
      t.true(certificateOf(tree, id).checkPrivateKey(key), id);
      t.true(endOf(tree, id) > end + 200 * dayMs, id);
    }
  });
}

test.serial(
  'in a year and a half without a restart no certificate of a server expires, of its own set or of its agent part',
  async (t) => {
    const node = await agentOf(t, 'server');
    const { tree, end } = node;
    let passed = 0;
    const steps = Array.from({ length: 92 }, (): Step => () => {
      passed += 6;
      for (const { id } of tree.leaves)
        if (endOf(tree, id) < end - 364 * dayMs + passed * dayMs) t.fail(`${id} on day ${String(passed)}`);
      return { ms: 6 * dayMs };
    });
    await lifeOf(node, 364, steps);
    t.is(stateOf(node).renewal?.outcome, 'confirmed');
    t.is(stateOf(node).agentRenewal?.outcome, 'confirmed');
    for (const { id } of tree.leaves) t.true(endOf(tree, id) > end + 200 * dayMs, id);
  },
);

test.serial(
  'a daemon that is killed anywhere in a renewal of the agent part leaves all old or all new, and the next one knows which',
  async (t) => {
    const counted = { calls: 0 };
    const reference = await agentOf(t);
    await lifeOf(reference, 40, [hour]);
    await lifeOf(reference, 20, [hour], { ports: dyingAt(Number.POSITIVE_INFINITY, counted) });
    t.is(stateOf(reference).agentRenewal?.outcome, 'confirmed');
    const all = counted.calls;
    t.true(all > 50, String(all));
    const outcomes = new Set<string | undefined>();
    for (let nth = 2; nth <= all; nth += Math.ceil(all / 24)) {
      const agent = await agentOf(t);
      const { tree, end } = agent;
      await lifeOf(agent, 40, [hour]);
      await t.throwsAsync(() => lifeOf(agent, 20, [hour], { ports: dyingAt(nth, { calls: 0 }) }), {
        instanceOf: PowerCut,
      });
      await lifeOf(agent, 20 - 1 / (24 * 60), [hour]);
      const isNew = leaves.map((id) => endOf(tree, id) > end);
      t.true(
        isNew.every((is) => is === isNew[0]),
        `call ${String(nth)} of ${String(all)}`,
      );
      const { agentRenewal } = stateOf(agent);
      outcomes.add(agentRenewal?.outcome);
      t.not(agentRenewal?.outcome, 'watching', `call ${String(nth)}`);
      t.is(
        agentRenewal?.outcome === 'confirmed',
        isNew[0] === true,
        `call ${String(nth)}: ${String(agentRenewal?.outcome)}`,
      );
    }
    t.true(outcomes.has('confirmed'));
  },
);

test.serial(
  'a kubelet that falls silent after its renewal gets its old certificates back, once, and once more in the last week',
  async (t) => {
    const agent = await agentOf(t);
    const { tree, is, end } = agent;
    const old = leaves.map((id) => readFileSync(tree.host(tree.leaf(id).certificatePath)));
    await lifeOf(agent, 40, [hour]);
    const isOld = (): boolean => endOf(tree, 'agent/serving-kubelet') === end;
    const falling: LifeOptions = {
      ports: (ports) => ({
        ...ports,
        servedChain: (port) =>
          Promise.resolve(port === 10250 && isOld() ? [certificateOf(tree, 'agent/serving-kubelet').raw] : undefined),
      }),
    };
    await lifeOf(agent, 25, [hour, hour], falling);
    t.deepEqual(
      leaves.map((id) => readFileSync(tree.host(tree.leaf(id).certificatePath))),
      old,
    );
    t.is(stateOf(agent).agentRenewal?.outcome, 'rolled-back');
    const count = (): number => eventsOf(agent).filter((event) => event === 'rolled-back RenewalRolledBack').length;
    t.is(count(), 1);
    t.true(stateOf(agent).health.reasons.some(({ code }) => code === 'RestartDue'));
    await lifeOf(agent, 20, [hour, hour], falling);
    t.is(count(), 1);
    is.answers = true;
    await lifeOf(agent, 6, [hour, hour]);
    t.is(stateOf(agent).agentRenewal?.outcome, 'confirmed');
    t.false(stateOf(agent).health.reasons.some(({ code }) => code === 'RestartDue'));
  },
);

test.serial(
  'a node whose servers do not sign is told once, is called in time, and catches up when they do',
  async (t) => {
    const agent = await agentOf(t);
    const { server, tree, end } = agent;
    server.is.ready = false;
    const day: Step = () => ({ ms: dayMs });
    await lifeOf(agent, 31, [day, day, day]);
    t.is(stateOf(agent).agentRenewal?.outcome, 'failed');
    const audit = (): readonly string[] =>
      readFileSync(tree.host('/var/lib/certmend/audit.jsonl'), 'utf8')
        .split('\n')
        .filter((line) => line.includes('ServerUnavailable'));
    t.is(audit().length, 1, audit().join('\n'));
    // Due for three days: a person is to know. Before that it is a note.
    t.deepEqual(
      stateOf(agent).health.reasons.filter(({ code }) => code === 'RestartDue'),
      [],
    );
    await lifeOf(agent, 26, [hour]);
    t.true(stateOf(agent).health.reasons.some(({ code }) => code === 'RestartDue'));
    server.is.ready = true;
    await lifeOf(agent, 25, [hour, hour]);
    t.is(stateOf(agent).agentRenewal?.outcome, 'confirmed');
    t.true(endOf(tree, 'agent/client-kubelet') > end);
    t.is(stateOf(agent).health.level, 'ok');
  },
);

test.serial(
  'a daemon that finds a renewed agent part under another start of the service leaves it and says that nobody saw',
  async (t) => {
    const agent = await agentOf(t);
    const { is, tree, end } = agent;
    await lifeOf(agent, 40, [hour]);
    const stop = new AbortController();
    const told: LifeOptions = {
      stop,
      ports: (ports) => ({
        ...ports,
        clock: {
          ...ports.clock,
          sleep: () => {
            stop.abort();
            return Promise.resolve();
          },
        },
      }),
    };
    await lifeOf(agent, 20, [hour], told);
    t.is(stateOf(agent).agentRenewal?.outcome, 'watching');
    is.invocation = 'b';
    await lifeOf(agent, 20 - 1 / (24 * 60), [hour]);
    t.is(stateOf(agent).agentRenewal?.outcome, 'unconfirmed');
    t.true(endOf(tree, 'agent/client-kubelet') > end);
    t.true(eventsOf(agent).includes('unconfirmed'));
  },
);

test.serial('servers that do not sign for days are one record, and stand in the headline all the time', async (t) => {
  const agent = await agentOf(t);
  agent.server.is.ready = false;
  const { told } = await lifeOf(
    agent,
    31,
    Array.from({ length: 60 }, () => hour),
  );
  const lines = readFileSync(agent.tree.host('/var/lib/certmend/audit.jsonl'), 'utf8').split('\n');
  t.is(lines.filter((line) => line.includes('ServerUnavailable')).length, 1);
  t.true(told.findLast((line) => line.startsWith('status: '))?.includes('did not sign') ?? false, told.at(-2));
  // A day's hours, and a request for each pause of six; not one for each check.
  t.true(agent.server.asked.length < 12, String(agent.server.asked.length));
});

test.serial(
  'what a server signs for less than a month is renewed in the last third of its life, not at each check',
  async (t) => {
    const agent = await agentOf(t);
    agent.server.is.signs = { days: 25 };
    await lifeOf(
      agent,
      20,
      Array.from({ length: 48 }, () => hour),
    );
    const posts = agent.server.asked.filter((line) => line.startsWith('POST'));
    t.is(posts.length, 4, posts.join('\n'));
  },
);

test.serial(
  'a kubelet that falls silent takes back what its own renewal brought, and nothing of an earlier one',
  async (t) => {
    const agent = await agentOf(t);
    const { tree } = agent;
    await lifeOf(agent, 40, [hour]);
    await lifeOf(agent, 20, [hour]);
    const after = leaves.map((id) => readFileSync(tree.host(tree.leaf(id).certificatePath)));
    const serving = certificateOf(tree, 'agent/serving-kubelet').fingerprint256;
    let ports: Ports | undefined;
    await lifeOf({ ...agent, end: endOf(tree, 'agent/serving-kubelet') }, 200, [hour], {
      ports: (given) => {
        ports ??= {
          ...given,
          servedChain: (port) => {
            const { fingerprint256, raw } = certificateOf(tree, 'agent/serving-kubelet');
            return Promise.resolve(port === 10250 && fingerprint256 === serving ? [raw] : undefined);
          },
        };
        return ports;
      },
    });
    t.truthy(ports);
    if (ports === undefined) return;
    const { rolledBack } = await renew(ports, ['agent/serving-kubelet']);
    t.true(rolledBack);
    t.deepEqual(
      leaves.map((id) => readFileSync(tree.host(tree.leaf(id).certificatePath))),
      after,
    );
  },
);

test.serial(
  'what was there before a renewal and has expired meanwhile does not come back: what is live stays, and it is said',
  async (t) => {
    const agent = await agentOf(t);
    const { tree, end } = agent;
    await lifeOf(agent, 40, [hour]);
    // Due and expired already: signed in by the token, and silent afterwards.
    const falling: LifeOptions = {
      ports: (ports) => ({
        ...ports,
        servedChain: (port) =>
          Promise.resolve(
            port === 10250 && endOf(tree, 'agent/serving-kubelet') === end
              ? [certificateOf(tree, 'agent/serving-kubelet').raw]
              : undefined,
          ),
      }),
    };
    await lifeOf(agent, -1, [hour], falling);
    t.is(stateOf(agent).agentRenewal?.outcome, 'unconfirmed');
    t.true(leaves.every((id) => endOf(tree, id) > end));
    const events = stateOf(agent).events.filter(({ event }) => event === 'unconfirmed');
    t.regex(
      events[0]?.message ?? '',
      /the certificates before it cannot be restored \(agent\/client-kubelet: it expired at/,
    );
  },
);
