import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test from 'ava';
import { scanDirectory } from '../../src/inventory/scan-directory.ts';
import { createFileReader } from '../../src/system/files/node-file-reader.ts';
import { newKey, signCertificates } from '../fixtures/sign.ts';

const validity = { notBefore: Date.parse('2026-03-01T00:00:00Z'), notAfter: Date.parse('2027-03-01T00:00:00Z') };
const key = newKey('ec');
const [pem = ''] = signCertificates([{ subject: '/CN=a', key, extensions: [] }], { key }, validity, 5n);
const der = Buffer.from(/-----BEGIN [^-]+-----([^-]+)/.exec(pem)?.[1] ?? '', 'base64');

const scratch = test.macro((t, files: Readonly<Record<string, string | Buffer>>, expected: readonly unknown[]) => {
  const root = mkdtempSync(join(tmpdir(), 'certmend-scan-'));
  t.teardown(() => {
    rmSync(root, { recursive: true, force: true });
  });
  mkdirSync(join(root, 'certs'));
  for (const [path, content] of Object.entries(files)) {
    const host = join(root, path);
    mkdirSync(dirname(host), { recursive: true });
    if (typeof content === 'string' && content.startsWith('-> ')) symlinkSync(content.slice(3), host);
    else if (content === 'FIFO') execFileSync('mkfifo', [host]);
    else writeFileSync(host, content);
  }
  const found = scanDirectory('/certs/', createFileReader(root));
  t.deepEqual(
    found.map(({ path, certificates, problems }) => [path, certificates.map(({ notAfter }) => notAfter), problems]),
    expected,
  );
});

const one = [validity.notAfter];

test('scanDirectory finds nothing in an empty directory', scratch, {}, []);
test(
  'scanDirectory looks below, in PEM and DER, by name and by content',
  scratch,
  { 'certs/a.crt': pem, 'certs/b/c/d.CER': der, 'certs/b/plain': pem, 'certs/b/bundle.pem': pem + pem },
  [
    ['/certs/a.crt', one, undefined],
    ['/certs/b/bundle.pem', [...one, ...one], undefined],
    ['/certs/b/c/d.CER', one, undefined],
    ['/certs/b/plain', one, undefined],
  ],
);
test(
  'scanDirectory leaves keys and other files alone',
  scratch,
  { 'certs/a.key': key, 'certs/b.pem': key, 'certs/c.txt': 'text', 'certs/d.pem': '-----BEGIN DH PARAMETERS-----\n' },
  [],
);
test(
  'scanDirectory says which files look like certificates and are none',
  scratch,
  {
    'certs/a.crt': '',
    'certs/b.pem': 'text',
    'certs/c.cer': der.subarray(0, 90),
    'certs/d.crt': pem.slice(0, 90),
    'certs/e.pem': 'FIFO',
  },
  [
    ['/certs/a.crt', [], ['is empty']],
    ['/certs/b.pem', [], ['holds no PEM block']],
    ['/certs/c.cer', [], ['holds no PEM block']],
    ['/certs/d.crt', [], ['block 1 (CERTIFICATE) has no END line']],
    ['/certs/e.pem', [], ['is a FIFO']],
  ],
);
test(
  'scanDirectory follows no link out, and none to a directory',
  scratch,
  {
    'elsewhere/a.crt': pem,
    'certs/in.crt': '-> b/real.crt',
    'certs/b/real.crt': pem,
    'certs/out.crt': '-> ../elsewhere/a.crt',
    'certs/up': '-> ..',
    'certs/loop.pem': '-> loop.pem',
  },
  [
    ['/certs/b/real.crt', one, undefined],
    ['/certs/in.crt', one, undefined],
    ['/certs/loop.pem', [], ['is a symlink that leads back to itself']],
    ['/certs/out.crt', [], ['is a symlink that leads outside /certs']],
  ],
);
test(
  'scanDirectory stops at sixteen directories and says so',
  scratch,
  { [`certs/${'d/'.repeat(16)}a.crt`]: pem, [`certs/${'d/'.repeat(17)}b.crt`]: pem },
  [
    [`/certs/${'d/'.repeat(16)}a.crt`, one, undefined],
    [`/certs/${'d/'.repeat(16)}d`, [], ['is more than 16 directories deep']],
  ],
);
