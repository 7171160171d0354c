import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { createStorage } from '../../src/system/files/storage.ts';

test('storage knows the free space that df shows, also for a path that is not there yet', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'certmend-storage-'));
  t.teardown(() => {
    rmSync(root, { recursive: true, force: true });
  });
  mkdirSync(join(root, 'a'));
  const output = execFileSync('df', ['-B1', '--output=avail', root], { encoding: 'utf8' });
  const available = Number(output.split('\n')[1]);
  const storage = createStorage(root);
  for (const path of ['/a', '/a/b/c', '/']) {
    const free = storage.free(path);
    // Others write to the same disk; and root may use the reserve, which is df's 5 percent at most.
    t.true(free.bytes >= available * 0.8, path);
    t.true(free.inodes > 0);
  }
});
