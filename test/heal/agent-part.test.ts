import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Ports } from '../../src/survey/ports.ts';
import { askHealth } from '../../src/system/ask-health.ts';
import { askSupervisor } from '../../src/system/ask-supervisor.ts';
import { fingerprintPaths } from '../fixtures/fingerprint-tree.ts';
import { newKey } from '../fixtures/sign.ts';
import { supervisorOf, type Supervisor } from '../fixtures/supervisor.ts';
import type { Tree } from '../fixtures/tree.ts';
import { portsAt } from '../road/run-at.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { builtModule } from '../cli/built-module.ts';

const { renew } = builtModule<typeof import('../../src/heal/renew.ts')>('src/heal/renew.ts');
const { CertmendError } = builtModule<typeof import('../../src/error.ts')>('src/error.ts');

/* The agent part, signed by a server of the cluster: real requests over TLS to a server that does as products 6.1 says. */

const leaves = [
  'agent/client-kubelet',
  'agent/serving-kubelet',
  'agent/client-kube-proxy',
  'agent/client-k3s-controller',
];

interface Running {
  readonly tree: Tree;
  readonly server: Supervisor;
  readonly ports: Ports;
}

async function running(
  t: ExecutionContext,
  { at = '+340d', role = 'agent' }: { readonly at?: string; readonly role?: 'agent' | 'server' } = {},
): Promise<Running> {
  const cluster = temporaryTree(t, { product: 'k3s', nodeName: 'server-1', nodeIp: '10.0.0.1' });
  const tree =
    role === 'server' ? cluster : temporaryTree(t, { product: 'k3s', role: 'agent', nodeName: 'node-2', cluster });
  const server = await supervisorOf(t, cluster, tree);
  const key = role === 'agent' ? 'lb-server-port' : 'https-listen-port';
  mkdirSync(tree.host('/etc/rancher/k3s/config.yaml.d'), { recursive: true });
  writeFileSync(tree.host('/etc/rancher/k3s/config.yaml.d/port.yaml'), `${key}: ${String(server.port)}\n`);
  const ports = await portsAt(tree.root, at, { unit: tree.unit, synchronisation: 'synchronised' });
  server.is.now = () => ports.clock.now();
  return {
    tree,
    server,
    ports: {
      ...ports,
      serviceRunning: () => true,
      unitRun: () => ({ invocation: 'a', state: 'up', forMs: 3_600_000 }),
      askSupervisor,
      askHealth,
    },
  };
}

function certificateOf(tree: Tree, id: string): X509Certificate {
  return new X509Certificate(readFileSync(tree.host(tree.leaf(id).certificatePath)));
}

function bytesBelow(tree: Tree): unknown {
  return fingerprintPaths(tree.root, [tree.dataDir, '/etc/rancher']);
}

async function refusal(
  t: ExecutionContext,
  { tree, ports }: Running,
  ids: readonly string[] = [],
): Promise<InstanceType<typeof CertmendError>> {
  const before = bytesBelow(tree);
  const error = await t.throwsAsync(renew(ports, ids), { instanceOf: CertmendError });
  t.deepEqual(bytesBelow(tree), before);
  t.regex(error.message, /nothing was changed/);
  return error;
}

test.serial(
  'the agent part is renewed with the keys that are there: signed by a server, nothing but four certificates changes, and no name is lost',
  async (t) => {
    const { tree, server, ports } = await running(t);
    const before = new Map(leaves.map((id) => [id, certificateOf(tree, id)]));
    const keys = leaves.map((id) => readFileSync(tree.host(tree.leaf(id).keyPath), 'utf8'));
    const { outcome, rolledBack } = await renew(ports, []);
    t.false(rolledBack);
    t.deepEqual(outcome.notes, []);
    t.deepEqual([...outcome.changed].toSorted(), leaves.map((id) => tree.leaf(id).certificatePath).toSorted());
    t.deepEqual(
      leaves.map((id) => readFileSync(tree.host(tree.leaf(id).keyPath), 'utf8')),
      keys,
    );
    for (const id of leaves) {
      const [old, now] = [before.get(id), certificateOf(tree, id)];
      t.true(now.checkPrivateKey(createPrivateKey(readFileSync(tree.host(tree.leaf(id).keyPath)))), id);
      t.is(now.subject, old?.subject ?? '');
      t.true(Date.parse(now.validTo) > Date.parse(old?.validTo ?? ''), id);
      for (const name of old?.subjectAltName?.split(', ') ?? [])
        t.true(now.subjectAltName?.includes(name) ?? false, `${id} ${name}`);
    }
    const posts = server.asked.filter((line) => line.startsWith('POST'));
    t.deepEqual(
      posts,
      ['client-kubelet', 'serving-kubelet', 'client-kube-proxy', 'client-k3s-controller'].map(
        (name) => `POST /v1-k3s/${name}.crt system:node:node-2`,
      ),
    );
    t.true(server.addresses.includes('10.0.0.11'));
    // Each new client certificate was shown to the API server before it went live.
    t.is(server.asked.filter((line) => line.startsWith('GET /readyz')).length, 3);
  },
);

test.serial('the agent part of a server is renewed by its own supervisor, by name', async (t) => {
  const { tree, server, ports } = await running(t, { role: 'server' });
  const { outcome } = await renew(ports, ['agent/client-kubelet', 'agent/serving-kubelet']);
  t.is(outcome.changed.length, 2);
  t.true(Date.parse(certificateOf(tree, 'agent/client-kubelet').validTo) > ports.clock.now() + 300 * 86_400_000);
  t.true(server.asked.includes('POST /v1-k3s/client-kubelet.crt system:node:server-1'));
  const mixed = await t.throwsAsync(renew(ports, ['agent/client-kubelet', 'client-admin']), {
    instanceOf: CertmendError,
  });
  t.is(mixed.code, 'Usage');
});

test.serial(
  'an expired kubelet pair is not shown: the token signs the node in, and without a token the message says what to do',
  async (t) => {
    const node = await running(t, { at: '+380d' });
    const { tree, server, ports } = node;
    const { outcome } = await renew(ports, []);
    t.is(outcome.changed.length, 4);
    t.true(server.asked.filter((line) => line.startsWith('POST')).every((line) => line.endsWith(' node')));

    const other = await running(t, { at: '+380d' });
    const config = other.tree.host('/etc/rancher/k3s/config.yaml');
    writeFileSync(config, readFileSync(config, 'utf8').replace(/^token: .*\n/m, ''));
    const error = await refusal(t, other);
    t.is(error.code, 'ServerRefused');
    t.regex(error.message, /agent\/client-kubelet expired at .* and the configuration of k3s has no token/);
    t.regex(error.hint ?? '', /config\.yaml as token:, then: systemctl restart k3s-agent\.service/);
    t.deepEqual(other.server.asked, []);
    // A token-file is named, with what is wrong with it.
    for (const [arrange, why] of [
      [() => undefined, /there is no file \/etc\/rancher\/token, the token-file in the configuration of k3s/],
      [
        (path: string) => {
          writeFileSync(path, '');
        },
        /\/etc\/rancher\/token is empty/,
      ],
      [
        (path: string) => {
          rmSync(path);
          mkdirSync(path);
        },
        /\/etc\/rancher\/token is a directory/,
      ],
    ] as const) {
      arrange(other.tree.host('/etc/rancher/token'));
      writeFileSync(
        config,
        `${readFileSync(config, 'utf8').replace(/^token-file: .*\n/m, '')}\ntoken-file: /etc/rancher/token\n`,
      );
      const told = await refusal(t, other);
      t.regex(told.message, why);
      t.regex(told.hint ?? '', /into \/etc\/rancher\/token, then: systemctl restart k3s-agent\.service/);
    }
    t.false(readFileSync(tree.host('/var/lib/certmend/dynamic-cert.json'), 'utf8').includes(server.is.tokenPassword));
  },
);

test.serial('a node that was deleted from the cluster is signed in by its token, as the product does', async (t) => {
  const { server, ports } = await running(t);
  server.is.nodes.clear();
  await renew(ports, ['agent/client-kubelet']);
  t.deepEqual(
    server.asked.filter((line) => line.startsWith('POST')),
    ['POST /v1-k3s/client-kubelet.crt system:node:node-2', 'POST /v1-k3s/client-kubelet.crt node'],
  );
});

for (const [what, spoil, code, message] of [
  [
    '401 for the token too',
    ({ server }: Running) => {
      server.is.nodes.clear();
      server.is.tokenPassword = 'another';
    },
    'ServerRefused',
    /401/,
  ],
  [
    '403: another password',
    ({ server }: Running) => {
      server.is.passwords.set('node-2', 'another');
    },
    'ServerRefused',
    /403/,
  ],
  [
    '503: not ready',
    ({ server }: Running) => {
      server.is.ready = false;
    },
    'ServerUnavailable',
    /503/,
  ],
  [
    '429: too many at a time',
    ({ server }: Running) => {
      server.is.status = 429;
    },
    'ServerUnavailable',
    /429/,
  ],
  [
    'a redirection',
    ({ server }: Running) => {
      server.is.status = 302;
    },
    'ServerUnavailable',
    /302/,
  ],
  [
    'the shared legacy key',
    ({ server }: Running) => {
      server.is.legacy = true;
    },
    'ServerRefused',
    /private key that other nodes have too/,
  ],
  [
    'a key behind a good certificate',
    ({ server }: Running) => {
      server.is.signs = { key: newKey('ec') };
    },
    'ServerRefused',
    /private key/,
  ],
  [
    'nothing',
    ({ server }: Running) => {
      server.is.answer = () => Buffer.alloc(0);
    },
    'VerificationFailed',
    /holds no PEM block|is empty/,
  ],
  [
    'half of it',
    ({ server }: Running) => {
      server.is.answer = (pem) => pem.subarray(0, 300);
    },
    'VerificationFailed',
    /block/,
  ],
  [
    'a page of a proxy',
    ({ server }: Running) => {
      server.is.answer = () => Buffer.from('<html>login</html>');
    },
    'VerificationFailed',
    /holds no PEM block/,
  ],
  [
    'what is too long',
    ({ server }: Running) => {
      server.is.answer = () => Buffer.alloc(1024 * 1024, 'x');
    },
    'ServerUnavailable',
    /longer than/,
  ],
  [
    'another name',
    ({ server }: Running) => {
      server.is.signs = { subject: '/O=system:nodes/CN=system:node:node-3' };
    },
    'VerificationFailed',
    /not for CN=/,
  ],
  [
    'another authority',
    ({ server }: Running) => {
      server.is.signs = { authority: 'request-header-ca' };
    },
    'VerificationFailed',
    /issued by|identifier/,
  ],
  [
    'another usage',
    ({ server }: Running) => {
      server.is.signs = { usage: 'emailProtection' };
    },
    'VerificationFailed',
    /may not be used/,
  ],
  [
    'an end that is no later',
    ({ server }: Running) => {
      server.is.signs = { days: 10 };
    },
    'VerificationFailed',
    /no later than/,
  ],
] as const) {
  test.serial(`an agent's request that is answered with ${what} changes nothing, and says so`, async (t) => {
    const node = await running(t);
    spoil(node);
    const error = await refusal(t, node);
    t.is(error.code, code);
    t.regex(error.message, message);
    t.truthy(error.hint);
    // Servers whose authorities were replaced: the agent takes the new ones over at its start, and at no other time.
    if (what === 'another authority') t.regex(error.hint ?? '', /systemctl restart k3s-agent\.service/);
    if (what === 'an end that is no later')
      t.is((await refusal(t, node)).message, error.message, 'the same refusal is the same words, whenever it comes');
  });
}

test.serial(
  'a link or a file in the place of the copies of the agent part stops its renewal and loses nothing',
  async (t) => {
    const node = await running(t);
    const { tree } = node;
    const own = tree.host('/var/lib/certmend/agent-part');
    const victim = tree.host('/srv/precious');
    mkdirSync(victim, { recursive: true });
    writeFileSync(join(victim, 'file'), 'precious');
    mkdirSync(own, { recursive: true });
    symlinkSync('/srv/precious', join(own, 'old'));
    const error = await refusal(t, node);
    t.is(error.code, 'StorageDenied');
    t.regex(error.message, /agent-part\/old is a symlink/);
    t.is(readFileSync(join(victim, 'file'), 'utf8'), 'precious');
    rmSync(join(own, 'old'));
    const { outcome } = await renew(node.ports, []);
    t.is(outcome.changed.length, 4);
  },
);

test.serial('a serving certificate that lacks a name of the present one is refused', async (t) => {
  const node = await running(t);
  node.server.is.signs = { names: ['DNS:node-2', 'DNS:localhost', 'IP:127.0.0.1'] };
  const error = await refusal(t, node, ['agent/serving-kubelet']);
  t.is(error.code, 'VerificationFailed');
  t.regex(error.message, /lacks the names/);
});

test.serial(
  'a new client certificate that the API server refuses where it accepts the present one does not go live',
  async (t) => {
    const node = await running(t);
    const old = certificateOf(node.tree, 'agent/client-kube-proxy').fingerprint256;
    const others = leaves.map((id) => certificateOf(node.tree, id).fingerprint256);
    node.server.is.accepts = (certificate) =>
      others.includes(certificate.fingerprint256) || !certificate.subject.includes('kube-proxy');
    const error = await refusal(t, node);
    t.is(error.code, 'VerificationFailed');
    t.regex(
      error.message,
      /agent\/client-kube-proxy: the API server accepts the present certificate and not the new one/,
    );
    // One that refuses both says nothing of the new one.
    node.server.is.accepts = () => false;
    const { outcome } = await renew(node.ports, ['agent/client-kube-proxy']);
    t.regex(outcome.notes.join(), /could not be tried at the API server/);
    t.not(certificateOf(node.tree, 'agent/client-kube-proxy').fingerprint256, old);
  },
);

test.serial('a server that is not who it should be, that hangs, or that is not there signs nothing', async (t) => {
  const node = await running(t);
  const stranger = temporaryTree(t, { product: 'k3s', nodeName: 'other' });
  const other = await supervisorOf(t, stranger, node.tree);
  const port = node.tree.host('/etc/rancher/k3s/config.yaml.d/port.yaml');
  writeFileSync(port, `lb-server-port: ${String(other.port)}\n`);
  const untrusted = await refusal(t, node);
  t.is(untrusted.code, 'ServerUnavailable');
  t.regex(untrusted.hint ?? '', /certificate rotate-ca.*systemctl restart k3s-agent\.service/);
  t.deepEqual(other.asked, []);
  writeFileSync(port, 'lb-server-port: 1\n');
  const absent = await refusal(t, node);
  t.is(absent.code, 'ServerUnavailable');
  t.regex(absent.message, /no server of the cluster answers on port 1 of the loopback/);
  writeFileSync(port, `lb-server-port: ${String(node.server.port)}\n`);
  node.server.is.hangs = true;
  const late = await refusal(t, node);
  t.regex(late.message, /did not answer within 10 s/);
});

test.serial('what a node cannot say of itself stops the request before anybody is asked', async (t) => {
  const node = await running(t);
  rmSync(node.tree.host('/etc/rancher/node/password'));
  const error = await refusal(t, node);
  t.is(error.code, 'RenewalUnfit');
  t.regex(error.message, /\/etc\/rancher\/node\/password cannot be read/);
  rmSync(node.tree.host(`${node.tree.dataDir}/agent/server-ca.crt`));
  const unchecked = await refusal(t, node);
  t.regex(unchecked.message, /without agent\/server-ca no server can be checked/);
  t.deepEqual(node.server.asked, []);
});

test.serial(
  'the files of the agent part that go live are 0600 or what they were, and the copies are private',
  async (t) => {
    const { tree, ports } = await running(t);
    await renew(ports, []);
    for (const id of leaves) t.is(statSync(tree.host(tree.leaf(id).certificatePath)).mode & 0o777, 0o600);
    t.is(statSync(tree.host('/var/lib/certmend/agent-part/new')).mode & 0o777, 0o700);
    const kept = readFileSync(tree.host('/var/lib/certmend/agent-part/new/client-kubelet.crt'));
    t.deepEqual(kept, readFileSync(tree.host(tree.leaf('agent/client-kubelet').certificatePath)));
  },
);
