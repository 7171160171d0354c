import test from 'ava';
import type { LayoutHints } from '../../src/layout/layout.ts';
import { type Content, memoryReader } from './memory-reader.ts';
import { host } from './resolve.ts';
import { builtModule } from '../cli/built-module.ts';

const { resolveLayout } =
  builtModule<typeof import('../../src/layout/resolve-layout.ts')>('src/layout/resolve-layout.ts');

const wants = '/etc/systemd/system/multi-user.target.wants';
const local = '/usr/local/lib/systemd/system';
const rke2 = '/var/lib/rancher/rke2';
const k3s = '/var/lib/rancher/k3s';
const unit = (command: string): string => `[Service]\nExecStart=${command}\n`;
const bothRke2Units = {
  [`${local}/rke2-server.service`]: unit('/usr/local/bin/rke2 server'),
  [`${local}/rke2-agent.service`]: unit('/usr/local/bin/rke2 agent'),
};
const rke2Server = { [`${rke2}/server/tls/server-ca.crt`]: '', [`${rke2}/server/token`]: '', [`${rke2}/agent/x`]: '' };

interface Case {
  readonly name: string;
  readonly question?: LayoutHints;
  readonly tree: Readonly<Record<string, Content>>;
  readonly layout: string;
  readonly unit?: string;
}

const found: readonly Case[] = [
  {
    name: 'the unit of the boot hook',
    question: { unit: 'rke2-agent.service' },
    tree: rke2Server,
    layout: 'rke2-agent',
  },
  { name: 'the unit without its suffix', question: { unit: 'k3s' }, tree: {}, layout: 'k3s-server' },
  {
    name: 'the configured layout before the unit, and the unit stays the one that starts',
    question: { unit: 'k3s-edge', layout: 'k3s-agent' },
    tree: {},
    layout: 'k3s-agent',
    unit: 'k3s-edge.service',
  },
  {
    name: 'what the unit starts before what it is called',
    question: { unit: 'k3s.service' },
    tree: { '/etc/systemd/system/k3s.service': unit('/usr/local/bin/k3s \\\n  agent --server https://192.0.2.1:6443') },
    layout: 'k3s-agent',
    unit: 'k3s.service',
  },
  {
    name: 'the active unit before enabled ones',
    tree: {
      ...bothRke2Units,
      '/run/systemd/units/invocation:rke2-agent.service': { link: '0123' },
      [`${wants}/rke2-server.service`]: { link: `${local}/rke2-server.service` },
    },
    layout: 'rke2-agent',
  },
  {
    name: 'the enabled unit before directories and other installed units',
    tree: {
      ...bothRke2Units,
      ...rke2Server,
      [`${wants}/rke2-agent.service`]: { link: `${local}/rke2-agent.service` },
      [`${k3s}/server/tls/server-ca.crt`]: '',
      [`${k3s}/server/token`]: '',
    },
    layout: 'rke2-agent',
  },
  {
    name: 'a unit enabled by another target',
    tree: { '/etc/systemd/system/graphical.target.wants/k3s.service': { link: '../k3s.service' } },
    layout: 'k3s-server',
  },
  {
    name: 'the only installed unit',
    tree: { '/usr/lib/systemd/system/rke2-server.service': unit('/usr/bin/rke2 server') },
    layout: 'rke2-server',
  },
  {
    name: 'directories when both units are installed: a server',
    tree: { ...bothRke2Units, ...rke2Server },
    layout: 'rke2-server',
  },
  {
    name: 'directories when both units are installed: an agent',
    tree: { ...bothRke2Units, [`${rke2}/agent/client-kubelet.crt`]: '' },
    layout: 'rke2-agent',
  },
  {
    name: 'an agent with an empty server directory left over',
    tree: { [`${rke2}/agent/client-kubelet.crt`]: '', [`${rke2}/server`]: { directory: true } },
    layout: 'rke2-agent',
  },
  {
    name: 'an agent with certificates of a former server but nothing else of it',
    tree: { [`${rke2}/agent/client-kubelet.crt`]: '', [`${rke2}/server/tls/server-ca.crt`]: '' },
    layout: 'rke2-agent',
  },
  {
    name: 'a tree with nothing but server/tls',
    tree: { [`${rke2}/server/tls/server-ca.crt`]: '' },
    layout: 'rke2-server',
  },
  {
    name: 'a data directory of the product’s configuration',
    tree: {
      '/etc/rancher/k3s/config.yaml': 'data-dir: /srv/k3s\n',
      '/srv/k3s/server/tls/x': '',
      '/srv/k3s/server/db/x': '',
    },
    layout: 'k3s-server',
  },
  {
    name: 'the product that has units when the other only left a directory',
    tree: { ...bothRke2Units, ...rke2Server, [`${k3s}/agent/x`]: '' },
    layout: 'rke2-server',
  },
  {
    name: 'a unit of any name that runs the product',
    tree: { '/usr/lib/systemd/system/k3s-server.service': unit('/usr/local/bin/k3s server') },
    layout: 'k3s-server',
    unit: 'k3s-server.service',
  },
  {
    name: 'a unit of any name under a launcher and in a shell',
    tree: {
      '/etc/systemd/system/appliance.service': unit("/bin/sh -ec 'ulimit -n 65536; exec /opt/bin/rke2 server --debug'"),
    },
    layout: 'rke2-server',
    unit: 'appliance.service',
  },
  {
    name: 'the program in a variable of the unit’s environment',
    tree: {
      '/etc/systemd/system/edge.service': unit('${BIN} $ROLE').replace(
        '[Service]',
        '[Service]\nEnvironment=BIN=/opt/k3s-v1.30.1+k3s1 ROLE=agent',
      ),
    },
    layout: 'k3s-agent',
    unit: 'edge.service',
  },
  {
    name: 'the enabled of two units that run the same product',
    tree: {
      '/etc/systemd/system/k3s.service': unit('/usr/local/bin/k3s server'),
      '/etc/systemd/system/k3s-edge.service': unit('/usr/local/bin/k3s server'),
      [`${wants}/k3s-edge.service`]: { link: '../k3s-edge.service' },
    },
    layout: 'k3s-server',
    unit: 'k3s-edge.service',
  },
  {
    name: 'the name that an alias stands for',
    question: { unit: 'k3s' },
    tree: {
      '/usr/lib/systemd/system/k3s-edge.service': unit('/usr/local/bin/k3s agent'),
      '/etc/systemd/system/k3s.service': { link: '/usr/lib/systemd/system/k3s-edge.service' },
    },
    layout: 'k3s-agent',
    unit: 'k3s-edge.service',
  },
  {
    name: 'an enabled instance of a template',
    tree: {
      '/etc/systemd/system/k3s@.service': unit('/usr/local/bin/k3s %i'),
      [`${wants}/k3s@server.service`]: { link: '../k3s@.service' },
    },
    layout: 'k3s-server',
    unit: 'k3s@server.service',
  },
  {
    name: 'another unit where the usual one is masked',
    tree: {
      '/etc/systemd/system/k3s.service': { link: '/dev/null' },
      '/usr/lib/systemd/system/k3s-server.service': unit('/usr/local/bin/k3s server'),
    },
    layout: 'k3s-server',
    unit: 'k3s-server.service',
  },
  {
    name: 'the configured unit, and what it runs',
    question: { configuredUnit: 'k3s-b' },
    tree: {
      '/etc/systemd/system/k3s-a.service': unit('/usr/local/bin/k3s server'),
      '/etc/systemd/system/k3s-b.service': unit('/usr/local/bin/k3s agent'),
    },
    layout: 'k3s-agent',
    unit: 'k3s-b.service',
  },
  {
    name: 'the unit on the command line before the configured one',
    question: { unit: 'rke2-server', configuredUnit: 'k3s' },
    tree: {},
    layout: 'rke2-server',
    unit: 'rke2-server.service',
  },
  {
    name: 'a configured layout, and the unit that runs it',
    question: { layout: 'k3s-server' },
    tree: { '/etc/systemd/system/k3s-b.service': unit('/usr/local/bin/k3s server') },
    layout: 'k3s-server',
    unit: 'k3s-b.service',
  },
  {
    name: 'directories below the data directory of a unit’s own arguments',
    tree: {
      '/etc/systemd/system/a.service': unit('/usr/local/bin/k3s server --data-dir /srv/k3s'),
      '/etc/systemd/system/b.service': unit('/usr/local/bin/k3s agent --data-dir /srv/k3s'),
      '/srv/k3s/server/tls/x': '',
      '/srv/k3s/server/token': '',
    },
    layout: 'k3s-server',
    unit: 'a.service',
  },
  {
    name: 'traces of a server whose certificates are lost',
    tree: { [`${rke2}/server/token`]: 'x', [`${rke2}/server/db/etcd/x`]: '', [`${rke2}/agent/x`]: '' },
    layout: 'rke2-server',
  },
  {
    name: 'an enabled unit on a node that is new',
    tree: { [`${wants}/k3s.service`]: { link: 'x' } },
    layout: 'k3s-server',
    unit: 'k3s.service',
  },
];

for (const { name, question = {}, tree, layout, unit: expected } of found) {
  test(`detect believes ${name}`, (t) => {
    const answer = resolveLayout(question, memoryReader(tree), host);
    if (!answer.ok) {
      t.fail(answer.problem);
      return;
    }
    t.is(answer.layout.name, layout);
    if (expected !== undefined) t.is(answer.layout.unit, expected);
    t.true(answer.layout.evidence.length > 0);
  });
}

const refusals: readonly (Omit<Case, 'layout'> & { readonly says: RegExp; readonly hint: RegExp })[] = [
  {
    name: 'a unit it does not know',
    question: { unit: 'nginx' },
    tree: {},
    says: /^nginx\.service/,
    hint: /rke2-server\.service, rke2-agent\.service, k3s\.service, k3s-agent\.service/,
  },
  {
    name: 'a layout it does not know',
    question: { layout: 'rke2' },
    tree: {},
    says: /layout rke2$/,
    hint: /rke2-server, rke2-agent, k3s-server, k3s-agent/,
  },
  { name: 'an empty node', tree: {}, says: /no RKE2 or K3s/, hint: /layout:/ },
  {
    name: 'two products enabled',
    tree: { [`${wants}/rke2-server.service`]: { link: 'x' }, [`${wants}/k3s.service`]: { link: 'x' } },
    says: /rke2-server\.service and k3s\.service are both enabled/,
    hint: /layout:/,
  },
  {
    name: 'two roles enabled',
    tree: { [`${wants}/rke2-server.service`]: { link: 'x' }, [`${wants}/rke2-agent.service`]: { link: 'x' } },
    says: /both enabled/,
    hint: /layout:/,
  },
  {
    name: 'two products by directory alone',
    tree: { ...rke2Server, [`${k3s}/agent/x`]: '' },
    says: /both rke2 and k3s/,
    hint: /layout:/,
  },
  {
    name: 'an enabled unit without data beside the data of another product without a unit',
    tree: { [`${wants}/k3s.service`]: { link: 'x' }, ...rke2Server },
    says: /^k3s\.service is enabled and has no data in .*k3s, while .*rke2 has the files of a node/,
    hint: /layout:/,
  },
  {
    name: 'an enabled unit without data beside the data of another product whose unit nobody enabled',
    tree: {
      [`${wants}/k3s.service`]: { link: 'x' },
      '/usr/local/lib/systemd/system/rke2-server.service': unit('/usr/local/bin/rke2 server'),
      ...rke2Server,
    },
    says: /^k3s\.service is enabled and has no data in .*k3s, while .*rke2 has the files of a node/,
    hint: /layout:/,
  },
  {
    name: 'two units that run the product, and neither is enabled',
    tree: {
      '/etc/systemd/system/k3s-a.service': unit('/usr/local/bin/k3s server'),
      '/etc/systemd/system/k3s-b.service': unit('/usr/local/bin/k3s server'),
      [`${k3s}/server/tls/x`]: '',
      [`${k3s}/server/token`]: '',
    },
    says: /k3s-a\.service and k3s-b\.service are both installed/,
    hint: /unit:/,
  },
  {
    name: 'a unit that mentions the product and runs something else',
    question: { unit: 'backup' },
    tree: { '/etc/systemd/system/backup.service': unit('/usr/local/bin/k3s etcd-snapshot save server') },
    says: /^backup\.service is not a unit/,
    hint: /unit:/,
  },
  {
    name: 'the product in a container',
    tree: {
      '/etc/systemd/system/k3s.service.d/x': '',
      '/etc/systemd/system/box.service': unit('/usr/bin/docker run k3s server'),
    },
    says: /no RKE2 or K3s/,
    hint: /unit:/,
  },
];

for (const { name, question = {}, tree, says, hint } of refusals) {
  test(`detect refuses ${name}`, (t) => {
    const answer = resolveLayout(question, memoryReader(tree), host);
    if (answer.ok) {
      t.fail(answer.layout.name);
      return;
    }
    t.regex(answer.problem, says);
    t.regex(answer.hint, hint);
  });
}

test('detect survives a broken configuration and then names it', (t) => {
  const tree = { ...rke2Server, '/etc/rancher/rke2/config.yaml': 'a: "\n' };
  const answer = resolveLayout({}, memoryReader(tree), host);
  t.false(answer.ok);
  if (!answer.ok) t.regex(answer.problem, /^\/etc\/rancher\/rke2\/config\.yaml:\d/);
});
