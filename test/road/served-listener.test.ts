import { copyFileSync, appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import type { Finding } from '../../src/assess/assessment.ts';
import { servedChain } from '../../src/system/served-chain.ts';
import { builtModule } from '../cli/built-module.ts';
import { runBuilt } from '../cli/built.ts';
import { servedFrom, tlsServer, type Served, type TlsServer } from '../fixtures/tls-server.ts';
import type { Tree } from '../fixtures/tree.ts';
import { temporaryTree } from './temporary-tree.ts';
import type { Io } from '../../src/cli/io.ts';
import type { Survey } from '../../src/survey/survey.ts';

/*
 * The race for the listener (products 5), after the start: a K3s server, whose port can be set, and a real TLS server on it.
 * The authorities were replaced, certmend asked for a new certificate, and the product serves the new or the old one.
 */

const { compose } = builtModule<typeof import('../../src/composition.ts')>('src/composition.ts');
const { noArguments } = builtModule<typeof import('../../src/cli/command.ts')>('src/cli/command.ts');
const { survey } = builtModule<typeof import('../../src/survey/survey.ts')>('src/survey/survey.ts');

interface Race {
  readonly tree: Tree;
  readonly server: TlsServer;
  readonly old: Served;
  readonly fresh: Served;
  /** The document as the product leaves it. */
  write(which: 'old' | 'fresh'): void;
  readonly oldAuthority: string;
}

/** A node whose boot hook has asked for a new listener, and whose product has started since. */
async function afterTheStart(t: ExecutionContext): Promise<Race> {
  const tree = temporaryTree(t, { product: 'k3s' });
  // Another cluster: nothing of it is shared.
  const before = temporaryTree(t, { product: 'k3s', serviceKeys: 2 });
  const { path = '', trigger = '' } = tree.listener ?? {};
  const [document, aside, previous] = [tree.host(path), `${tree.root}/fresh.json`, before.host(path)];
  copyFileSync(document, aside);
  const [old, fresh] = [servedFrom(previous), servedFrom(aside)];
  const server = await tlsServer(t, old);
  mkdirSync(tree.host('/etc/rancher/k3s/config.yaml.d'), { recursive: true });
  writeFileSync(tree.host('/etc/rancher/k3s/config.yaml.d/port.yaml'), `https-listen-port: ${String(server.port)}\n`);
  copyFileSync(previous, document);
  t.is((await runBuilt(['--root', tree.root, 'prestart', '--unit', tree.unit, '--strict'])).status, 0);
  // The product takes the trigger away when it starts.
  rmSync(tree.host(trigger));
  return {
    tree,
    server,
    old,
    fresh,
    write: (which) => {
      copyFileSync(which === 'old' ? previous : aside, document);
    },
    oldAuthority: readFileSync(before.host(before.authority('server-ca').certificatePath), 'utf8'),
  };
}

const silent: Io = {
  stdout: { write: () => undefined, isTerminal: false, columns: undefined },
  stderr: { write: () => undefined, isTerminal: false, columns: undefined },
  env: { PATH: process.env['PATH'] },
  confirm: undefined,
  damagedParts: () => [],
};

async function look({ tree }: Race, running: boolean | undefined): Promise<Survey> {
  const args = { ...noArguments, root: tree.root, unit: tree.unit };
  const ports = await compose(args, silent, { askSystemd: false });
  return survey({ ...ports, serviceRunning: () => running, servedChain });
}

async function found(race: Race): Promise<readonly Finding[]> {
  return (await look(race, true)).assessment.findings.filter(({ id }) => id === 'dynamic-cert');
}

test('a served listener that is the new one in the document is no finding, and one handshake is all it takes', async (t) => {
  const race = await afterTheStart(t);
  race.write('fresh');
  race.server.serve(race.fresh);
  t.deepEqual(await found(race), []);
  t.is(race.server.handshakes(), 1);
  t.is(race.server.heard(), 0);
});

test('a served listener that is the old one, which was to be replaced, is told with the remedy though the document is new', async (t) => {
  const race = await afterTheStart(t);
  race.write('fresh');
  const [one, ...others] = await found(race);
  t.deepEqual(others, []);
  t.like(one, { code: 'ListenerStale', severity: 'critical', answer: 'operator' });
  const { message = '' } = one ?? {};
  t.regex(
    message,
    new RegExp(`port ${String(race.server.port)} does not serve .* but the old certificate, which certmend asked`),
  );
  t.regex(
    message,
    /joining agents reject it: systemctl restart k3s.*; certmend requested a new one at 20.*Secret k3s-serving/,
  );
  t.regex(
    message,
    /k3s kubectl --kubeconfig '\/var\/lib\/rancher\/k3s\/server\/cred\/admin\.kubeconfig' -n kube-system delete secret/,
  );
});

test('a served listener that is old in the document too is told as what is served, and as come back', async (t) => {
  const race = await afterTheStart(t);
  race.write('old');
  const [one, ...others] = await found(race);
  t.deepEqual(others, []);
  t.like(one, { code: 'ListenerIssuerMismatch', severity: 'critical', answer: 'regenerate-listener' });
  t.regex(one?.message ?? '', /is what port \d+ serves.*certmend requested a new one at 20.* kept the old one/);
});

test('a served listener that is old and that the bundle of the authority covers is a note, in the document or not', async (t) => {
  const race = await afterTheStart(t);
  appendFileSync(race.tree.host(race.tree.authority('server-ca').certificatePath), race.oldAuthority);
  for (const [which, code] of [
    ['fresh', 'ListenerStale'],
    ['old', 'ListenerOutdated'],
  ] as const) {
    race.write(which);
    const [one, ...others] = await found(race);
    t.deepEqual(others, []);
    t.like(one, { code, severity: 'note', answer: 'none' });
    t.regex(one?.message ?? '', /is harmless/);
  }
});

for (const [who, running] of [
  ['does not run', false],
  ['nobody knows of', undefined],
] as const) {
  test(`a served listener is not asked for where the service ${who}`, async (t) => {
    const race = await afterTheStart(t);
    race.write('fresh');
    const { assessment } = await look(race, running);
    t.deepEqual(
      assessment.findings.filter(({ id }) => id === 'dynamic-cert'),
      [],
    );
    t.is(race.server.handshakes(), 0);
  });
}

test('a served listener is not asked for by any command under another root, nor by the boot hook', async (t) => {
  const race = await afterTheStart(t);
  for (const words of [['check'], ['status'], ['why', 'dynamic-cert'], ['prestart', '--unit', race.tree.unit]])
    await runBuilt(['--root', race.tree.root, ...words]);
  t.is(race.server.handshakes(), 0);
});
