import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { live, type Step } from '../test/daemon/life.ts';
import { makeTree } from '../test/fixtures/tree.ts';

/*
 * node --expose-gc --max-semi-space-size=1 bench/accelerated-checks.ts [CHECKS]: the daemon on a healthy node, one check
 * right after the other, an hour of its own time between them. Prints what a check costs and whether memory grows.
 */
const checks = Number(process.argv[2] ?? '10000');
const scratch = mkdtempSync(join(tmpdir(), 'certmend-accelerated-'));
try {
  const tree = makeTree({ directory: scratch });
  const megabytes = (): string => (process.memoryUsage.rss() / 2 ** 20).toFixed(1);
  const report = (done: number, since: NodeJS.CpuUsage, of: number): void => {
    const { user, system } = process.cpuUsage(since);
    console.log(
      `${done} checks: ${megabytes()} MiB resident, ${((user + system) / 1000 / of).toFixed(1)} ms CPU a check`,
    );
  };
  let since = process.cpuUsage();
  const every = Math.max(1, Math.floor(checks / 10));
  const steps = Array.from({ length: checks }, (_, done): Step => (life) => {
    // What the harness itself keeps is not the daemon's.
    (life.snapshots as unknown[]).length = 0;
    (life.told as unknown[]).length = 0;
    if (done > 0 && done % every === 0) {
      report(done, since, every);
      since = process.cpuUsage();
    }
    return undefined;
  });
  await live(tree.root, steps, { start: tree.now });
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
