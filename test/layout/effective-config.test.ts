import test from 'ava';
import type { LayoutAnswer, Setting } from '../../src/layout/layout.ts';
import { type Content, memoryReader } from './memory-reader.ts';
import { host, resolved } from './resolve.ts';
import { builtModule } from '../cli/built-module.ts';

const { resolveLayout } =
  builtModule<typeof import('../../src/layout/resolve-layout.ts')>('src/layout/resolve-layout.ts');

const config = '/etc/rancher/rke2/config.yaml';

type Expected = readonly (readonly [key: string, value: string, origin: string])[];

interface Case {
  readonly name: string;
  readonly unit?: string;
  readonly tree: Readonly<Record<string, Content>>;
  readonly settings: Expected;
}

const unitText = (lines: string): string =>
  `[Unit]\nDescription=x\n[Service]\nType=notify\n${lines}\n[Install]\nWantedBy=x\n`;

const cases: readonly Case[] = [
  {
    name: 'defaults say that they are defaults',
    tree: {},
    settings: [
      ['data-dir', '/var/lib/rancher/rke2', 'default'],
      ['node-name', 'node-1.example.org', 'host name'],
      ['service-cidr', '10.43.0.0/16', 'default'],
      ['cluster-domain', 'cluster.local', 'default'],
    ],
  },
  {
    name: 'values carry file and line, through flow lists, quotes and comments',
    tree: {
      [config]: '# the lab\ndata-dir: "/srv/rke2" # big disk\ntls-san: [a.example, "b.example"]\nnode-name: \'n1\'\n',
    },
    settings: [
      ['data-dir', '/srv/rke2', `${config}:2`],
      ['tls-san', 'a.example', `${config}:3`],
      ['tls-san', 'b.example', `${config}:3`],
      ['node-name', 'n1', `${config}:4`],
    ],
  },
  {
    name: 'config.yaml.d is read in name order, the last value wins, key+ appends, other suffixes are not read',
    tree: {
      [config]: 'tls-san:\n  - a\nnode-name: one\ncluster-domain: first.example\n',
      [`${config}.d/20-b.yml`]: 'tls-san+: c\nnode-name: three\n',
      [`${config}.d/10-a.yaml`]: 'tls-san+:\n- b\nnode-name: two\n',
      [`${config}.d/30-c.yaml.bak`]: 'node-name: four\n',
      [`${config}.d/99-directory.yaml`]: { directory: true },
    },
    settings: [
      ['tls-san', 'a', `${config}:2`],
      ['tls-san', 'b', `${config}.d/10-a.yaml:2`],
      ['tls-san', 'c', `${config}.d/20-b.yml:1`],
      ['node-name', 'three', `${config}.d/20-b.yml:2`],
      ['cluster-domain', 'first.example', `${config}:4`],
    ],
  },
  {
    name: 'a list without + in a later file replaces the earlier one',
    tree: { [config]: 'tls-san: [a, b]\n', [`${config}.d/1.yaml`]: 'tls-san: [c]\n' },
    settings: [['tls-san', 'c', `${config}.d/1.yaml:1`]],
  },
  {
    name: 'config.yaml.d counts without a config.yaml, and an empty value falls back',
    tree: { [`${config}.d/1.yaml`]: 'node-name:\ndata-dir: /a\n' },
    settings: [
      ['data-dir', '/a', `${config}.d/1.yaml:2`],
      ['node-name', 'node-1.example.org', 'host name'],
    ],
  },
  {
    name: 'environment files are weaker than config.yaml, later ones beat earlier ones',
    tree: {
      '/etc/default/rke2-server': 'RKE2_DATA_DIR=/from/default\nRKE2_NODE_NAME="from env"\n',
      '/etc/sysconfig/rke2-server': '# x\nRKE2_DATA_DIR=/from/sysconfig\n',
      '/usr/local/lib/systemd/system/rke2-server.env': 'HOME=/root\n',
      [config]: 'node-name: from-file\n',
    },
    settings: [
      ['data-dir', '/from/sysconfig', '/etc/sysconfig/rke2-server:2'],
      ['node-name', 'from-file', `${config}:1`],
    ],
  },
  {
    name: 'arguments of the unit beat the file, and their lists add to the file’s',
    tree: {
      [config]: 'data-dir: /from/file\ntls-san: a\n',
      '/usr/local/lib/systemd/system/rke2-server.service': unitText(
        "ExecStart=/usr/local/bin/rke2 \\\n  server \\\n\t'--data-dir' \\\n\t'/from args' \\\n  --tls-san=b --disable-etcd \\\n",
      ),
    },
    settings: [
      ['data-dir', '/from args', '/usr/local/lib/systemd/system/rke2-server.service:7'],
      ['tls-san', 'a', `${config}:2`],
      ['tls-san', 'b', '/usr/local/lib/systemd/system/rke2-server.service:9'],
      ['disable-etcd', 'true', '/usr/local/lib/systemd/system/rke2-server.service:9'],
    ],
  },
  {
    name: 'a drop-in replaces ExecStart after an empty one and adds an environment file',
    tree: {
      '/usr/lib/systemd/system/rke2-server.service': unitText('ExecStart=/usr/bin/rke2 server -d /old'),
      '/etc/systemd/system/rke2-server.service.d/50-args.conf':
        '[Service]\nEnvironment="RKE2_NODE_NAME=from-drop-in" X=y\nEnvironmentFile=-/etc/rke2/%p.env\nExecStart=\nExecStart=/usr/bin/rke2 server -d ${BIG}/rke2 $EXTRA\n',
      '/etc/rke2/rke2-server.env': 'BIG=/srv\nEXTRA="--tls-san x --tls-san y"\n',
      '/run/systemd/system/rke2-server.service.d/50-args.conf': '[Service]\nExecStart=/hidden server -d /hidden\n',
    },
    settings: [
      ['data-dir', '/srv/rke2', '/etc/systemd/system/rke2-server.service.d/50-args.conf:5'],
      ['node-name', 'from-drop-in', '/etc/systemd/system/rke2-server.service.d/50-args.conf:2'],
      ['tls-san', 'x', '/etc/systemd/system/rke2-server.service.d/50-args.conf:5'],
      ['tls-san', 'y', '/etc/systemd/system/rke2-server.service.d/50-args.conf:5'],
    ],
  },
  {
    name: 'the unit in /etc hides the one of the package',
    tree: {
      '/usr/lib/systemd/system/rke2-server.service': unitText('ExecStart=/usr/bin/rke2 server -d /package'),
      '/etc/systemd/system/rke2-server.service': unitText('ExecStart=/usr/bin/rke2 server -d /local'),
    },
    settings: [['data-dir', '/local', '/etc/systemd/system/rke2-server.service:5']],
  },
  {
    name: '--config names another file, with its own drop-in directory',
    tree: {
      [config]: 'data-dir: /ignored\n',
      '/srv/rke2.yaml': 'data-dir: /a\n',
      '/srv/rke2.yaml.d/x.yaml': 'data-dir: /b\n',
      '/etc/systemd/system/rke2-server.service': unitText('ExecStart=/usr/bin/rke2 server --config /srv/rke2.yaml'),
    },
    settings: [['data-dir', '/b', '/srv/rke2.yaml.d/x.yaml:1']],
  },
  {
    name: 'RKE2_CONFIG_FILE beats --config',
    tree: {
      '/srv/env.yaml': 'data-dir: /env\n',
      '/srv/arg.yaml': 'data-dir: /arg\n',
      '/etc/default/rke2-server': 'RKE2_CONFIG_FILE=/srv/env.yaml\n',
      '/etc/systemd/system/rke2-server.service': unitText(
        'EnvironmentFile=-/etc/default/%N\nExecStart=/usr/bin/rke2 server -c /srv/arg.yaml',
      ),
    },
    settings: [['data-dir', '/env', '/srv/env.yaml:1']],
  },
  {
    name: 'K3s has its own file names and variables',
    unit: 'k3s',
    tree: {
      '/etc/systemd/system/k3s.service.env': "K3S_DATA_DIR='/srv/k3s'\nRKE2_DATA_DIR=/no\n",
      '/etc/rancher/k3s/config.yaml': 'tls-san: k.example\n',
      [config]: 'tls-san: r.example\n',
    },
    settings: [
      ['data-dir', '/srv/k3s', '/etc/systemd/system/k3s.service.env:1'],
      ['tls-san', 'k.example', '/etc/rancher/k3s/config.yaml:1'],
    ],
  },
  {
    name: 'YAML beyond the simple subset is read too: anchors, folded text, later documents, duplicate keys',
    tree: {
      [config]:
        'x: &names\n  - a.example\n  - b.example\ntls-san: *names\nnode-name: first\nnode-name: >-\n  second\nkube-apiserver-arg:\n  - {a: b}\n---\nnode-name: other document\n',
    },
    settings: [
      ['tls-san', 'a.example', `${config}:2`],
      ['tls-san', 'b.example', `${config}:3`],
      ['node-name', 'second', `${config}:6`],
    ],
  },
];

for (const { name, unit = 'rke2-server', tree, settings } of cases) {
  test(`effective configuration: ${name}`, (t) => {
    const keys = new Set(settings.map(([key]) => key));
    const actual = resolved(t, tree, { unit }).settings.filter((setting: Setting) => keys.has(setting.key));
    const compare = (a: Setting, b: Setting): number => a.key.localeCompare(b.key);
    t.deepEqual(
      actual.toSorted(compare),
      settings.map(([key, value, origin]) => ({ key, value, origin })).toSorted(compare),
    );
  });
}

test('effective configuration: the data directory of certmend’s own configuration beats all others', (t) => {
  const layout = resolved(t, { [config]: 'data-dir: /a\n' }, { unit: 'rke2-server', dataDir: '/b/./c/../d//' });
  t.is(layout.dataDir, '/b/d');
});

const broken: readonly (readonly [name: string, content: Content, where: string])[] = [
  ['an unclosed quote', 'node-name: a\ntls-san: "oops\n', `${config}:`],
  ['a tab for indentation', 'tls-san:\n\t- a\n', `${config}:`],
  ['a list at the top', '- a\n- b\n', `${config}:1`],
  ['a scalar at the top', 'just text\n', `${config}:1`],
  ['binary', Buffer.from([0xff, 0xfe, 0x00, 0x80]), config],
  ['control characters', 'a: \u0000\u0001\n', config],
  ['an unknown alias', 'tls-san: *nowhere\n', `${config}:`],
  ['deep nesting', `a: ${'['.repeat(20_000)}`, config],
  ['an alias bomb', bomb(), config],
  ['too many aliases', `a: &x 1\ntls-san:\n${'- *x\n'.repeat(10_000)}`, config],
  ['size', `#${'x'.repeat(300_000)}`, config],
  ['a directory', { directory: true }, config],
  ['a file that cannot be read', { unreadable: 'cannot be read: EIO' }, config],
  ['a dangling link', { link: '/nowhere' }, config],
];

for (const [name, content, where] of broken) {
  test(`effective configuration: ${name} is a refusal that names the file, never an exception`, (t) => {
    const answer = resolveLayout({ unit: 'rke2-server' }, memoryReader({ [config]: content }), host);
    if (name === 'an alias bomb' || name === 'control characters') {
      // Legal as far as the products' settings go; it only must not blow up.
      t.true(answer.ok || answer.problem.startsWith(where));
      return;
    }
    refused(t.fail.bind(t), answer, (problem) => t.true(problem.startsWith(where), problem));
  });
}

test('effective configuration: a problem never quotes the file', (t) => {
  const secret = 'sesame-open';
  for (const text of [
    `token: ${secret}\n ${secret}: "\n`,
    `token: "${secret}\n`,
    `${secret}\n- x`,
    `a: *${secret}\n`,
  ]) {
    const answer = resolveLayout({ unit: 'rke2-server' }, memoryReader({ [config]: text }), host);
    t.false(answer.ok);
    t.false(JSON.stringify(answer).includes(secret));
  }
});

test('effective configuration: a file behind a URL is refused, since certmend uses no network', (t) => {
  const reader = memoryReader({ '/etc/default/rke2-server': 'RKE2_CONFIG_FILE=https://config.example/rke2\n' });
  const answer = resolveLayout({ unit: 'rke2-server' }, reader, host);
  refused(t.fail.bind(t), answer, (problem) => t.regex(problem, /URL/));
});

function refused(fail: (message: string) => void, answer: LayoutAnswer, check: (problem: string) => void): void {
  if (answer.ok) fail('the layout was resolved');
  else check(answer.problem);
}

function bomb(): string {
  const levels = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 12; level += 1) {
    const before = `*a${String(level - 1)}`;
    levels.push(`a${String(level)}: &a${String(level)} [${Array.from({ length: 9 }, () => before).join(', ')}]`);
  }
  return `${levels.join('\n')}\ntls-san: *a11\n`;
}
