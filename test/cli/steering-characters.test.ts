import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { live } from '../daemon/life.ts';
import { temporaryTree } from '../road/temporary-tree.ts';
import type { Tree } from '../fixtures/tree.ts';
import { runBuilt } from './built.ts';

/** CSI of eight bits and of seven, a colour, text turned around, a language tag beyond U+FFFF, a delete, a line separator. */
const name = 'a\u009b2J\u001b[31m\u202egro\u{e0001}\u007f\u2028.crt';
const steering = /[\p{Cc}\p{Cf}\u2028\u2029]/u;

function withHostileName(tree: Tree): void {
  copyFileSync(tree.host(tree.leaf('client-admin').certificatePath), tree.host(`${tree.dataDir}/server/tls/${name}`));
}

/** The same in a setting: an escape of YAML is a character of the value. */
function withHostileSetting(tree: Tree): void {
  const file = join(tree.root, `etc/rancher/${tree.product}/config.yaml.d/99-hostile.yaml`);
  const escaped = Array.from(name, (one) => `\\U${(one.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`).join('');
  writeFileSync(file, `node-name: "${escaped}"\n`);
}

function lines(text: string): string[] {
  return text.split('\n');
}

for (const command of [
  ['check'],
  ['plan'],
  ['status'],
  ['standby', 'prepare'],
  ['generations'],
  ['ca', 'status'],
  ['doctor'],
  ['why', 'client-admin'],
  ['rehearse'],
  ['rehearse', '--running', '--at', '+340d'],
  ['--verbose', 'prestart', '--unit', 'rke2-server'],
]) {
  test(`certmend ${command.join(' ')} prints nothing that steers a terminal, in any form`, async (t) => {
    const tree = temporaryTree(t);
    withHostileName(tree);
    withHostileSetting(tree);
    const [json, yaml, table] = await Promise.all(
      ['json', 'yaml', 'table'].map((form) => runBuilt(['--root', tree.root, '-o', form, ...command])),
    );
    for (const ended of [json, yaml, table]) {
      t.deepEqual(
        lines(ended?.stdout ?? '').filter((line) => steering.test(line)),
        [],
      );
      t.deepEqual(
        lines(ended?.stderr ?? '').filter((line) => steering.test(line)),
        [],
      );
    }
    if (command[0] !== 'check') return;
    for (const document of [JSON.parse(json?.stdout ?? ''), parse(yaml?.stdout ?? '')] as {
      certificates: { path: string }[];
    }[]) {
      t.true(
        document.certificates.some(({ path }) => path.endsWith(name)),
        'it reads back as it is on the disk',
      );
    }
  });
}

test('certmend daemon publishes nothing that steers a terminal', async (t) => {
  const tree = temporaryTree(t);
  withHostileName(tree);
  const life = await live(tree.root, []);
  const [snapshot] = life.snapshots;
  t.true(snapshot?.metrics.includes('/server/tls/a'), 'the file is among them');
  for (const text of [snapshot?.metrics ?? '', snapshot?.health ?? '', ...life.announced, ...life.told]) {
    t.deepEqual(
      lines(text).filter((line) => steering.test(line)),
      [],
    );
  }
});
