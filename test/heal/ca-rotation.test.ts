import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { beginRotation } from '../../src/heal/authorities/begin-rotation.ts';
import type { RotationStanding } from '../../src/heal/authorities/carry-on.ts';
import { continueRotation } from '../../src/heal/authorities/continue-rotation.ts';
import { withdrawRotation } from '../../src/heal/authorities/withdraw-rotation.ts';
import { CertmendError } from '../../src/error.ts';
import type { RotationRequest } from '../../src/plan/authority-rotation.ts';
import type { State } from '../../src/state/state.ts';
import type { HealthAnswer, Ports } from '../../src/survey/ports.ts';
import { askSupervisor } from '../../src/system/ask-supervisor.ts';
import { PowerCut } from '../crash/interrupted-writer.ts';
import { dyingAt } from '../daemon/running-node.ts';
import { fingerprintPaths } from '../fixtures/fingerprint-tree.ts';
import { caHash, rotatingServer, type RotatingServer } from '../fixtures/rotating-cluster.ts';
import { authorityIds, type ChainKind, type Tree } from '../fixtures/tree.ts';
import { portsAt } from '../road/run-at.ts';
import { faultsOf } from '../road/sound-node.ts';
import { temporaryTree } from '../road/temporary-tree.ts';

/* A rotation from its first step to its last, through a server that judges by openssl, over real TLS. */

interface Cluster {
  readonly tree: Tree;
  readonly server: RotatingServer;
  /** As a command has them: made anew each time. */
  readonly ports: (change?: (ports: Ports) => Ports) => Promise<Ports>;
  is: { running: boolean; health: HealthAnswer };
}

async function cluster(
  t: ExecutionContext,
  options: { readonly product?: 'rke2' | 'k3s'; readonly chain?: ChainKind } = {},
): Promise<Cluster> {
  const tree = temporaryTree(t, options);
  const server = await rotatingServer(t, tree);
  const is: Cluster['is'] = { running: true, health: { is: 'well' } };
  return {
    tree,
    server,
    is,
    ports: async (change = (ports) => ports) => {
      const ports = await portsAt(tree.root, '+0s', { unit: tree.unit, synchronisation: 'synchronised' });
      return change({
        ...ports,
        // The products' own port is not free on every machine that tests run on.
        askSupervisor: (question) => askSupervisor({ ...question, port: server.port }),
        serviceRunning: () => is.running,
        unitRun: () => ({ invocation: 'a', state: 'up', forMs: 3_600_000 }),
        askHealth: () => Promise.resolve(is.health),
        servedChain: () => Promise.resolve(undefined),
      });
    },
  };
}

const everything: RotationRequest = { ids: [], newRoot: false, given: undefined };

async function begin({ ports }: Cluster, request: Partial<RotationRequest> = {}): Promise<RotationStanding> {
  return beginRotation(await ports(), { ...everything, ...request });
}

async function goOn({ ports }: Cluster, confirmed = false): Promise<RotationStanding> {
  return continueRotation(await ports(), { confirmed });
}

function stateOf({ tree }: Cluster): State {
  return JSON.parse(readFileSync(tree.host('/var/lib/certmend/dynamic-cert.json'), 'utf8')) as State;
}

const kept = '/var/lib/certmend/authority-rotation';

function keptFiles({ tree }: Cluster): readonly string[] {
  if (!existsSync(tree.host(kept))) return [];
  return readdirSync(tree.host(kept), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => `${parentPath}/${name}`);
}

function authoritiesOn({ tree }: Cluster): readonly string[] {
  return authorityIds.map((id) => readFileSync(tree.host(tree.authority(id).certificatePath), 'utf8'));
}

function bytesBelow({ tree }: Cluster): unknown {
  return fingerprintPaths(tree.root, [tree.dataDir, '/etc/rancher']);
}

async function refused(t: ExecutionContext, work: Promise<unknown>): Promise<CertmendError> {
  return t.throwsAsync(work, { instanceOf: CertmendError });
}

for (const product of ['rke2', 'k3s'] as const) {
  for (const chain of [product === 'rke2' ? 'single' : 'four'] as const) {
    test(`ca rotate goes from step to step on ${product} whose authorities are ${chain}, and the node is sound after each`, async (t) => {
      const all = await cluster(t, { product, chain });
      const { tree, server } = all;
      const before = authoritiesOn(all);
      const files = bytesBelow(all);
      const oldHash = caHash(Buffer.from(before[0] ?? ''));

      const stored = await begin(all);
      t.is(stored.rotation.step, 'stored');
      t.deepEqual(server.is.log, []);
      t.deepEqual(server.asked.slice(0, 2), ['GET', 'PUT false']);
      // All that changed on the node is the trigger, and that the product wrote itself.
      rmSync(tree.host(tree.listener?.trigger ?? ''));
      t.deepEqual(bytesBelow(all), files);
      writeFileSync(tree.host(tree.listener?.trigger ?? ''), '');
      for (const path of keptFiles(all)) t.is(statSync(path).mode & 0o777, 0o600, path);
      t.is(statSync(tree.host(kept)).mode & 0o777, 0o700);
      const isNew = chain === 'single';
      t.is(stored.rotation.tokenChanges, isNew);
      t.is(stored.tokens.length, isNew ? 1 : 0);
      t.is(
        stored.rotation.authorities.every(({ way }) => way === (isNew ? 'new-root' : 'intermediate')),
        true,
      );

      const waiting = await goOn(all);
      t.is(waiting.rotation.step, 'stored');
      t.deepEqual(waiting.waiting, [`the restart of this server: systemctl restart ${tree.unit}.service`]);
      const token = isNew ? readFileSync(tree.host(stored.tokens[0] ?? ''), 'utf8') : '';

      server.restart();
      t.notDeepEqual(authoritiesOn(all), before);
      const now = readFileSync(tree.host(`${tree.dataDir}/server/token`), 'utf8');
      t.true(
        now.startsWith(`K10${stored.rotation.caHash ?? ''}::server:`),
        'the hash that was said before the restart',
      );
      if (isNew) t.is(token, now);
      t.is(caHash(Buffer.from(authoritiesOn(all)[0] ?? '')) === oldHash, !isNew);
      t.deepEqual(faultsOf(tree), []);

      t.is((await goOn(all)).rotation.step, 'this-server');
      const unsaid = await goOn(all);
      t.is(unsaid.rotation.step, 'this-server');
      t.is(unsaid.waiting.length, 1);
      const servers = await goOn(all, true);
      if (isNew) {
        t.is(servers.rotation.step, 'servers');
        t.true(keptFiles(all).length > 0);
      }
      const finished = isNew ? await goOn(all, true) : servers;
      t.is(finished.rotation.step, 'finished');
      t.deepEqual(keptFiles(all), []);
      t.is((await refused(t, goOn(all, true))).code, 'RotationUnfit');
      const events = stateOf(all).events.map(({ event }) => event);
      for (const event of ['authorities-sent', 'confirmed', 'authorities-rotated'])
        t.true(events.includes(event), event);
      // What the product wrote is what was sent: no reason to look for an intruder.
      const audit = readFileSync(tree.host('/var/lib/certmend/audit.jsonl'), 'utf8');
      t.regex(audit, /replaced by the authority of the rotation/);
      t.notRegex(audit, /if this was not you/);
    });
  }
}

test('ca rotate after ca rotate is quiet: the token of the first stays right, whatever is rotated', async (t) => {
  const all = await cluster(t);
  const through = async (request: Partial<RotationRequest> = {}): Promise<RotationStanding> => {
    const begun = await begin(all, request);
    all.server.restart();
    await goOn(all);
    await goOn(all, true);
    if (begun.rotation.agentsRestart) await goOn(all, true);
    return begun;
  };
  t.true((await through()).rotation.tokenChanges);
  const token = readFileSync(all.tree.host(`${all.tree.dataDir}/server/token`), 'utf8');
  for (const ids of [['server-ca'], ['etcd/server-ca', 'etcd/peer-ca'], []]) {
    const before = authoritiesOn(all);
    const begun = await through({ ids });
    t.false(begun.rotation.tokenChanges);
    t.false(begun.rotation.agentsRestart);
    t.is(readFileSync(all.tree.host(`${all.tree.dataDir}/server/token`), 'utf8'), token);
    const changed = authorityIds.filter((_, index) => authoritiesOn(all)[index] !== before[index]);
    t.deepEqual(changed.toSorted(), (ids.length === 0 ? [...authorityIds] : ids).toSorted());
    t.deepEqual(faultsOf(all.tree), []);
  }
  t.deepEqual(all.server.is.log, []);
});

test('ca rotate --abort sends the old authorities back, byte for byte, and a start changes nothing', async (t) => {
  for (const chain of ['single', 'four'] as const) {
    const all = await cluster(t, { chain });
    const before = authoritiesOn(all);
    await begin(all);
    const withdrawn = await withdrawRotation(await all.ports());
    t.is(withdrawn.rotation.step, 'withdrawn');
    t.deepEqual(keptFiles(all), []);
    all.server.restart();
    t.deepEqual(authoritiesOn(all), before);
    t.is((await begin(all)).rotation.step, 'stored', 'another may be begun');
  }
});

test('ca rotate --abort is refused once this server runs with the new ones, with a way that is true', async (t) => {
  const all = await cluster(t);
  await begin(all);
  all.server.restart();
  const error = await refused(t, withdrawRotation(await all.ports()));
  t.is(error.code, 'RotationUnfit');
  t.regex(
    error.hint ?? '',
    /--continue; by hand.*rke2 certificate rotate-ca --path \/var\/lib\/certmend\/authority-rotation\/old --force/,
  );
  t.true(existsSync(all.tree.host(`${kept}/old/tls/server-ca.crt`)));
  t.true(existsSync(all.tree.host(`${kept}/old/tls/service.key`)));
  t.is((await goOn(all)).rotation.step, 'this-server');
});

test('ca rotate changes nothing when the server does not take the set, and says what is to be done', async (t) => {
  const answers: readonly (readonly [status: number, code: CertmendError['code'], text: RegExp])[] = [
    [401, 'RotationRefused', /does not accept the token of this server \(401\)/],
    [403, 'RotationRefused', /does not accept the token of this server \(403\)/],
    [404, 'RotationRefused', /does not know the request/],
    [500, 'RotationRefused', /answered 500 \(certificate error ID 12345\)/],
    [503, 'RotationRefused', /answered 503/],
  ];
  const all = await cluster(t);
  for (const [status, code, text] of answers) {
    all.server.is.status = status;
    const files = bytesBelow(all);
    const error = await refused(t, begin(all));
    t.is(error.code, code, String(status));
    t.regex(error.message, text);
    t.regex(error.message, /nothing was changed/);
    t.deepEqual(bytesBelow(all), files);
    t.deepEqual(keptFiles(all), []);
    t.is(stateOf(all).authorityRotation, null);
  }
});

test('ca rotate knows what became of a set whose answer never came', async (t) => {
  const all = await cluster(t);
  all.server.is.dies = true;
  t.is((await begin(all)).rotation.step, 'stored', 'the datastore says that it is there');

  const blind = await cluster(t);
  blind.server.is.dies = true;
  blind.server.is.answersFromDisk = true;
  const error = await refused(t, begin(blind));
  t.is(error.code, 'ServerUnavailable');
  t.is(error.exit, 75);
  t.is(stateOf(blind).authorityRotation?.step, 'sending');
  t.is((await refused(t, begin(blind))).code, 'RotationOpen');
  blind.server.is.dies = false;
  t.is((await goOn(blind)).rotation.step, 'stored');
  blind.server.restart();
  t.is((await goOn(blind)).rotation.step, 'this-server');
});

test('ca rotate writes the trigger of the listener where the product does not', async (t) => {
  const all = await cluster(t);
  all.server.is.writesTrigger = false;
  await begin(all);
  const trigger = all.tree.host(all.tree.listener?.trigger ?? '');
  t.is(statSync(trigger).size, 0);
  t.is(statSync(trigger).mode & 0o777, 0o600);
  rmSync(trigger);
  await goOn(all);
  t.true(existsSync(trigger), 'and again, as long as it has not been restarted');
});

test('ca rotate refuses a node that is not well, before anything is sent', async (t) => {
  const all = await cluster(t);
  const problemOf = async (): Promise<string> => {
    const error = await refused(t, begin(all));
    t.is(error.code, 'RotationUnfit');
    t.deepEqual(keptFiles(all), []);
    return error.message;
  };
  all.is.running = false;
  // Of a node itself: that its service does not run here.
  t.regex(await problemOf(), /a tree under .*, and a rotation goes through the running service of its node/);
  all.is.running = true;
  all.is.health = { is: 'ill', problem: 'answers 500 to /readyz' };
  t.regex(await problemOf(), /kube-apiserver .*is not well: it answers 500 to \/readyz/);
  all.is.health = { is: 'well' };
  const path = all.tree.host(all.tree.leaf('etcd/client').certificatePath);
  const bytes = readFileSync(path);
  writeFileSync(path, '');
  t.regex(await problemOf(), /etcd\/client/);
  writeFileSync(path, bytes);
  t.false(all.server.asked.some((one) => one.startsWith('PUT')));
  // Somebody has rotated on another server.
  const { ServerCA: other } = { ServerCA: all.server.stored.get('ClientCA') };
  if (other !== undefined) all.server.stored.set('ServerCA', other);
  t.regex(await problemOf(), /the datastore has another server-ca than the disk of this node/);
});

test('ca rotate waits behind the restart for what is not as it should be', async (t) => {
  const all = await cluster(t);
  await begin(all);
  all.server.restart();
  all.is.health = { is: 'ill', problem: 'answers 500 to /readyz' };
  t.regex((await goOn(all)).waiting.join(), /kube-apiserver .*answers 500/);
  all.is.running = false;
  t.regex((await goOn(all)).waiting.join(), /does not run/);
  all.is.running = true;
  all.is.health = { is: 'absent' };
  t.regex((await goOn(all)).waiting.join(), /does not answer/);
  all.is.health = { is: 'well' };
  t.is((await goOn(all)).rotation.step, 'this-server');
});

test('ca rotate refuses to go on when somebody else has changed the authorities', async (t) => {
  const all = await cluster(t);
  await begin(all);
  const { certificatePath } = all.tree.authority('client-ca');
  writeFileSync(
    all.tree.host(certificatePath),
    readFileSync(all.tree.host(all.tree.authority('server-ca').certificatePath)),
  );
  t.regex((await refused(t, goOn(all))).message, /neither those of before the rotation nor the new ones/);
});

test('ca rotate ended at any call goes on or begins anew, and never leaves keys that nobody knows of', async (t) => {
  const counted = { calls: 0 };
  const probe = await cluster(t);
  await beginRotation(await probe.ports(dyingAt(Infinity, counted)), everything);
  const { calls } = counted;
  t.true(calls > 30, String(calls));
  // Every call of the beginning, and some of the many files between.
  const cuts = Array.from({ length: calls }, (_, index) => index + 1).filter(
    (nth) => nth < 4 || nth % 23 === 0 || nth > calls - 10,
  );
  for (const nth of cuts) {
    const all = await cluster(t);
    all.server.is.judges = false;
    const before = authoritiesOn(all);
    await t.throwsAsync(beginRotation(await all.ports(dyingAt(nth, { calls: 0 })), everything), {
      instanceOf: PowerCut,
    });
    t.deepEqual(authoritiesOn(all), before);
    const open = existsSync(all.tree.host('/var/lib/certmend/dynamic-cert.json'))
      ? stateOf(all).authorityRotation
      : null;
    const standing = open === null ? await begin(all) : await goOn(all);
    t.is(standing.rotation.step, 'stored', `cut at ${String(nth)}`);
    t.true(existsSync(all.tree.host(`${kept}/old/tls/server-ca.key`)));
    // What follows is the same wherever it was cut.
    if (nth !== calls - 2) continue;
    all.server.restart();
    t.is((await goOn(all)).rotation.step, 'this-server', `cut at ${String(nth)}`);
    await goOn(all, true);
    await goOn(all, true);
    t.deepEqual(keptFiles(all), [], `cut at ${String(nth)}`);
  }
});

test('ca rotate shows no key and no password in its state, its log or its standing', async (t) => {
  const all = await cluster(t);
  const begun = await begin(all);
  const password =
    readFileSync(all.tree.host(`${all.tree.dataDir}/server/token`), 'utf8')
      .trim()
      .split(':')
      .at(-1) ?? '';
  const keys = [...all.server.stored]
    .filter(([field]) => field.endsWith('Key'))
    .map(([, { bytes }]) => bytes.toString('utf8').split('\n')[1] ?? '');
  const texts = [
    JSON.stringify(begun),
    readFileSync(all.tree.host('/var/lib/certmend/dynamic-cert.json'), 'utf8'),
    readFileSync(all.tree.host('/var/lib/certmend/audit.jsonl'), 'utf8'),
  ];
  for (const text of texts) for (const secret of [password, ...keys]) t.false(text.includes(secret));
  t.true(new X509Certificate(readFileSync(all.tree.host(`${kept}/new/tls/etcd/peer-ca.crt`))).ca);
});

test('ca rotate writes nothing below a directory of keys that links lead out of', async (t) => {
  const all = await cluster(t);
  mkdirSync(all.tree.host(`${kept}/old`), { recursive: true });
  writeFileSync(all.tree.host(`${kept}/old/left`), 'of an earlier one');
  await begin(all);
  t.false(keptFiles(all).some((path) => path.endsWith('/left')));
});
