import test from 'ava';
import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import type { ExecutionContext } from 'ava';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { literal, number, strictObject, string } from 'zod';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import type { Tree } from '../fixtures/tree.ts';
import { unreadable } from '../fixtures/unreadable.ts';
import { below, type PageElement, parsePage, textOf } from '../report/page-parser.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import { program, runBuilt, startBuilt } from './built.ts';
import { tracesBelow, tracesFound } from './private-keys.ts';

/* `certmend report` of the built program. The page is read as strictly as XML (test/report/page-parser.ts). */

function outside(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'certmend-page-'));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

async function pageOf(tree: Tree): Promise<{ readonly text: string; readonly root: PageElement }> {
  const { status, stdout, stderr } = await runBuilt(['--root', tree.root, 'report', '--html', '-']);
  if (status !== 0) throw new Error(stderr);
  return { text: stdout, root: parsePage(stdout) };
}

function withClass(root: PageElement, name: string): readonly PageElement[] {
  return below(root).filter(({ attributes }) => (attributes['class'] ?? '').split(' ').includes(name));
}

/** The rows of the picture: what they are about, and in which colours their bars are. */
function bars(root: PageElement): ReadonlyMap<string, string> {
  return new Map(
    withClass(root, 'row').map((row) => [
      textOf(withClass(row, 'id')[0] ?? row).trim(),
      below(row)
        .filter(({ name }) => name === 'rect')
        .map(({ attributes }) => attributes['class'])
        .join('+'),
    ]),
  );
}

test('report shows health, ends, chains, what happens and what happened, and changes nothing on the node', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  await runBuilt(['--root', tree.root, 'prestart', '--unit', tree.unit]);
  await runBuilt(['--root', tree.root, 'standby', 'prepare']);
  const before = fingerprintTree(tree.root);
  const { text, root } = await pageOf(tree);
  t.deepEqual(changedPaths(before, fingerprintTree(tree.root)), []);
  t.regex(
    textOf(withClass(root, 'verdict')[0] ?? root),
    /^\s*healthy\s+27 certificates\s+next: client-admin in 36\d d/,
  );
  const rows = bars(root);
  t.is(rows.get('client-admin'), 'good');
  t.is(rows.get('agent/client-kubelet'), 'over past');
  t.is(rows.get('dynamic-cert'), 'over past');
  t.is(rows.get('server-ca'), 'good past+good');
  t.is(rows.get('standby: generation 3'), 'kept');
  t.is(rows.get('active: generation 2'), 'good');
  const chains = withClass(root, 'chain').map((chain) => [
    textOf(withClass(chain, 'id')[0] ?? chain),
    withClass(withClass(chain, 'signed')[0] ?? chain, 'id').length,
  ]);
  t.deepEqual(chains, [
    ['server-ca', 5],
    ['client-ca', 9],
    ['request-header-ca', 1],
    ['etcd/server-ca', 2],
    ['etcd/peer-ca', 1],
  ]);
  const agenda = textOf(withClass(root, 'agenda')[0] ?? root).replaceAll(/\s+/g, ' ');
  t.regex(agenda, /at the next start of rke2-server.service ?nothing to do/);
  t.regex(
    agenda,
    /from \d{4}-\d\d-\d\d \(in 24\d d\) on ?a start of rke2-server.service renews the whole set, 120 days/,
  );
  t.regex(agenda, /begin to replace the authorities/);
  t.regex(text, />standby-prepared<.*>committed<.*>decided</s, 'the events, newest first');
  t.true(text.includes('From the audit file of this node.'));
});

test('report of an expired node leads with that, and says each reason once', async (t) => {
  const { root } = await pageOf(temporaryTree(t, { leaf: 'expired' }));
  t.regex(textOf(withClass(root, 'critical')[0] ?? root), /^\s*CRITICAL\s+client-admin expired 35 d ago/);
  const [reasons] = withClass(root, 'reasons');
  const all = below(reasons ?? root).filter(({ name }) => name === 'li');
  t.regex(
    textOf(all[0] ?? root).replaceAll(/\s+/g, ' '),
    /LeafExpired .*client-admin.crt .* and 12 more: client-supervisor/,
  );
  t.regex(textOf(withClass(root, 'agenda')[0] ?? root), /would rotate the whole set, fresh certificates/);
  t.is(bars(root).get('client-admin'), 'over past');
});

for (const options of [
  { role: 'agent' },
  { product: 'k3s', chain: 'four' },
  { chain: 'no-root' },
  { chain: 'path-length' },
] as const) {
  test(`report is a page for ${JSON.stringify(options)}`, async (t) => {
    const { root } = await pageOf(temporaryTree(t, options));
    t.true(bars(root).size > 5);
    t.true(withClass(root, 'chain').length >= 2);
  });
}

/** No slash can be in the name of a file; a certificate's name and a message can hold one. */
const fileName = '<script>alert(1)<img src=x onerror=alert(1)>\u202egnp\u001b[31m"\'&lt;.crt';
const commonName = '</title></style><script>alert(1)</script>"\'&amp;\u202e\u0007';

function withHostileNames(tree: Tree): void {
  const path = tree.host(`${tree.dataDir}/server/tls/${fileName}`);
  const subject = `/CN=${commonName.replaceAll('/', '\\/')}`;
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-utf8'];
  execFileSync('openssl', [...made, '-keyout', '/dev/null', '-out', path, '-days', '9', '-subj', subject], {
    stdio: 'ignore',
  });
  const settings = tree.host(`/etc/rancher/${tree.product}/config.yaml.d/99-hostile.yaml`);
  writeFileSync(settings, 'node-name: "<b onclick=x>\\u202e\\u001b[2J"\n');
  mkdirSync(tree.host('/var/lib/certmend'), { recursive: true, mode: 0o700 });
  const record = { at: '2027-03-01T12:00:00Z', event: '<i>e', priority: '" onload="x', message: commonName };
  appendFileSync(tree.host('/var/lib/certmend/audit.jsonl'), `half"}\n${JSON.stringify(record)}\nnull\n{"at":`);
}

test('report shows hostile names of files, subjects, nodes and records as text, and nothing of them is markup', async (t) => {
  const tree = temporaryTree(t);
  withHostileNames(tree);
  const { text, root } = await pageOf(tree);
  t.notRegex(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\u2028\u2029]/u);
  const all = textOf(root);
  t.true(all.includes('/server/tls/<script>alert(1)<img src=x onerror=alert(1)>\ufffdgnp\ufffd[31m"\'&lt;.crt'));
  t.true(all.includes('</title></style><script>alert(1)</script>"\'&amp;\ufffd\ufffd'), 'the name of the subject');
  t.true(all.includes('<i>e'));
  t.true(all.includes('<b onclick=x>'));
});

test('report refers to nothing outside of itself, and forbids it to the browser', async (t) => {
  const { text, root } = await pageOf(temporaryTree(t));
  for (const { attributes } of below(root)) t.notRegex(Object.values(attributes).join(' '), /\/\/|url\(|javascript:/i);
  const styles = below(root).filter(({ name }) => name === 'style');
  t.is(styles.length, 1);
  t.notRegex(textOf(styles[0] ?? root), /url\(|@import|@font-face|image-set|\/\//i);
  for (const query of ['prefers-color-scheme: dark', '@media print', 'max-width']) t.true(text.includes(query), query);
  const policy = below(root).find(({ attributes }) => attributes['http-equiv'] === 'Content-Security-Policy');
  t.is(policy?.attributes['content'], "default-src 'none'; style-src 'unsafe-inline'");
});

test('report holds no private key and no token', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  await runBuilt(['--root', tree.root, 'prestart', '--unit', tree.unit]);
  const traces = new Set(tracesBelow(tree.root));
  for (const name of ['token', 'cred/passwd', 'cred/ipsec.psk'])
    traces.add(readFileSync(tree.host(`${tree.dataDir}/server/${name}`), 'latin1').trim());
  t.true(traces.size > 20);
  t.deepEqual(tracesFound((await pageOf(tree)).text, traces), []);
});

const written = strictObject({
  apiVersion: literal('certmend/v1'),
  kind: literal('PageWritten'),
  at: string(),
  root: string(),
  file: string(),
  bytes: number().int(),
  line: string(),
});

test('report writes a page 0600, replaces an earlier one, and clears what a kill left of one', async (t) => {
  const tree = temporaryTree(t);
  const directory = outside(t);
  const file = join(directory, 'node.html');
  writeFileSync(join(directory, '.node.html.certmend'), 'half');
  const words = ['--root', tree.root, 'report', '--html', file];
  const { status, stdout } = await runBuilt([...words, '-o', 'json']);
  t.is(status, 0);
  const document = written.parse(JSON.parse(stdout));
  t.is(document.file, file);
  t.is(document.bytes, lstatSync(file).size);
  t.is(lstatSync(file).mode & 0o777, 0o600);
  t.deepEqual(readdirSync(directory), ['node.html']);
  parsePage(readFileSync(file, 'utf8'));
  appendFileSync(file, 'edited since');
  chmodSync(file, 0o644);
  const again = await runBuilt(words);
  t.is(again.status, 0, again.stderr);
  t.regex(again.stdout, /node\.html was written: \d+ KiB, without keys and tokens\n {2}healthy · /);
  t.false(readFileSync(file, 'utf8').includes('edited since'));
  t.is(lstatSync(file).mode & 0o777, 0o600);
});

test('report overwrites nothing that is not a page of certmend', async (t) => {
  const tree = temporaryTree(t);
  const directory = outside(t);
  const page = join(directory, 'page.html');
  t.is((await runBuilt(['--root', tree.root, 'report', '--html', page])).status, 0);
  writeFileSync(join(directory, 'other.html'), '<!DOCTYPE html>\n<p>other</p>\n');
  writeFileSync(join(directory, 'empty'), '');
  symlinkSync(page, join(directory, 'link.html'));
  mkdirSync(join(directory, 'directory'));
  execFileSync('mkfifo', [join(directory, 'fifo')]);
  const before = fingerprintTree(directory);
  for (const name of ['other.html', 'empty', 'link.html', 'directory', 'fifo']) {
    const { status, stderr } = await runBuilt(['--root', tree.root, 'report', '--html', join(directory, name)]);
    t.is(status, 64, name);
    t.regex(stderr, /exists and is not a page that certmend made; it was not changed\n {2}what to do: choose a name/);
  }
  const missing = await runBuilt(['--root', tree.root, 'report', '--html', join(directory, 'no/where.html')]);
  t.is(missing.status, 64);
  t.regex(missing.stderr, /no is not a directory; nothing was written\n {2}what to do: mkdir -p /);
  t.deepEqual(changedPaths(before, fingerprintTree(directory)), []);
});

test('report puts no page among the files of the node, whatever links lead there', async (t) => {
  const tree = temporaryTree(t);
  const directory = outside(t);
  symlinkSync(tree.host(`${tree.dataDir}/server`), join(directory, 'server'));
  mkdirSync(tree.host('/var/lib/certmend'), { recursive: true, mode: 0o700 });
  rmSync(tree.host('/etc/rancher/rke2/rke2.yaml'));
  const before = fingerprintTree(tree.root);
  for (const file of [
    tree.host(`${tree.dataDir}/server/tls/missing-ca.crt`),
    join(directory, 'server/tls/missing-ca.crt'),
    tree.host('/etc/rancher/rke2/rke2.yaml'),
    tree.host('/var/lib/certmend/node.html'),
    tree.host('/var/lib/certmend/generations/7/not/there.html'),
  ]) {
    const { status, stderr } = await runBuilt(['--root', tree.root, 'report', '--html', file]);
    t.is(status, 77, stderr);
    t.regex(stderr, /refused to write .*: it lies in .*; nothing was written\n {2}what to do: choose a place outside/);
  }
  t.deepEqual(changedPaths(before, fingerprintTree(tree.root)), []);
});

test('report puts no page into a data directory that is a link inside of the root', async (t) => {
  const tree = temporaryTree(t);
  renameSync(tree.host(tree.dataDir), tree.host('/moved'));
  symlinkSync('/moved', tree.host(tree.dataDir));
  const { status, stderr } = await runBuilt(['--root', tree.root, 'report', '--html', tree.host('/moved/node.html')]);
  t.is(status, 77, stderr);
});

test('report takes - for standard output, where there is no room for a document too', async (t) => {
  const tree = temporaryTree(t);
  const { status, stderr } = await runBuilt(['--root', tree.root, '-o', 'json', 'report', '--html', '-']);
  t.is(status, 64);
  t.regex(stderr, /--html - and -o json would both go to standard output/);
});

test('report makes a page also when what certmend remembers cannot be read', async (t) => {
  const tree = temporaryTree(t);
  await runBuilt(['--root', tree.root, 'standby', 'prepare']);
  const words = ['--root', tree.root, 'report', '--html', '-'];
  const { ended } = startBuilt(words, [], unreadable('/certmend/dynamic-cert.json', 'EIO'), program);
  const { status, stdout, stderr } = await ended;
  t.is(status, 0, stderr);
  const text = textOf(parsePage(stdout)).replaceAll(/\s+/g, ' ');
  t.regex(text, /What certmend remembers cannot be read: .*dynamic-cert\.json/);
  t.regex(text, /at the next start of rke2-server\.service ?nothing, while the state file of certmend cannot be read/);
});
