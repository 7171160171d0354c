import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { loadConfig } from '../../src/config/load-config.ts';
import { changedPaths, fingerprintTree } from '../fixtures/fingerprint-tree.ts';
import { createFileReader } from '../../src/system/files/node-file-reader.ts';
import { runBuilt } from '../cli/built.ts';
import { temporaryTree } from '../road/temporary-tree.ts';

const block = 'boot:\n  enabled: false # not here\n  deadline: 65s\n';
const json = '{"boot": {"enabled": false, "deadline": "65s"}}';
const big = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le').swap16();

/** As editors, other systems and programs that write JSON leave a file. */
const forms: Readonly<Record<string, Buffer>> = {
  'UTF-8': Buffer.from(block),
  'a byte order mark': Buffer.from(`\ufeff${block}`),
  CRLF: Buffer.from(block.replaceAll('\n', '\r\n')),
  'a byte order mark and CRLF': Buffer.from(`\ufeff${block.replaceAll('\n', '\r\n')}`),
  'CR alone': Buffer.from(block.replaceAll('\n', '\r')),
  'UTF-16, little end first': Buffer.from(`\ufeff${block.replaceAll('\n', '\r\n')}`, 'utf16le'),
  'UTF-16, big end first': big(block),
  JSON: Buffer.from(json),
  'JSON in UTF-16': big(json),
  'JSON indented by tabs': Buffer.from('{\n\t"boot": {\n\t\t"enabled": false,\n\t\t"deadline": "65s"\n\t}\n}\n'),
  'no line end at the end': Buffer.from(block.trimEnd()),
  'a start and an end of the document': Buffer.from(`---\n${block}...\n`),
  'an accent in a comment': Buffer.from(`# à l'arrêt\n${block}`),
};

/** A file named by its path below a new directory. */
function rootWith(t: { teardown: (undo: () => void) => void }, path: string, bytes: Buffer): string {
  const root = mkdtempSync(join(tmpdir(), 'certmend-config-'));
  t.teardown(() => {
    rmSync(root, { recursive: true, force: true });
  });
  mkdirSync(join(root, 'etc/certmend/config.yaml.d'), { recursive: true });
  writeFileSync(join(root, path), bytes);
  return root;
}

for (const path of ['etc/certmend/config.yaml', 'etc/certmend/config.yaml.d/50-site.yaml']) {
  for (const [form, bytes] of Object.entries(forms)) {
    test(`loadConfig reads ${path} however it was saved: ${form}`, async (t) => {
      const config = await loadConfig(createFileReader(rootWith(t, path, bytes)), undefined);
      t.deepEqual(config.boot, { ...config.boot, enabled: false, deadlineMs: 65_000 });
    });
  }
}

test('the boot hook goes by a configuration in UTF-16 with a mark and CRLF', async (t) => {
  const tree = temporaryTree(t, { leaf: 'expired' });
  mkdirSync(tree.host('/etc/certmend'), { recursive: true });
  writeFileSync(tree.host('/etc/certmend/config.yaml'), forms['UTF-16, little end first'] ?? '');
  const before = fingerprintTree(tree.host('/var/lib/rancher'));
  const { status, stdout, stderr } = await runBuilt(['--root', tree.root, 'prestart', '--unit', tree.unit, '--strict']);
  t.is(status, 77, stderr);
  t.regex(stdout, /boot\.enabled/);
  t.deepEqual(changedPaths(before, fingerprintTree(tree.host('/var/lib/rancher'))), []);
});
