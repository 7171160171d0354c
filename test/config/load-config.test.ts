import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { Config } from '../../src/config/config.ts';
import { defaultConfig } from '../../src/config/default-config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { CertmendError } from '../../src/error.ts';
import { createFileReader } from '../../src/system/files/node-file-reader.ts';

const main = '/etc/certmend/config.yaml';

function rootWith(t: ExecutionContext, files: Readonly<Record<string, string | Uint8Array>>): string {
  const root = mkdtempSync(join(tmpdir(), 'certmend-config-'));
  t.teardown(() => {
    rmSync(root, { recursive: true, force: true });
  });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

async function load(t: ExecutionContext, files: Readonly<Record<string, string>>, path?: string): Promise<Config> {
  return loadConfig(createFileReader(rootWith(t, files)), path);
}

/** Places and first words of the problems, in order: the message is for people and may be worded anew. */
async function problems(t: ExecutionContext, root: string, path?: string): Promise<readonly string[]> {
  const error = await t.throwsAsync(loadConfig(createFileReader(root), path), { instanceOf: CertmendError });
  t.is(error.code, 'ConfigInvalid');
  t.is(error.exit, 78);
  return error.message
    .split('\n')
    .slice(1)
    .map((line) => line.trim());
}

test('loadConfig gives the defaults when there is nothing', async (t) => {
  t.is(await load(t, {}), defaultConfig);
});

test('loadConfig gives the defaults for files that say nothing', async (t) => {
  for (const text of ['', '# all comments\n', '---\n', 'boot:\n', 'boot:\n  deadline:\nlayout:\n', '{}', '\ufeff{}'])
    t.deepEqual(await load(t, { [main]: text }), defaultConfig, JSON.stringify(text));
});

test('loadConfig reads every key', async (t) => {
  const text = `
layout: custom-server
unit: custom.service
dataDir: /data/rke2/
boot: { enabled: false, deadline: 65s }
renewal: { renewBefore: 36h, critical: 21d, validity: 400d }
live: { enabled: false, renewBefore: 40d, emergencyBefore: 10d }
maintenance: { windows: ['Sat..Sun 02:00-06:00', '22:00-04:00 Europe/Berlin'] }
restart: { hung: true }
authority: { warning: 200d, critical: 50d }
standby: { enabled: false }
retention: 5
clock: { maxOfflineGap: 730d, maxWait: 1m }
check: { acknowledged: ['server/tls/*.bak', /srv/] }
brake: { maxCommitsPerDay: 2 }
audit: { maxFileSize: 1MiB }
backup: { recipients: [age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq], to: /mnt/backup/, every: 12h, keep: 5, maxAge: 20d }
daemon: { checkInterval: 10m }
metrics: { textfile: /var/lib/node-exporter/certmend.prom, listen: '127.0.0.1:9745' }
notify: { exec: [/usr/local/bin/page, --now], timeout: 5s }
cluster: { report: certificates }
`;
  t.deepEqual(await load(t, { [main]: text }), {
    layout: 'custom-server',
    unit: 'custom.service',
    dataDir: '/data/rke2',
    boot: { enabled: false, deadlineMs: 65_000 },
    renewal: { renewBeforeDays: 1.5, criticalDays: 21, validityDays: 400 },
    live: { enabled: false, renewBeforeDays: 40, emergencyBeforeDays: 10 },
    maintenance: { windows: ['Sat..Sun 02:00-06:00', '22:00-04:00 Europe/Berlin'] },
    restart: { hung: true },
    authority: { warningDays: 200, criticalDays: 50 },
    standby: { enabled: false },
    retention: 5,
    clock: { maxOfflineGapDays: 730, maxWaitMs: 60_000 },
    check: { acknowledged: ['server/tls/*.bak', '/srv/'] },
    brake: { maxCommitsPerDay: 2 },
    audit: { maxFileSizeBytes: 1_048_576 },
    backup: {
      recipients: ['age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq'],
      to: '/mnt/backup',
      everyMs: 43_200_000,
      keep: 5,
      maxAgeDays: 20,
    },
    daemon: { checkIntervalMs: 600_000 },
    metrics: { textfile: '/var/lib/node-exporter/certmend.prom', listen: '127.0.0.1:9745' },
    notify: { exec: ['/usr/local/bin/page', '--now'], timeoutMs: 5000 },
    cluster: { report: 'certificates' },
  });
});

test('loadConfig refuses live settings that make no sense together, and windows that are none', async (t) => {
  const said = async (text: string): Promise<string> => (await problems(t, rootWith(t, { [main]: text }))).join(' ');
  t.regex(await said('live: { renewBefore: 10d, emergencyBefore: 20d }'), /emergencyBefore \(20d\) must not be more/);
  t.regex(await said('live: { renewBefore: 400d }'), /live\.renewBefore \(400d\) must be less than renewal\.validity/);
  t.regex(
    await said('maintenance: { windows: ["Sab 02:00-06:00"] }'),
    /maintenance\.windows must be a list of windows/,
  );
  t.regex(await said('maintenance: { windows: "Sat 02:00-06:00" }'), /must be a list/);
});

test('loadConfig takes one of the words of a setting, and names them all when it is another', async (t) => {
  t.is((await load(t, { [main]: 'cluster: { report: off }\n' })).cluster.report, 'off');
  for (const value of ['Node', 'true', '[node]', '5']) {
    const said = await problems(t, rootWith(t, { [main]: `cluster: { report: ${value} }` }));
    t.regex(said.join(' '), /cluster\.report must be off, node or certificates/, value);
  }
});

test('loadConfig lays drop-ins over the file in the order of their names, key by key', async (t) => {
  const config = await load(t, {
    [main]: 'boot: { deadline: 10s, enabled: false }\nretention: 9\nclock: { maxWait: 1s }\n',
    [`${main}.d/20-b.yaml`]: 'retention: 7\n',
    [`${main}.d/10-a.yaml`]: 'retention: 8\nboot: { deadline: 20s }\n',
    [`${main}.d/.20-b.yaml.swp`]: 'not: read\n',
    [`${main}.d/.30-hidden.yaml`]: 'not: read\n',
    [`${main}.d/30-c.yaml.rpmsave`]: 'not: read\n',
  });
  t.is(config.retention, 7);
  t.deepEqual(config.boot, { enabled: false, deadlineMs: 20_000 });
});

test('loadConfig reads the file that is named, and only that one with its drop-ins', async (t) => {
  const files = { [main]: 'retention: 9\n', '/srv/other.yaml': 'brake: { maxCommitsPerDay: 1 }\n' };
  const config = await load(t, files, '/srv/other.yaml');
  t.is(config.retention, 3);
  t.is(config.brake.maxCommitsPerDay, 1);
});

test('loadConfig refuses a named file that does not exist', async (t) => {
  t.deepEqual(await problems(t, rootWith(t, {}), '/srv/other.yaml'), ['/srv/other.yaml: does not exist']);
});

test('loadConfig reports every problem of every file at once, each with its place', async (t) => {
  const root = rootWith(t, {
    [main]: [
      'retension: 4', // 1: near retention
      'boot:', // 2
      '  enabled: yes', // 3: a word in YAML 1.2
      '  dedline: 60s', // 4: near deadline
      'clock: 5', // 5: a section
      'maxWait: 30s', // 6: at home in clock
      'dataDir: rke2', // 7: not absolute
      'colour: blue', // 8: near nothing
      'authority: { warning: 60d, critical: 90d }', // 9: allowed apart, not together
    ].join('\n'),
    [`${main}.d/10-a.yaml`]: 'retention: 0\nrenewal:\n  validity: 30\n',
    [`${main}.d/20-b.yaml`]: 'boot: [\n',
    [`${main}.d/30-c.yml`]: 'retention: 4\n',
  });
  const lines = await problems(t, root);
  t.deepEqual(
    lines.map((line) =>
      line
        .slice('/etc/certmend/'.length)
        .replace(/(?<=: )(.*?)(; did you mean (.*)\?|; known here.*)?$/, (_all, said: string, _hint, meant?: string) =>
          meant === undefined ? said.split(' ').slice(0, 3).join(' ') : `${said} -> ${meant}`,
        ),
    ),
    [
      'config.yaml.d/30-c.yml: is ignored: its',
      'config.yaml:1:1: unknown key retension -> retention',
      'config.yaml:3:3: boot.enabled must be',
      'config.yaml:4:3: unknown key boot.dedline -> boot.deadline',
      'config.yaml:5:1: clock must be',
      'config.yaml:6:1: unknown key maxWait -> clock.maxWait',
      'config.yaml:7:1: dataDir must be',
      'config.yaml:8:1: unknown key colour',
      'config.yaml.d/10-a.yaml:1:1: retention must be',
      'config.yaml.d/10-a.yaml:3:3: renewal.validity must be',
      'config.yaml.d/20-b.yaml:2:1: is not YAML',
      'config.yaml:9:28: authority.critical (90d) must',
    ],
  );
});

test('loadConfig names the last file that made two values contradict each other', async (t) => {
  const root = rootWith(t, {
    [main]: 'clock: { maxWait: 50s }\n',
    [`${main}.d/10-a.yaml`]: '\nboot:\n  deadline: 40s\n',
  });
  t.regex((await problems(t, root))[0] ?? '', /^\/etc\/certmend\/config\.yaml\.d\/10-a\.yaml:3:3: /);
});

const refused: Readonly<Record<string, string>> = {
  'a list': '- a\n',
  'a word': 'retention\n',
  'a key twice': 'retention: 3\nretention: 4\n',
  'two documents': 'retention: 3\n---\nretention: 4\n',
  'tabs for indentation': 'boot:\n\tdeadline: 5s\n',
  'a merge key': 'boot: &b { enabled: true }\nclock:\n  <<: *b\n',
  'an alias to itself': 'boot: &b\n  deadline: *b\n',
  __proto__: '__proto__: { retention: 5 }\n',
  'a key that is a map': '{ ? { a: b } : c }\n',
  'a fraction': 'retention: 3.5\n',
  'a number too large': 'retention: 1e3\n',
  'a relative data directory': 'dataDir: var/lib\n',
  'a data directory with dots': 'dataDir: /var/lib/../../etc\n',
  'the root as data directory': 'dataDir: /\n',
  'a duration without unit': 'boot: { deadline: 60 }\n',
  'a duration of two units': 'boot: { deadline: 1m30s }\n',
  'a deadline after the end of the boot hook': 'boot: { deadline: 71s }\n',
  'a wait for the clock that is longer than the boot hook': 'clock: { maxWait: 70s }\n',
  'a negative duration': 'clock: { maxWait: -5s }\n',
  'a size in bits': 'audit: { maxFileSize: 1Mb }\n',
  'an address that others can reach': 'metrics: { listen: "0.0.0.0:9745" }\n',
  'a port that does not exist': 'metrics: { listen: "127.0.0.1:70000" }\n',
  'a textfile that the collector would not read': 'metrics: { textfile: /tmp/certmend.txt }\n',
  'a program that is looked up': 'notify: { exec: [page] }\n',
  'no program': 'notify: { exec: [] }\n',
  'a validity that the product would renew at once': 'renewal: { validity: 120d }\n',
  'a window longer than the validity': 'renewal: { renewBefore: 365d }\n',
  'a layout with a path in it': 'layout: ../../etc\n',
  'a null byte': 'dataDir: "/var\\0lib"\n',
};

for (const [name, text] of Object.entries(refused)) {
  test(`loadConfig refuses ${name}`, async (t) => {
    const lines = await problems(t, rootWith(t, { [main]: text }));
    t.true(lines.length >= 1);
    t.true(
      lines.every((line) => /^\/etc\/certmend\/config\.yaml:\d+:\d+: /.test(line)),
      lines.join('\n'),
    );
  });
}

test('loadConfig says why a deadline after the end of the boot hook is refused, and takes the longest one', async (t) => {
  const [line] = await problems(t, rootWith(t, { [main]: 'boot: { deadline: 15m }\n' }));
  t.regex(line ?? '', /boot\.deadline must be a duration from 5s to 70s.*; after 75s \/usr\/bin\/certmend stops/);
  const { boot } = await loadConfig(createFileReader(rootWith(t, { [main]: 'boot: { deadline: 70s }\n' })));
  t.is(boot.deadlineMs, 70_000);
});

test('loadConfig refuses an alias to nothing and names it', async (t) => {
  t.regex(
    (await problems(t, rootWith(t, { [main]: 'retention: *nothing\n' })))[0] ?? '',
    /^\/etc\/certmend\/config\.yaml: .*nothing$/,
  );
});

test('loadConfig refuses what is no readable text file, without a place', async (t) => {
  const places: readonly ((path: string) => void)[] = [
    (path) => {
      mkdirSync(path);
    },
    (path) => {
      execFileSync('mkfifo', [path]);
    },
    (path) => {
      symlinkSync('nowhere', path);
    },
    (path) => {
      writeFileSync(path, new Uint8Array([0xff, 0xfe, 0x00]));
    },
    (path) => {
      writeFileSync(path, '#'.repeat(16 * 1024 + 1));
    },
    (path) => {
      writeFileSync(path, '['.repeat(16_000));
    },
  ];
  for (const place of places) {
    const root = rootWith(t, {});
    mkdirSync(join(root, 'etc/certmend'), { recursive: true });
    place(join(root, main));
    t.regex((await problems(t, root))[0] ?? '', /^\/etc\/certmend\/config\.yaml:(\d+:\d+:)? /);
  }
});

test('loadConfig refuses a file in the place of the drop-in directory', async (t) => {
  const root = rootWith(t, { [`${main}.d`]: '' });
  t.regex((await problems(t, root))[0] ?? '', /^\/etc\/certmend\/config\.yaml\.d: /);
});
