import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../src/system/clock.ts';
import { createWaker } from '../../src/system/waker.ts';

test('createWaker tells apart a saved state, whoever saved it, and a changed file of the node', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'certmend-waker-'));
  const own = join(root, 'var/lib/certmend');
  const tls = join(root, 'tls');
  for (const directory of [own, tls]) mkdirSync(directory, { recursive: true });
  const waker = createWaker(root, systemClock());
  t.teardown(() => {
    waker.close();
    rmSync(root, { recursive: true });
  });
  waker.watch(['/tls']);
  const save = (directory: string, name: string): void => {
    writeFileSync(join(directory, '.making'), 'x');
    renameSync(join(directory, '.making'), join(directory, name));
  };
  save(own, 'audit.jsonl');
  save(own, 'dynamic-cert.json');
  t.is(await waker.wait(600_000), 'saved');
  // The product has a file of the same name: that one is the node's.
  save(tls, 'dynamic-cert.json');
  t.is(await waker.wait(600_000), 'changed');
});
