import { chmodSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CertmendError } from '../../src/error.ts';
import { adoptLive } from '../../src/generation/material-set.ts';
import { storedPath } from '../../src/generation/manifest.ts';
import { opensslFingerprint, opensslValidity } from '../fixtures/openssl.ts';
import type { Tree } from '../fixtures/tree.ts';
import { inventoryOf, keepLive, nodeFor, storeOn } from './node.ts';

const generations = '/var/lib/certmend/generations';

function readStored(tree: Tree, number: number, path: string): string {
  const manifest = storeOn(tree).manifest(number);
  const file = manifest?.files.find((candidate) => candidate.path === path);
  return tree.host(storedPath(number, file ?? { stored: 'no such file' }));
}

test('store writes a generation that reads back as the files it was made of', (t) => {
  const tree = nodeFor(t);
  const files = adoptLive(inventoryOf(tree));
  const manifest = keepLive(tree, 7);
  t.is(manifest.number, 7);
  t.is(manifest.createdAt, '2027-12-05T03:04:05.678Z');
  const loaded = storeOn(tree).load(7);
  t.true(loaded.ok);
  if (loaded.ok) {
    t.deepEqual(loaded.manifest, manifest);
    t.deepEqual(loaded.files, files);
  }
});

test('store keeps everything private, as on the node below files/', (t) => {
  const tree = nodeFor(t);
  keepLive(tree, 1);
  const root = tree.host(`${generations}/1`);
  t.deepEqual(readdirSync(root), ['files', 'manifest.json']);
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const mode = statSync(join(entry.parentPath, entry.name)).mode & 0o777;
    t.is(mode, entry.isDirectory() ? 0o700 : 0o600, join(entry.parentPath, entry.name));
  }
  t.is(statSync(tree.host('/var/lib/certmend')).mode & 0o777, 0o700);
  const key = tree.leaf('client-admin').keyPath;
  t.true(readStored(tree, 1, key).endsWith('/files/server/tls/client-admin.key'));
  t.deepEqual(readFileSync(readStored(tree, 1, key)), readFileSync(tree.host(key)));
});

test('store takes fingerprints and validity that openssl agrees with', (t) => {
  const tree = nodeFor(t);
  const manifest = keepLive(tree, 1);
  const { certificatePath } = tree.leaf('etcd/server-client');
  const file = manifest.files.find(({ path }) => path === certificatePath);
  t.is(file?.fingerprint256, opensslFingerprint(tree.host(certificatePath)));
  const { notBefore, notAfter } = opensslValidity(tree.host(certificatePath));
  t.is(Date.parse(manifest.notBefore), notBefore);
  t.is(Date.parse(manifest.notAfter), notAfter);
  t.true(
    manifest.files.every(({ role, fingerprint256 }) => (role === 'certificate') === (fingerprint256 !== undefined)),
  );
});

test('store ends the validity of a set with the authority in its chains', (t) => {
  const now = Date.parse('2027-06-01T00:00:00Z');
  const end = Date.parse('2027-09-01T00:00:00Z');
  const tree = nodeFor(t, { now, authority: { notBefore: now - 400 * 86_400_000, notAfter: end } });
  t.is(Date.parse(keepLive(tree, 1).notAfter), end);
});

test('store holds no key material in a manifest', (t) => {
  const tree = nodeFor(t);
  const text = JSON.stringify(keepLive(tree, 1));
  t.notRegex(text, /PRIVATE|BEGIN/);
  for (const line of readFileSync(tree.host(tree.leaf('client-admin').keyPath), 'utf8')
    .split('\n')
    .slice(1, 3))
    t.false(text.includes(line));
});

test('store lists in order of number, damaged ones with their problem', (t) => {
  const tree = nodeFor(t);
  keepLive(tree, 10);
  keepLive(tree, 2);
  mkdirSync(tree.host(`${generations}/3`), { mode: 0o700 });
  writeFileSync(tree.host(`${generations}/note.txt`), 'not a generation');
  const list = storeOn(tree).list();
  t.deepEqual(
    list.map(({ number, ok }) => [number, ok]),
    [
      [2, true],
      [3, false],
      [10, true],
    ],
  );
  t.is(list[1]?.ok === false ? list[1].problem : '', 'it has no manifest');
});

test('store never writes over a generation', (t) => {
  const tree = nodeFor(t);
  keepLive(tree, 1);
  const before = readFileSync(tree.host(`${generations}/1/manifest.json`));
  const error = t.throws(() => keepLive(tree, 1), { instanceOf: CertmendError });
  t.is(error?.code, 'GenerationDamaged');
  t.deepEqual(readFileSync(tree.host(`${generations}/1/manifest.json`)), before);
});

test('store removes a generation whole, and is silent about one that is not there', (t) => {
  const tree = nodeFor(t);
  keepLive(tree, 1);
  keepLive(tree, 2);
  storeOn(tree).remove(1);
  storeOn(tree).remove(1);
  t.deepEqual(readdirSync(tree.host(generations)), ['2']);
});

test('store removes what a crash left half made or half removed, before it writes and when it is asked', (t) => {
  const tree = nodeFor(t);
  keepLive(tree, 1);
  const leave = (): void => {
    for (const name of ['.2.certmend-making', '.3.certmend-removing']) {
      mkdirSync(tree.host(`${generations}/${name}/files/server`), { recursive: true });
      writeFileSync(tree.host(`${generations}/${name}/files/server/a.key`), 'x');
    }
  };
  leave();
  t.deepEqual(storeOn(tree).cleanUp(), ['.2.certmend-making', '.3.certmend-removing']);
  t.deepEqual(readdirSync(tree.host(generations)), ['1']);
  leave();
  keepLive(tree, 2);
  t.deepEqual(readdirSync(tree.host(generations)), ['1', '2']);
});

/** Every way to tamper with generation 1 that must not pass. */
const tampering: Readonly<Record<string, (tree: Tree, t: ExecutionContext) => void>> = {
  'one byte of a key changed': (tree) => {
    const path = readStored(tree, 1, tree.leaf('client-admin').keyPath);
    const bytes = readFileSync(path);
    bytes[60] = (bytes[60] ?? 0) ^ 1;
    writeFileSync(path, bytes);
  },
  'a certificate swapped for another of the set': (tree) => {
    writeFileSync(
      readStored(tree, 1, tree.leaf('client-admin').certificatePath),
      readFileSync(readStored(tree, 1, tree.leaf('client-controller').certificatePath)),
    );
  },
  'a file gone': (tree) => {
    rmSync(readStored(tree, 1, tree.leaf('client-admin').keyPath));
  },
  'a file added': (tree) => {
    writeFileSync(tree.host(`${generations}/1/files/server/tls/extra.crt`), 'x', { mode: 0o600 });
  },
  'a directory added': (tree) => {
    mkdirSync(tree.host(`${generations}/1/files/other`), { mode: 0o700 });
  },
  'a file replaced by a symlink to the same bytes': (tree) => {
    const { keyPath } = tree.leaf('client-admin');
    const path = readStored(tree, 1, keyPath);
    rmSync(path);
    symlinkSync(tree.host(keyPath), path);
  },
  'a key readable by others': (tree) => {
    chmodSync(readStored(tree, 1, tree.leaf('client-admin').keyPath), 0o644);
  },
  'a directory open to others': (tree) => {
    chmodSync(dirname(readStored(tree, 1, tree.leaf('client-admin').keyPath)), 0o755);
  },
  'a target path changed in the manifest': (tree) => {
    const path = tree.host(`${generations}/1/manifest.json`);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('/server/tls/client-admin.key"', '/server/tls/server-ca.key"'));
  },
  'a stored path that climbs out': (tree) => {
    const path = tree.host(`${generations}/1/manifest.json`);
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('"files/server/tls/client-admin.key"', '"files/../../2/files/x"'));
  },
  'the number changed in the manifest': (tree) => {
    const path = tree.host(`${generations}/1/manifest.json`);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"number": 1', '"number": 2'));
  },
  'the manifest empty': (tree) => {
    writeFileSync(tree.host(`${generations}/1/manifest.json`), '');
  },
  'the manifest gone': (tree) => {
    rmSync(tree.host(`${generations}/1/manifest.json`));
  },
};

for (const [name, tamper] of Object.entries(tampering)) {
  test(`store does not load a generation with ${name}`, (t) => {
    const tree = nodeFor(t);
    keepLive(tree, 1);
    t.true(storeOn(tree).load(1).ok);
    tamper(tree, t);
    const loaded = storeOn(tree).load(1);
    t.false(loaded.ok);
    t.log(loaded.ok ? '' : loaded.problem);
  });
}

test('store says that a generation is not there', (t) => {
  const tree = nodeFor(t);
  t.deepEqual(storeOn(tree).list(), []);
  t.deepEqual(storeOn(tree).load(1), { ok: false, problem: 'it does not exist' });
  t.is(storeOn(tree).manifest(1), undefined);
});
