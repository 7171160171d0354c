import { hash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { builtModule } from '../cli/built-module.ts';
import { runBuilt } from '../cli/built.ts';
import { fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import type { Tree } from '../fixtures/tree.ts';
import type { HealthyLook } from '../../src/state/healthy-look.ts';
import { temporaryTree } from './temporary-tree.ts';

/* The boot hook's shortest way, in the program that ships: taken where all is as it was, and nowhere else. */

const { asBefore } = builtModule<typeof import('../../src/as-before.ts')>('src/as-before.ts');
const { readBootArguments } =
  builtModule<typeof import('../../src/cli/boot-arguments.ts')>('src/cli/boot-arguments.ts');
const { composeDaemon } = builtModule<typeof import('../../src/composition-daemon.ts')>('src/composition-daemon.ts');

const kept = 'var/lib/certmend/healthy-look.json';
const line = (tree: Tree, ...more: readonly string[]): string[] => [
  '--root',
  tree.root,
  'prestart',
  '--unit',
  tree.unit,
  ...more,
];
const shortWay = (tree: Tree, ...more: readonly string[]): string | undefined =>
  asBefore(readBootArguments(line(tree, ...more)));

/** A node that was found healthy: one run remembers its certificates, and that there was nothing to do. */
async function lookedAt(t: ExecutionContext, change: (tree: Tree) => void = () => undefined): Promise<Tree> {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  change(tree);
  t.is((await runBuilt(line(tree, '--strict'))).status, 0);
  t.true(existsSync(join(tree.root, kept)));
  return tree;
}

function lookOf(tree: Tree): HealthyLook {
  return JSON.parse(readFileSync(join(tree.root, kept), 'utf8').split('\n')[1] ?? '') as HealthyLook;
}

function rewrite(tree: Tree, change: Partial<HealthyLook>): void {
  const text = JSON.stringify({ ...lookOf(tree), ...change });
  writeFileSync(join(tree.root, kept), `${hash('sha256', text, 'hex')}\n${text}\n`);
}

test('a boot hook that finds all as it was says the same as on its ordinary way, and writes nothing', async (t) => {
  const tree = await lookedAt(t);
  const before = fingerprintTree(tree.root);
  const short = shortWay(tree);
  t.regex(short ?? '', /^nothing to do · .* · \d+ ms\n$/);
  const hook = await runBuilt(line(tree, '--strict'));
  t.is(hook.status, 0);
  t.deepEqual(fingerprintTree(tree.root), before);
  rmSync(join(tree.root, kept));
  const ordinary = await runBuilt(line(tree, '--strict'));
  for (const said of [hook.stdout, short ?? ''])
    t.is(said.replace(/\d+ ms/, ''), ordinary.stdout.replace(/\d+ ms/, ''));
});

test('every file of the node counts: its bytes, its mode, its owner, and that it is there', async (t) => {
  const tree = await lookedAt(t);
  const files = [...fingerprintTree(tree.root)].flatMap(([path, { kind }]) =>
    kind === 'file' && !path.endsWith(kept) ? [path] : [],
  );
  const asked = new Set(lookOf(tree).questions.flatMap(([operation, path]) => (operation === 'read' ? [path] : [])));
  const own = files.filter((path) => path.startsWith('/var/lib/rancher/') || path.endsWith('dynamic-cert.json'));
  t.true(own.length > 50, String(own.length));
  // What nobody reads is none of a node's certificates, and only its name is known.
  t.true(own.filter((path) => !asked.has(path)).length < 8, own.filter((path) => !asked.has(path)).join(' '));
  for (const path of own.filter((one) => asked.has(one))) {
    const host = join(tree.root, path);
    const bytes = readFileSync(host);
    const { mode, atime, mtime } = statSync(host);
    const is = (what: string): void => {
      t.is(shortWay(tree), undefined, `${path}: ${what}`);
    };
    // One bit, equal length, and the times as they were: what a torn block of a power cut looks like.
    const torn = Buffer.from(bytes);
    torn[torn.length >> 1] = (torn[torn.length >> 1] ?? 0) ^ 1;
    if (bytes.length > 0) {
      writeFileSync(host, torn);
      utimesSync(host, atime, mtime);
      is('one bit');
      writeFileSync(host, bytes);
    }
    chmodSync(host, (mode & 0o777) ^ 0o040);
    is('mode');
    chmodSync(host, mode & 0o777);
    if (process.getuid?.() === 0) {
      chownSync(host, 1, 0);
      is('owner');
      chownSync(host, 0, 0);
    }
    renameSync(host, `${host}.away`);
    is('away');
    renameSync(`${host}.away`, host);
  }
  t.not(shortWay(tree), undefined, 'all is back, and times say nothing');
});

const tls = (tree: Tree, name: string): string => tree.host(`${tree.dataDir}/server/tls/${name}`);
const changes: Readonly<Record<string, (tree: Tree) => void>> = {
  'there is one file more beside the certificates': (tree) => {
    copyFileSync(tls(tree, 'client-admin.crt'), tls(tree, 'client-extra.crt'));
  },
  'a certificate is a link to the same bytes': (tree) => {
    renameSync(tls(tree, 'client-admin.crt'), tls(tree, 'client-admin.real'));
    symlinkSync('client-admin.real', tls(tree, 'client-admin.crt'));
  },
  'the configuration of the product has one drop-in more': (tree) => {
    mkdirSync(tree.host('/etc/rancher/rke2/config.yaml.d'), { recursive: true });
    writeFileSync(tree.host('/etc/rancher/rke2/config.yaml.d/60.yaml'), 'tls-san: [other.example]\n');
  },
  'certmend has a configuration': (tree) => {
    mkdirSync(tree.host('/etc/certmend'), { recursive: true });
    writeFileSync(tree.host('/etc/certmend/config.yaml'), 'renewal: {renewBefore: 400d}\n');
  },
  'a commit was interrupted': (tree) => {
    writeFileSync(tree.host('/var/lib/certmend/journal.json'), '');
  },
  'a killed run left something': (tree) => {
    mkdirSync(tree.host('/var/lib/certmend/generations/.7.certmend-making'), { recursive: true });
  },
  'the state is gone': (tree) => {
    rmSync(tree.host('/var/lib/certmend/dynamic-cert.json'));
  },
  'the node has another name': (tree) => {
    writeFileSync(tree.host('/etc/hostname'), 'other\n');
  },
  'it is another machine': (tree) => {
    writeFileSync(tree.host('/etc/machine-id'), `${'0'.repeat(31)}1\n`);
  },
  'it was made by another program': (tree) => {
    rewrite(tree, { program: '0'.repeat(64) });
  },
  'it is earlier than when that was seen': (tree) => {
    rewrite(tree, { from: Date.now() + 60_000 });
  },
  'its time is over': (tree) => {
    rewrite(tree, { until: Date.now() - 1 });
  },
  'what is remembered was cut off': (tree) => {
    truncateSync(join(tree.root, kept), statSync(join(tree.root, kept)).size - 20);
  },
  'what is remembered is zeros': (tree) => {
    writeFileSync(join(tree.root, kept), Buffer.alloc(statSync(join(tree.root, kept)).size));
  },
  'one byte of what is remembered is another one': (tree) => {
    const bytes = readFileSync(join(tree.root, kept));
    bytes[bytes.length - 300] = (bytes[bytes.length - 300] ?? 0) ^ 1;
    writeFileSync(join(tree.root, kept), bytes);
  },
  'others may write what is remembered': (tree) => {
    chmodSync(join(tree.root, kept), 0o666);
  },
};
for (const [what, change] of Object.entries(changes)) {
  test(`the boot hook looks closely when ${what}`, async (t) => {
    const tree = await lookedAt(t);
    t.not(shortWay(tree), undefined);
    change(tree);
    t.is(shortWay(tree), undefined);
  });
}

test('the boot hook looks closely for another unit, another root, another form of its answer and another configuration', async (t) => {
  const tree = await lookedAt(t);
  writeFileSync(join(tree.root, 'own.yaml'), '{}\n');
  t.is(shortWay(tree, '-o', 'json'), undefined);
  t.is(shortWay(tree, '--config', join(tree.root, 'own.yaml')), undefined);
  t.is(asBefore(readBootArguments(['--root', tree.root, 'prestart', '--unit', 'other'])), undefined);
  t.is(asBefore(readBootArguments(['--root', tree.root, 'daemon'])), undefined);
  const copy = `${tree.root}-copy`;
  cpSync(tree.root, copy, { recursive: true, preserveTimestamps: true });
  t.teardown(() => {
    rmSync(copy, { recursive: true });
  });
  t.is(asBefore(readBootArguments(['--root', copy, 'prestart', '--unit', tree.unit])), undefined);
});

test('what the boot hook finds after its shortest way was right is healed as ever', async (t) => {
  const tree = await lookedAt(t);
  truncateSync(tls(tree, 'serving-kube-apiserver.crt'), 0);
  const healed = await runBuilt(line(tree, '--strict'));
  t.is(healed.status, 0, healed.stderr);
  t.regex(healed.stdout, /^repaired/);
  t.is(shortWay(tree), undefined, 'of the time before');
  // Its first look at what it has made remembers it.
  for (let run = 0; run < 2; run += 1) t.is((await runBuilt(line(tree, '--strict'))).status, 0);
  t.not(shortWay(tree), undefined);
});

for (const [what, leaf] of [
  ['expired', 'expired'],
  ['due', { notBefore: Date.now() - 300 * 86_400_000, notAfter: Date.now() + 60 * 86_400_000 }],
] as const) {
  test(`nothing is remembered of a node whose certificates are ${what}`, async (t) => {
    const tree = temporaryTree(t, { leaf });
    writeFileSync(join(tree.root, 'off.yaml'), '');
    mkdirSync(tree.host('/etc/certmend'), { recursive: true });
    writeFileSync(tree.host('/etc/certmend/config.yaml'), 'boot: {enabled: false}\n');
    for (let run = 0; run < 2; run += 1) await runBuilt(line(tree));
    t.false(existsSync(join(tree.root, kept)));
  });
}

test('what is remembered ends before anything is due, a day after the state was saved at the latest', async (t) => {
  const tree = await lookedAt(t);
  const state = JSON.parse(readFileSync(tree.host('/var/lib/certmend/dynamic-cert.json'), 'utf8')) as {
    readonly lastCheck: string;
  };
  const { from, until } = lookOf(tree);
  t.true(from <= Date.now() && until <= Date.parse(state.lastCheck) + 86_400_000);
});

test('what is remembered holds no key, no secret and no digest of a single file', async (t) => {
  const tree = await lookedAt(t);
  const text = readFileSync(join(tree.root, kept), 'utf8');
  t.is(lstatSync(join(tree.root, kept)).mode & 0o777, 0o600);
  for (const [path, { kind, content }] of fingerprintTree(tree.root)) {
    if (kind !== 'file' || path.endsWith(kept)) continue;
    t.false(text.includes(content), path);
    const bytes = readFileSync(join(tree.root, path), 'utf8').trim();
    if (/\.key$|token$/.test(path) && bytes.length > 20) t.false(text.includes(bytes.slice(0, 60)), path);
  }
});

test('where nothing can be remembered the boot hook does without', async (t) => {
  const tree = await lookedAt(t);
  rmSync(join(tree.root, kept));
  mkdirSync(join(tree.root, kept));
  appendFileSync(join(tree.root, kept, 'in-the-way'), '');
  const before = fingerprintTree(tree.root);
  t.is((await runBuilt(line(tree, '--strict'))).status, 0);
  t.deepEqual(fingerprintTree(tree.root), before);
});

test('the daemon remembers for the boot hook, as its drop-in runs it, after a check', async (t) => {
  const tree = temporaryTree(t, { leaf: 'fresh' });
  await runBuilt(line(tree, '--strict'));
  const silent = { write: () => undefined, isTerminal: false, columns: undefined };
  const daemon = await composeDaemon(
    { root: tree.root, config: undefined, output: 'table', verbose: false, believeClock: false },
    { stdout: silent, stderr: silent, env: {}, confirm: undefined, damagedParts: () => [] },
  );
  t.teardown(() => daemon.close());
  const loaded = await daemon.load();
  await loaded.rememberLook?.('rke2-server');
  const hook = ['--root', tree.root, 'prestart', '--unit', 'rke2-server.service'];
  t.not(asBefore(readBootArguments(hook)), undefined);
  t.is(dirname(kept), 'var/lib/certmend');
  // What is in its way fails no check: it only saves time.
  rmSync(tree.root, { recursive: true });
  await t.notThrowsAsync(async () => loaded.rememberLook?.('rke2-server'));
});
