import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parse } from 'yaml';
import { sampleConfig } from '../../packaging/sample-config.ts';
import type { Config } from '../../src/config/config.ts';
import { settings } from '../../src/config/settings.ts';
import { defaultConfig } from '../../src/config/default-config.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { createFileReader } from '../../src/system/files/node-file-reader.ts';

async function load(t: ExecutionContext, text: string): Promise<Config> {
  const root = mkdtempSync(join(tmpdir(), 'certmend-sample-'));
  t.teardown(() => {
    rmSync(root, { recursive: true, force: true });
  });
  const path = join(root, 'etc/certmend/config.yaml');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return await loadConfig(createFileReader(root));
}

/** The file after the one `#` before each key has gone, as its first lines tell people to do. */
function uncommented(): string {
  return sampleConfig().replaceAll(/^#(?!#)/gm, '');
}

test('the sample configuration says nothing: the defaults hold', async (t) => {
  // The very object: no parser was loaded for it, at any boot.
  t.is(await load(t, sampleConfig()), defaultConfig);
});

test('the sample configuration has every key, each with a value that is accepted', async (t) => {
  const values = parse(uncommented()) as Readonly<Record<string, unknown>>;
  const keys = Object.entries(values).flatMap(([first, inner]) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.keys(inner).map((name) => `${first}.${name}`)
      : [first],
  );
  t.deepEqual(keys, Object.keys(settings));
  await t.notThrowsAsync(load(t, uncommented()));
});

test('the sample configuration shows the defaults where there are any', async (t) => {
  const { layout, unit, dataDir, renewal, metrics, notify, backup, ...others } = await load(t, uncommented());
  t.like(defaultConfig, others);
  t.is(renewal.validityDays, 365);
  t.is(notify.timeoutMs, defaultConfig.notify.timeoutMs);
  // The rest are examples, for there is no default.
  t.is(layout, 'rke2-server');
  t.is(unit, 'rke2-server.service');
  t.is(dataDir, '/var/lib/rancher/rke2');
  t.is(renewal.renewBeforeDays, 120);
  t.truthy(metrics.textfile);
  t.truthy(metrics.listen);
  t.truthy(notify.exec);
  t.truthy(backup.to);
  t.is(backup.keep, defaultConfig.backup.keep);
});

test('the sample configuration is read on any terminal', (t) => {
  for (const line of sampleConfig().split('\n')) t.true(line.length <= 120, line);
});
