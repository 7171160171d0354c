import test from 'ava';
import { Encrypter } from 'age-encryption';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTar, writeTar, type TarFile } from '../../src/backup/ustar.ts';
import { runBuilt } from '../cli/built.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { backUp, vaultFor } from './made-backup.ts';

/* Archives that are none: one clear message, and nothing written. */

const file = (name: string, text = 'x'): TarFile => ({
  name,
  bytes: Buffer.from(text),
  mode: 0o600,
  uid: 0,
  gid: 0,
  mtime: 1,
});
const tarOf = (...files: readonly TarFile[]): Buffer => Buffer.concat([...writeTar(files)]);

test('tar is read by GNU tar as it was written, and what GNU tar writes is read', (t) => {
  const deep = `${'d'.repeat(90)}/${'e'.repeat(60)}/f`;
  const files = [file('a/b', 'one'), file(deep, 'two'), file('empty', '')];
  const listed = execFileSync('tar', ['-tf', '-'], { input: tarOf(...files), encoding: 'utf8' });
  t.deepEqual(
    listed.trim().split('\n'),
    files.map(({ name }) => name),
  );
  const read = readTar(tarOf(...files));
  t.deepEqual(
    read.ok ? read.files.map(({ name, bytes }) => [name, Buffer.from(bytes).toString()]) : read,
    files.map(({ name, bytes }) => [name, Buffer.from(bytes).toString()]),
  );
});

test('tar refuses everything that is not a plain file at a plain place', async (t) => {
  const { directory } = await vaultFor(t);
  const inside = join(directory, 'in');
  mkdirSync(inside);
  writeFileSync(join(inside, 'file'), 'x');
  symlinkSync('/etc/shadow', join(inside, 'symlink'));
  linkSync(join(inside, 'file'), join(inside, 'hardlink'));
  execFileSync('mkfifo', [join(inside, 'fifo')]);
  const gnu = (...words: readonly string[]): Buffer =>
    execFileSync('tar', ['-C', inside, '-cf', '-', '--format=ustar', ...words]);
  const refused = (bytes: Buffer, problem: RegExp): void => {
    const read = readTar(bytes);
    t.regex(read.ok ? 'was read' : read.problem, problem);
  };
  refused(gnu('symlink'), /not a regular file/);
  refused(gnu('file', 'hardlink'), /not a regular file/);
  refused(gnu('fifo'), /not a regular file/);
  refused(gnu('.'), /not a regular file/);
  refused(execFileSync('tar', ['-C', '/dev', '-cf', '-', '--format=ustar', 'null']), /not a regular file/);
  refused(gnu('-P', '--transform=s,file,../../etc/cron.d/x,', 'file'), /leads elsewhere/);
  refused(gnu('-P', '--transform=s,file,/etc/cron.d/x,', 'file'), /leads elsewhere/);
  refused(
    execFileSync('tar', ['-C', inside, '-cf', '-', '--format=pax', '--pax-option=comment=x', 'file']),
    /not a regular file/,
  );
  refused(tarOf(file('a'), file('a')), /has a twice/);
  refused(tarOf(file('a'), file('a/b')), /below a file/);
  refused(Buffer.concat([tarOf(file('a')), Buffer.alloc(512, 1)]), /behind its end/);
  const huge = tarOf(file('a'));
  huge.write('77777777777', 124, 'latin1');
  refused(huge, /checksum/);
  const sum = (head: Buffer): void => {
    head.write('        ', 148, 'latin1');
    head.write(
      `${head
        .subarray(0, 512)
        .reduce((all, byte) => all + byte, 0)
        .toString(8)
        .padStart(6, '0')}\0 `,
      148,
      'latin1',
    );
  };
  sum(huge);
  refused(huge, /more than 1048576/);
  const base256 = tarOf(file('a'));
  base256[124] = 0x80;
  sum(base256);
  refused(base256, /a number that is none/);
  const whole = tarOf(file('a', 'x'.repeat(600)), file('b'));
  for (let length = 0; length < whole.length; length += 97)
    t.false(readTar(whole.subarray(0, length)).ok, String(length));
  for (let at = 0; at < 1024; at += 1) {
    const flipped = Buffer.from(whole);
    flipped[at] = (flipped[at] ?? 0) ^ 0x20;
    const read = readTar(flipped);
    // In the data of a file it is for the manifest's digest to find out.
    const isEndOfChecksum = at === 154 || at === 155;
    if (at < 512 && !isEndOfChecksum) t.false(read.ok, `byte ${String(at)}`);
  }
});

test('a backup that is cut short or has any bit flipped gives one clear message, and nothing is written', async (t) => {
  const tree = temporaryTree(t);
  const vault = await vaultFor(t);
  const whole = readFileSync(await backUp(tree.root, vault));
  const empty = join(vault.directory, 'empty');
  mkdirSync(empty);
  const bad = join(vault.directory, 'bad.age');
  const restored = async (bytes: Uint8Array, what: string): Promise<void> => {
    writeFileSync(bad, bytes);
    const ended = await runBuilt([
      '--root',
      empty,
      'backup',
      'restore',
      bad,
      '--identity',
      vault.keyFile,
      '--confirm',
      tree.nodeName,
    ]);
    t.is(ended.status, 77, `${what}: ${ended.stderr}`);
    t.regex(ended.stderr, /^certmend: .*nothing was written\n {2}what to do: .*\n$/, what);
    t.deepEqual(readdirSync(empty), [], what);
  };
  for (const length of [0, 1, 21, 22, 100, 200, 201, 216, 217, 65_536, whole.length - 1])
    await restored(whole.subarray(0, length), `cut at ${String(length)}`);
  for (const at of [0, 30, 60, 100, 150, 190, 201, 215, 230, 40_000, 66_000, whole.length - 1]) {
    const flipped = Buffer.from(whole);
    flipped[at] = (flipped[at] ?? 0) ^ 1;
    await restored(flipped, `flipped at ${String(at)}`);
  }
  await restored(Buffer.concat([whole, Buffer.from('x')]), 'with something behind it');
  await restored(Buffer.from('hello'), 'another file');
});

test('a whole age file that certmend did not make, or that holds what no node has, is refused', async (t) => {
  const tree = temporaryTree(t);
  const vault = await vaultFor(t);
  const empty = join(vault.directory, 'empty');
  mkdirSync(empty);
  const path = join(vault.directory, 'forged.age');
  const forged = async (plain: Uint8Array, message: RegExp): Promise<void> => {
    const encrypter = new Encrypter();
    encrypter.addRecipient(vault.recipient);
    writeFileSync(path, await encrypter.encrypt(plain));
    const ended = await runBuilt([
      '--root',
      empty,
      'backup',
      'restore',
      path,
      '--identity',
      vault.keyFile,
      '--confirm',
      'n',
    ]);
    t.is(ended.status, 77, ended.stderr);
    t.regex(ended.stderr, message);
    t.deepEqual(readdirSync(empty), []);
  };
  const manifest = {
    schema: 1,
    createdAt: '2026-11-28T00:00:00Z',
    certmend: '0',
    node: { nodeName: 'n', machineId: '' },
    layout: 'rke2-server',
    product: 'rke2',
    productVersion: null,
    dataDir: '/var/lib/rancher/rke2',
    unit: 'rke2-server.service',
    directories: [],
  };
  const named = (path: string, text: string) => ({
    path,
    sha256: createHash('sha256').update(text).digest('hex'),
    size: text.length,
    mode: 0o600,
    uid: 0,
    gid: 0,
    modifiedAt: '2026-11-28T00:00:00Z',
  });
  const said = (files: readonly unknown[], more: object = {}) =>
    file('certmend-manifest.json', JSON.stringify({ ...manifest, files, ...more }));
  await forged(Buffer.from('hello'), /ends in the middle/);
  await forged(tarOf(file('etc/passwd')), /does not begin with a manifest/);
  await forged(tarOf(said([]), file('etc/passwd')), /other files than its manifest names/);
  await forged(tarOf(said([named('/etc/shadow', 'x')]), file('etc/passwd')), /does not name/);
  await forged(tarOf(said([named('/etc/passwd', 'y')]), file('etc/passwd')), /its digest differs/);
  await forged(tarOf(said([named('/etc/passwd', 'x')]), file('etc/passwd')), /is in no backup of rke2-server/);
  await forged(tarOf(said([], { schema: 2 })), /newer certmend/);
  await forged(tarOf(said([], { layout: 'no/layout' })), /invalid or missing value at layout/);
  t.false(existsSync(join(tree.root, 'var/lib/certmend')));
});
