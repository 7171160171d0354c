import { existsSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { defaultConfig } from '../../src/config/default-config.ts';
import type { State } from '../../src/state/state.ts';
import { acquireLock } from '../../src/system/files/lock.ts';
import { garbageFile } from '../fixtures/damage.ts';
import { expiredAuthority, replacedAuthority } from '../fixtures/damage-node.ts';
import { reissueLeaf } from '../fixtures/damage-pair.ts';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { opensslFingerprint } from '../fixtures/openssl.ts';
import { day } from '../fixtures/tree.ts';
import { runCli } from '../cli/run-cli.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { live, pass, type Step } from './life.ts';
import { builtModule } from '../cli/built-module.ts';

const { CertmendError } = builtModule<typeof import('../../src/error.ts')>('src/error.ts');

const own = ['/var/lib/certmend', '/run'];
const hourMs = 3_600_000;

function stateOf(root: string): State {
  return JSON.parse(readFileSync(join(root, 'var/lib/certmend/dynamic-cert.json'), 'utf8')) as State;
}

function generations(root: string): readonly string[] {
  return readdirSync(join(root, 'var/lib/certmend/generations')).toSorted();
}

test('daemon is ready only when the first check is done, keeps a standby, and touches nothing of the node', async (t) => {
  const tree = temporaryTree(t);
  const before = fingerprintTree(tree.root, own);
  const life = await live(tree.root, [
    ({ told }) => {
      t.is(told.length, 1, 'one message, after the check');
      t.regex(told[0] ?? '', /^ready: healthy · 27 certificates · next: .* · standby 1 ready$/);
      t.is(stateOf(tree.root).generations.standby?.number, 1);
      return undefined;
    },
    pass,
  ]);
  t.is(life.told.at(-1), 'stopping');
  t.deepEqual(changedPaths(before, fingerprintTree(tree.root, own)), []);
  t.deepEqual(generations(tree.root), ['1'], 'a good standby is kept, not made again');
  t.deepEqual(life.announced, []);
  t.true(life.watched.includes('/var/lib/rancher/rke2/server/tls/etcd'));
});

test('daemon feeds the watchdog while it waits, and never waits past the next check', async (t) => {
  const tree = temporaryTree(t);
  const life = await live(
    tree.root,
    Array.from({ length: 90 }, () => pass),
    { watchdogEveryMs: 60_000 },
  );
  t.true(life.waits.every((ms) => ms <= 60_000));
  const alive = life.told.filter((text) => text === 'alive').length;
  t.true(alive >= 85 && alive <= 90, String(alive));
  t.true(life.snapshots.length >= 2 && life.snapshots.length <= 3, 'two or three checks in ninety minutes');
});

test('daemon adopts what the product renewed, once, with both fingerprints', async (t) => {
  const tree = temporaryTree(t);
  const path = tree.leaf('client-admin').certificatePath;
  const before = opensslFingerprint(tree.host(path));
  let after = '';
  const renew: Step = () => {
    reissueLeaf(tree, 'client-admin');
    after = opensslFingerprint(tree.host(path));
    return { wake: 'changed', ms: 1000 };
  };
  const life = await live(tree.root, [pass, renew, pass, pass, pass]);
  t.not(before, after);
  t.is(opensslFingerprint(tree.host(path)), after, 'it is not fought');
  const told = audit(tree.root).filter(({ event }) => event === 'external-change-adopted');
  t.is(told.length, 1);
  t.like(told[0], { reason: 'ExternalChange', entry: 'client-admin', path, fingerprintNew: after });
  t.is(told[0]?.fingerprintOld, before);
  t.is(stateOf(tree.root).certificates['client-admin']?.fingerprint256, after);
  const check = life.waits.findIndex((ms) => ms <= 30_000);
  t.true(check > 0, 'it looks soon after a change, not an hour later');
});

test('daemon tells a damage and its end once each, and repairs nothing while the service may run', async (t) => {
  const tree = temporaryTree(t);
  const { certificatePath } = tree.leaf('client-admin');
  const good = readFileSync(tree.host(certificatePath));
  const life = await live(
    tree.root,
    [
      () => {
        garbageFile(tree, certificatePath);
        return undefined;
      },
      pass,
      () => {
        writeFileSync(tree.host(certificatePath), good);
        return undefined;
      },
      pass,
    ],
    { settings: () => ({ notify: { exec: ['/bin/true'], timeoutMs: 1000 } }) },
  );
  t.deepEqual(
    news(tree.root).map(({ reason, entry, priority }) => [reason, entry, priority]),
    [
      ['LeafUnreadable', 'client-admin', 'critical'],
      ['LeafUnreadable', 'client-admin', 'notice'],
      [undefined, undefined, 'notice'],
    ],
  );
  t.true(life.told.some((text) => /^status: CRITICAL .*client-admin/.test(text)));
  t.regex(life.told.at(-2) ?? '', /^status: healthy/);
  const documents = life.announced.map((text) => JSON.parse(text) as { kind: string; health: State['health'] });
  t.deepEqual(
    documents.map(({ kind, health }) => [kind, health.level]),
    [
      ['HealthChange', 'critical'],
      ['HealthChange', 'ok'],
    ],
  );
  t.deepEqual(
    life.snapshots.map(({ healthy }) => healthy),
    [true, false, false, true, true],
  );
});

/** The script of a life before made some hours pass, and a clock that goes back is not believed. */
function later(): number {
  return Date.now() + 12 * hourMs;
}

for (const announces of [true, false]) {
  const how = announces ? 'to the program of notify.exec too' : 'where there is no program to tell';
  test(`daemon that starts again on a node that is not well has no news, ${how}`, async (t) => {
    const tree = temporaryTree(t, { leaf: 'expired' });
    const first = await live(tree.root, [pass], { announces });
    t.is(first.announced.length, announces ? 1 : 0);
    const told = audit(tree.root);
    t.true(told.some(({ event, reason }) => event === 'health-changed' && reason === 'LeafExpired'));

    const second = await live(tree.root, [pass], { announces, start: later() });
    t.regex(second.told[0] ?? '', /^ready: CRITICAL/, 'the status line says it all the same');
    t.deepEqual(second.announced, []);
    t.deepEqual(audit(tree.root), told);
  });
}

test('daemon that starts again tells what has come and gone in between', async (t) => {
  const tree = temporaryTree(t);
  const { certificatePath } = tree.leaf('client-admin');
  const good = readFileSync(tree.host(certificatePath));
  garbageFile(tree, certificatePath);
  await live(tree.root, []);
  writeFileSync(tree.host(certificatePath), good);
  garbageFile(tree, tree.leaf('etcd/client').certificatePath);
  const life = await live(tree.root, [], { start: later() });
  t.deepEqual(
    news(tree.root).map(({ entry, priority }) => [entry, priority]),
    [
      ['client-admin', 'critical'],
      ['etcd/client', 'critical'],
      ['client-admin', 'notice'],
    ],
  );
  const [document] = life.announced.map((text) => JSON.parse(text) as { before: { reasons: unknown } });
  t.deepEqual(document?.before.reasons, [{ code: 'LeafUnreadable', id: 'client-admin' }]);
});

test('daemon tells what the boot hook found and could not mend, though the state has it already', async (t) => {
  const tree = temporaryTree(t);
  expiredAuthority(tree, 'server-ca');
  await runCli(['--root', tree.root, 'prestart', '--unit', tree.unit]);
  t.is(stateOf(tree.root).health.level, 'critical');
  t.is((await live(tree.root, [])).announced.length, 1);
  t.true(news(tree.root).some(({ reason, entry }) => reason === 'AuthorityExpired' && entry === 'server-ca'));
});

test('daemon that starts again tells once more what the program of notify.exec was not told', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  await live(tree.root, [pass], { announce: () => '/usr/local/bin/page ended with 3' });
  t.is(stateOf(tree.root).told, null);
  t.is((await live(tree.root, [], { start: later() })).announced.length, 1);
  t.deepEqual((await live(tree.root, [], { start: later() })).announced, []);
});

test('daemon that starts again does not say again why there is no standby', async (t) => {
  const tree = temporaryTree(t);
  rmSync(tree.host('/var/lib/rancher/rke2/server/tls/etcd/peer-ca.key'));
  await live(tree.root, [pass]);
  await live(tree.root, [pass], { start: later() });
  t.is(audit(tree.root).filter(({ event }) => event === 'failed').length, 1);
});

test('daemon shows in its status and in the state that the program of notify.exec failed', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  const life = await live(tree.root, [pass], { announce: () => '/usr/local/bin/page ended with 3' });
  t.notRegex(life.told[0] ?? '', /page ended with 3/);
  t.regex(life.told[1] ?? '', /^status: .*page ended with 3/);
  t.true(stateOf(tree.root).events.some(({ event }) => event === 'notification-failed'));
});

test('daemon is ready before the program of notify.exec has run, and feeds the watchdog while it runs', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  let [readyBefore, fedMeanwhile] = [false, 0];
  await live(tree.root, [pass], {
    watchdogEveryMs: 60_000,
    announce: async (_, { told }) => {
      readyBefore = told.some((text) => text.startsWith('ready: '));
      const fed = (): number => told.filter((text) => text === 'alive').length;
      for (let turns = 0; turns < 1000 && fed() < 3; turns += 1) await new Promise((resolve) => setImmediate(resolve));
      fedMeanwhile = fed();
      return undefined;
    },
  });
  t.true(readyBefore);
  t.true(fedMeanwhile >= 3, `${fedMeanwhile} messages while it ran`);
});

test('daemon keeps its configuration when a new one is refused, says so, and takes a good one', async (t) => {
  const tree = temporaryTree(t);
  let settings = () => ({ daemon: { checkIntervalMs: hourMs } });
  const life = await live(
    tree.root,
    [
      () => {
        settings = () => {
          throw new CertmendError('ConfigInvalid', 'the configuration has a problem', { hint: 'correct it' });
        };
        return { wake: 'reload', ms: 1000 };
      },
      ({ told, waits }) => {
        t.deepEqual(
          told.slice(1, 3).map((text) => text.split(':')[0]),
          ['reloading', 'ready'],
        );
        t.regex(told.at(-1) ?? '', /the new configuration was refused/);
        t.true((waits.at(-1) ?? 0) > 0.8 * hourMs, 'the old interval holds');
        settings = () => ({ daemon: { checkIntervalMs: 60_000 } });
        return { wake: 'reload', ms: 1000 };
      },
      ({ told, waits }) => {
        t.notRegex(told.at(-1) ?? '', /refused/);
        t.true((waits.at(-1) ?? 0) < 70_000, 'the new interval holds');
        return undefined;
      },
    ],
    { settings: () => settings() },
  );
  t.is(life.told.at(-1), 'stopping');
  const events = audit(tree.root).map(({ event }) => event);
  t.deepEqual(
    events.filter((event) => event.startsWith('configuration')),
    ['configuration-refused', 'configuration-loaded'],
  );
});

test('daemon waits for a product that is not there yet, and begins when it is', async (t) => {
  const tree = temporaryTree(t);
  const data = tree.host('/var/lib/rancher/rke2');
  renameSync(data, `${data}.later`);
  const life = await live(tree.root, [
    () => {
      renameSync(`${data}.later`, data);
      return undefined;
    },
    pass,
  ]);
  t.regex(life.told[0] ?? '', /^ready: waiting/);
  t.regex(life.told[2] ?? '', /^status: healthy .* standby 1 ready$/);
  t.false(audit(tree.root).some(({ event }) => event === 'health-changed'));
});

test('daemon waits on a machine that has no product at all, and writes nothing there', async (t) => {
  const tree = temporaryTree(t);
  for (const name of ['var', 'etc', 'usr']) rmSync(tree.host(`/${name}`), { recursive: true, force: true });
  const life = await live(tree.root, [pass, pass]);
  t.regex(life.told[0] ?? '', /^ready: waiting · no RKE2 or K3s/);
  t.false(existsSync(tree.host('/var/lib/certmend/dynamic-cert.json')));
  t.is(life.told.length, 2, 'the same state is said once');
});

test('daemon makes the standby again when it has lived a quarter, and when an authority is another one', async (t) => {
  const tree = temporaryTree(t);
  const quarter: Step = () => ({ ms: 95 * day });
  const replace: Step = () => {
    replacedAuthority(tree, 'server-ca');
    return undefined;
  };
  const life = await live(tree.root, [pass, quarter, pass, replace, pass], { start: Date.now() });
  const prepared = audit(tree.root).filter(({ event }) => event === 'standby-prepared');
  t.deepEqual(
    prepared.map(({ reason }) => reason),
    ['StandbyMissing', 'StandbyStale', 'StandbyStale'],
  );
  t.is(life.told.at(-1), 'stopping');
});

test('daemon tells once why there is no standby, and stays at work', async (t) => {
  const tree = temporaryTree(t);
  rmSync(tree.host('/var/lib/rancher/rke2/server/tls/etcd/peer-ca.key'));
  const life = await live(tree.root, [pass, pass, pass]);
  const failed = audit(tree.root).filter(({ event }) => event === 'failed');
  t.is(failed.length, 1);
  t.regex(String(failed[0]?.message), /etcd\/peer-ca/);
  t.is(life.snapshots.length, 4);
});

test('daemon keeps no standby when none is wanted', async (t) => {
  const tree = temporaryTree(t);
  await live(tree.root, [pass], { settings: () => ({ standby: { enabled: false } }) });
  t.is(stateOf(tree.root).generations.standby, null);
});

test('daemon comes back soon when another certmend is at work, without a word', async (t) => {
  const tree = temporaryTree(t);
  const lock = acquireLock(tree.root, { waitMs: 0 });
  const life = await live(
    tree.root,
    [
      ({ waits, told }) => {
        t.true((waits[0] ?? 0) <= 33_000);
        t.deepEqual(told, ['status: waiting · another certmend is running on this node'], 'not ready yet');
        lock.release();
        return undefined;
      },
    ],
    { ports: (ports) => ({ ...ports, config: { ...defaultConfig } }) },
  );
  t.is(life.snapshots.length, 1);
  t.regex(life.told[1] ?? '', /^ready: healthy/);
  t.false(audit(tree.root).some(({ event }) => event === 'failed'));
});

test('daemon looks again at once when the clock was set', async (t) => {
  const tree = temporaryTree(t);
  let offset = 0;
  const life = await live(
    tree.root,
    [
      () => {
        offset = 200 * day;
        return { ms: 60_000 };
      },
      pass,
    ],
    {
      watchdogEveryMs: 60_000,
      ports: (ports) => ({ ...ports, clock: { ...ports.clock, now: () => ports.clock.now() + offset } }),
    },
  );
  t.is(life.snapshots.length, 2);
});

interface Told {
  readonly event: string;
  readonly priority: string;
  readonly reason?: string;
  readonly entry?: string;
  readonly path?: string;
  readonly message: string;
  readonly fingerprintOld?: string;
  readonly fingerprintNew?: string;
}

function news(root: string): readonly Told[] {
  return audit(root).filter(({ event }) => event === 'health-changed');
}

function audit(root: string): readonly Told[] {
  const path = join(root, 'var/lib/certmend/audit.jsonl');
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Told);
}

test('daemon on a node whose set is due leaves the lock to the boot hook, and makes its standby at a second check', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  const generations = (): readonly string[] => {
    const directory = tree.host('/var/lib/certmend/generations');
    return existsSync(directory) ? readdirSync(directory) : [];
  };
  const seen: (readonly string[])[] = [];
  const look: Step = () => {
    seen.push(generations());
    return undefined;
  };
  const { waits } = await live(tree.root, [look, look], { start: Date.now() });
  t.deepEqual(seen, [[], ['1']]);
  t.true((waits[0] ?? 0) < 60_000, 'soon after the first');
});
